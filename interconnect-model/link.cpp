/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.cpp - training and the arithmetic of a link; its sending ends are in link_end.cpp. See link.hpp. */
#include "interconnect-model/credit_end.hpp"
#include "interconnect-model/drop_tail_end.hpp"

namespace icm
{

vtime_t serialisation_ps(const ic_link_cfg &cfg, uint32_t len)
{
    return serialisation_ps(cfg, cfg.rate_bps, len);
}

uint32_t header_bytes_of(const ic_link_cfg &cfg)
{
    return cfg.fabric ? packet_header_bytes : header_bytes;
}

vtime_t serialisation_ps(const ic_link_cfg &cfg, uint64_t rate_bps, uint32_t len)
{
    const unsigned __int128 ps_per_byte_at_1bps = 8 * static_cast<unsigned __int128>(VTIME_S);
    unsigned __int128 wire_bytes = static_cast<uint64_t>(len) + cfg.overhead_bytes;
    unsigned __int128 ps = (wire_bytes * ps_per_byte_at_1bps + rate_bps - 1) / rate_bps;
    return ps >= static_cast<unsigned __int128>(VTIME_NEVER) ? VTIME_NEVER : static_cast<vtime_t>(ps);
}

vtime_t decision_ps(const ic_switch_cfg &sw, const Transfer &transfer)
{
    if (sw.mode == IC_STORE_AND_FORWARD)
        return vtime_add(transfer.last_ps, sw.latency_ps);
    if (sw.fabric)
        return vtime_max(vtime_add(transfer.first_ps, sw.latency_ps), transfer.header_ps);
    return vtime_add(transfer.header_ps, sw.latency_ps);
}

vtime_t port_lag_ps(const ic_link_cfg &cfg, const ic_switch_cfg &far)
{
    /* The earliest look-up of the shortest frame, which is a header alone. */
    vtime_t in = vtime_add(cfg.delay_ps, serialisation_ps(cfg, header_bytes_of(cfg)));
    vtime_t lag = decision_ps(far, Transfer{FrameRef(), in, in, cfg.delay_ps, 0});
    return cfg.training_ps > 0 ? vtime_min(lag, cfg.training_ps - (cfg.fabric ? cfg.tx_ps : 0)) : lag;
}

namespace
{
std::unique_ptr<LinkEnd> make_end(Link &link, unsigned which, vtime_t lag_ps, unsigned layers)
{
    const char *name = which ? "end1" : "end0";
    if (!link.cfg.fabric)
        return std::make_unique<DropTailEnd>(name, link, which, lag_ps);
    if (link.cfg.end[which].kind == IC_END_PORT)
        return std::make_unique<AdapterEnd>(name, link, which, lag_ps, layers);
    return std::make_unique<CreditEnd>(name, link, which, lag_ps, layers);
}
} // namespace

Link::Link(sc_core::sc_module_name name, Agenda &agenda_, const Outside &outside_, unsigned index_,
           const ic_link_cfg &cfg_, const vtime_t lag_ps[2], unsigned layers)
    : sc_module(name), agenda(agenda_), outside(outside_), index(index_),
      name_text(cfg_.name ? cfg_.name : "unnamed"), cfg(cfg_), up_ps_(cfg_.training_ps == 0 ? 0 : VTIME_NEVER)
{
    for (unsigned which = 0; which < 2; which++)
        ends_[which] = make_end(*this, which, lag_ps[which], layers);
}

vtime_t Link::late_ps(unsigned which) const
{
    vtime_t pipeline = cfg.fabric && cfg.end[which].kind == IC_END_PORT ? cfg.tx_ps : 0;
    return vtime_add(pipeline, end(which).lag_ps());
}

void Link::foresee(vtime_t time_ps)
{
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
    vtime_t late = vtime_max(late_ps(0), late_ps(1));
    if (late_ps(which) == late) {
        settle(which, time_ps);
    } else if (!train_due_) {
        train_due_ = true;
        agenda.add(vtime_add(time_ps, late), Rank::Train, 2 * index + which, this, FrameRef(), time_ps);
    }
}

void Link::settle(unsigned which, vtime_t start_ps)
{
    up_ps_ = vtime_add(start_ps, cfg.training_ps);
    agenda.add(up_ps_, Rank::Up, 2 * index, this, FrameRef(), up_ps_);
    report({start_ps, IC_EV_TRAINING, IC_DROP_NONE, index, which, 0, 0, 0, nullptr, {}});
}

void Link::act(Due &due)
{
    if (due.rank == Rank::Up) {
        report({due.own_ps, IC_EV_UP, IC_DROP_NONE, index, 0, 0, 0, 0, nullptr, {}});
        end(0).pump();
        end(1).pump();
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
