/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric.hpp - all modules of one fabric: builds them from a configuration and keeps the books over them.
 * The C entry points (api.cpp) are the only user. Its functions may throw; theirs do not.
 */
#ifndef COB_INTERCONNECT_FABRIC_HPP
#define COB_INTERCONNECT_FABRIC_HPP

#include "interconnect-model/port.hpp"
#include "interconnect-model/switch.hpp"

namespace icm
{

/* Whether a fabric can be built from this configuration. In validate.cpp. */
bool is_valid(const ic_config &cfg);

class Fabric
{
  public:
    explicit Fabric(const ic_config &cfg); /* cfg is valid */

    Totals totals() const; /* books.cpp */
    /* Empty if all frames are accounted for, else what is wrong. books.cpp */
    std::string imbalance() const;

    const Outside outside;
    Agenda agenda;
    std::vector<std::unique_ptr<Port>> ports;
    std::vector<std::unique_ptr<Switch>> switches;
    std::vector<std::unique_ptr<Link>> links;
    vtime_t now_ps = 0;
    bool failed = false; /* SystemC reported an error: nothing goes on */
    bool inside = false; /* in ic_advance: a callback must not call back */

  private:
    void add_links(const ic_config &cfg);
    void add_ports(const ic_config &cfg);
    void add_switches(const ic_config &cfg);
};

} // namespace icm

struct ic : icm::Fabric {
    using icm::Fabric::Fabric;
};

#endif
