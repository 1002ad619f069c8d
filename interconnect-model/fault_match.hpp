/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault_match.hpp - which packets a fault is about: struct ic_match, with copies of all it points to. */
#ifndef COB_INTERCONNECT_FAULT_MATCH_HPP
#define COB_INTERCONNECT_FAULT_MATCH_HPP

#include "interconnect-model/wire.hpp"
#include <vector>

namespace icm
{

class Match
{
  public:
    Match(const ic_match &cfg, unsigned n_ports);

    bool needs_receiver() const
    {
        return !to_.empty();
    }
    /* fabric: the packet starts with a struct fab_wire. to: the port it is for, -1: not known. */
    bool holds(const Frame &frame, bool fabric, int to) const;

  private:
    bool has_kind(const Frame &frame, bool fabric) const;

    const bool any_kind_;
    const uint8_t type_;
    const uint32_t offset_;
    const int queue_;
    std::vector<uint8_t> bytes_, mask_; /* bytes_ are masked */
    std::vector<bool> from_, to_;       /* empty: any */
};

} // namespace icm
#endif
