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
    end_ = end;
    if (link.cfg.fabric) {
        tx_ps_ = link.cfg.tx_ps;
        rx_ps_ = link.cfg.rx_ps;
    }
    ingress_ps_ = link.late_ps(end);
    /*
     * The far end starts a transmission at s, when the agenda executes s, and announces it then. So what is
     * not announced once everything before F is executed starts at F or later and needs at least this long.
     */
    egress_ps_ = vtime_add(vtime_add(link.cfg.delay_ps, serialisation_ps(link.cfg, far_min_bytes)), rx_ps_);
    tx_.bind(link.end(end).from_node);
    link.end(!end).to_far.bind(rx_);
}

void Port::inject(vtime_t time_ps, FrameRef frame)
{
    if (link_->end(end_).judge(*frame) == IC_DROP_NONE)
        link_->foresee(time_ps);
    agenda_.add(vtime_add(time_ps, ingress_ps_), Rank::Inject, index_, this, std::move(frame), time_ps);
    injected_++;
}

void Port::train(vtime_t time_ps)
{
    if (link_->up_ps() < VTIME_NEVER)
        return;
    link_->foresee(time_ps);
    agenda_.add(vtime_add(time_ps, ingress_ps_), Rank::Inject, index_, this, FrameRef(), time_ps);
}

void Port::act(Due &due)
{
    if (!due.frame) {
        link_->want(end_, due.own_ps);
        return;
    }
    const vtime_t at = vtime_add(due.own_ps, tx_ps_);
    Transfer transfer = {std::move(due.frame), at, at, at, 0};
    send(tx_, transfer);
}

void Port::take(Transfer &transfer)
{
    delivered_++;
    const FrameRef &frame = transfer.frame;
    outside_.ops.deliver(outside_.ctx, index_, vtime_add(transfer.last_ps, rx_ps_), frame->id, frame->bytes(),
                         frame->len);
}

} // namespace icm
