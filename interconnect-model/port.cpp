/* SPDX-License-Identifier: GPL-2.0-or-later */
/* port.cpp - see port.hpp. */
#include "interconnect-model/port.hpp"

namespace icm
{

Port::Port(sc_core::sc_module_name name, Agenda &agenda, const Outside &outside, unsigned index)
    : sc_module(name), agenda_(agenda), outside_(outside), index_(index), tx_("tx"), rx_("rx")
{
    tx_.bind(sender_);
    rx_.bind(*this);
}

void Port::attach(Link &link, unsigned end, uint32_t far_min_bytes)
{
    link_ = &link;
    lag_ps_ = link.end(end).lag_ps();
    /*
     * The far end starts a transmission at s, when the agenda executes s, and announces it then. So what is
     * not announced once everything before F is executed starts at F or later and needs at least this long.
     */
    egress_ps_ = vtime_add(link.cfg.delay_ps, serialisation_ps(link.cfg, far_min_bytes));
    tx_.bind(link.end(end).from_node);
    link.end(!end).to_far.bind(rx_);
}

void Port::inject(vtime_t time_ps, FrameRef frame)
{
    link_->foresee(frame->len, time_ps);
    agenda_.add(vtime_add(time_ps, lag_ps_), Rank::Inject, index_, this, std::move(frame), time_ps);
    injected_++;
}

void Port::act(Due &due)
{
    Transfer transfer = {std::move(due.frame), due.own_ps, due.own_ps};
    send(tx_, transfer);
}

void Port::take(Transfer &transfer)
{
    delivered_++;
    const FrameRef &frame = transfer.frame;
    outside_.ops.deliver(outside_.ctx, index_, transfer.last_ps, frame->id, frame->bytes(), frame->len);
}

} // namespace icm
