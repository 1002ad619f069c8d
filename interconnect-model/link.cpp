/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.cpp - training and the arithmetic of a link; its sending ends are in link_end.cpp. See link.hpp. */
#include "interconnect-model/link.hpp"

namespace icm
{

vtime_t serialisation_ps(const ic_link_cfg &cfg, uint32_t len)
{
    const unsigned __int128 ps_per_byte_at_1bps = 8 * static_cast<unsigned __int128>(VTIME_S);
    unsigned __int128 wire_bytes = static_cast<uint64_t>(len) + cfg.overhead_bytes;
    unsigned __int128 ps = (wire_bytes * ps_per_byte_at_1bps + cfg.rate_bps - 1) / cfg.rate_bps;
    return ps >= static_cast<unsigned __int128>(VTIME_NEVER) ? VTIME_NEVER : static_cast<vtime_t>(ps);
}

vtime_t port_lag_ps(const ic_link_cfg &cfg, const ic_switch_cfg &far)
{
    /* The earliest look-up of the shortest frame; in both modes 14 bytes must be in and the latency over. */
    vtime_t lag = vtime_add(vtime_add(serialisation_ps(cfg, header_bytes), cfg.delay_ps), far.latency_ps);
    return cfg.training_ps > 0 ? vtime_min(lag, cfg.training_ps) : lag;
}

Link::Link(sc_core::sc_module_name name, Agenda &agenda_, const Outside &outside_, unsigned index_,
           const ic_link_cfg &cfg_, const vtime_t lag_ps[2])
    : sc_module(name), agenda(agenda_), outside(outside_), index(index_),
      name_text(cfg_.name ? cfg_.name : "unnamed"), cfg(cfg_), end0("end0", *this, 0, lag_ps[0]),
      end1("end1", *this, 1, lag_ps[1]), up_ps_(cfg_.training_ps == 0 ? 0 : VTIME_NEVER)
{
}

void Link::foresee(uint32_t len, vtime_t time_ps)
{
    if (len <= cfg.mtu_bytes && len <= cfg.queue_bytes)
        wanted_ps_ = vtime_min(wanted_ps_, time_ps);
}

vtime_t Link::foreseen_up_ps() const
{
    return up_ps_ < VTIME_NEVER ? up_ps_ : vtime_add(wanted_ps_, cfg.training_ps);
}

void Link::want(unsigned which, vtime_t time_ps)
{
    if (up_ps_ < VTIME_NEVER)
        return;
    wanted_ps_ = vtime_min(wanted_ps_, time_ps);
    vtime_t lag = vtime_max(end0.lag_ps(), end1.lag_ps());
    if (end(which).lag_ps() == lag) {
        settle(which, time_ps);
    } else if (!train_due_) {
        train_due_ = true;
        agenda.add(vtime_add(time_ps, lag), Rank::Train, 2 * index + which, this, FrameRef(), time_ps);
    }
}

void Link::settle(unsigned which, vtime_t start_ps)
{
    up_ps_ = vtime_add(start_ps, cfg.training_ps);
    agenda.add(up_ps_, Rank::Up, 2 * index, this, FrameRef(), up_ps_);
    report({start_ps, IC_EV_TRAINING, IC_DROP_NONE, index, which, 0, 0, 0, nullptr});
}

void Link::act(Due &due)
{
    if (due.rank == Rank::Up) {
        report({due.own_ps, IC_EV_UP, IC_DROP_NONE, index, 0, 0, 0, 0, nullptr});
        end0.pump();
        end1.pump();
    } else if (up_ps_ >= VTIME_NEVER) {
        settle(due.index & 1, due.own_ps);
    }
}

void Link::report(ic_event event) const
{
    if (outside.ops.event)
        outside.ops.event(outside.ctx, &event);
}

} // namespace icm
