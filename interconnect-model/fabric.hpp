/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric.hpp - all modules of one fabric: builds them from a configuration and keeps the books over them.
 * The C entry points (api.cpp) are the only user. Its functions may throw; theirs do not.
 */
#ifndef COB_INTERCONNECT_FABRIC_HPP
#define COB_INTERCONNECT_FABRIC_HPP

#include "interconnect-model/fabric_switch.hpp"
#include "interconnect-model/faults.hpp"
#include "interconnect-model/port.hpp"
#include "interconnect-model/switch.hpp"

namespace icm
{

/* Whether a fabric can be built from this configuration. In validate.cpp. */
bool is_valid(const ic_config &cfg);
/* Its faults, all else being valid. In validate_faults.cpp. */
bool are_valid_faults(const ic_config &cfg);

/* A C caller's enum may hold any number; reading one that C++ does not know would be undefined. */
template <typename Enum> unsigned number_in(const Enum &value)
{
    unsigned number;
    static_assert(sizeof number == sizeof value, "an enum of C is as wide as an int");
    std::memcpy(&number, &value, sizeof number);
    return number;
}

class Fabric
{
  public:
    Fabric(const ic_config &cfg, Routes routes); /* cfg is valid, routes are its */

    Totals totals() const; /* books.cpp */
    /* Empty if all frames are accounted for, else what is wrong. books.cpp */
    std::string imbalance() const;
    /* The fabric switch at this end of a link; nullptr if something else is there. */
    const FabricSwitch *fabric_switch(const ic_link_cfg &link, unsigned end) const;

    const Outside outside;
    const Routes routes;
    Agenda agenda;
    std::vector<std::unique_ptr<Port>> ports;
    std::vector<std::unique_ptr<Switch>> switches; /* Ethernet */
    std::vector<std::unique_ptr<FabricSwitch>> fabric_switches;
    std::vector<std::unique_ptr<Link>> links;
    std::unique_ptr<Faults> faults; /* nullptr: none are configured */
    vtime_t now_ps = 0;
    bool failed = false; /* SystemC reported an error: nothing goes on */
    bool inside = false; /* in ic_advance: a callback must not call back */

  private:
    std::vector<FabricSwitch *> fabric_switch_of_; /* by index of the switch, nullptr: Ethernet */
    void add_links(const ic_config &cfg);
    void add_ports(const ic_config &cfg);
    void add_switches(const ic_config &cfg);
};

} // namespace icm

struct ic : icm::Fabric {
    using icm::Fabric::Fabric;
};

#endif
