/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault_match.cpp - see fault_match.hpp. */
#include "interconnect-model/fault_match.hpp"

namespace icm
{

Match::Match(const ic_match &cfg, unsigned n_ports)
    : any_kind_(cfg.any_kind), type_(cfg.type), offset_(cfg.offset), queue_(cfg.queue)
{
    if (!any_kind_)
        for (uint32_t i = 0; i < cfg.n_bytes; i++) {
            mask_.push_back(cfg.mask ? cfg.mask[i] : 0xff);
            bytes_.push_back(cfg.bytes[i] & mask_.back());
        }
    if (cfg.from)
        from_.assign(cfg.from, cfg.from + n_ports);
    if (cfg.to)
        to_.assign(cfg.to, cfg.to + n_ports);
}

bool Match::has_kind(const Frame &frame, bool fabric) const
{
    if (any_kind_)
        return true;
    if (bytes_.empty())
        return fabric && frame.bytes()[offsetof(fab_wire, type)] == type_;
    if (frame.len < bytes_.size() || offset_ > frame.len - bytes_.size())
        return false;
    const uint8_t *here = frame.bytes() + offset_;
    for (size_t i = 0; i < bytes_.size(); i++)
        if ((here[i] & mask_[i]) != bytes_[i])
            return false;
    return true;
}

bool Match::holds(const Frame &frame, bool fabric, int to) const
{
    if (!from_.empty() && !from_[frame.port])
        return false;
    if (!to_.empty() && (to < 0 || !to_[static_cast<unsigned>(to)]))
        return false;
    if (queue_ >= 0 && (!fabric || frame.bytes()[offsetof(fab_wire, queue)] != queue_))
        return false;
    return has_kind(frame, fabric);
}

} // namespace icm
