/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link_end.cpp - one direction of a link: drop-tail queue, serialisation, announcement at the far end.
 *
 * A transmission is announced to the far end when it starts. If that is a port, this is the delivery; if it
 * is a switch, the switch plans its look-up and this file plans the arrival (for statistics and captures). An
 * idle end has no entry on the agenda: when the wire becomes free matters only if a frame waits for it.
 */
#include "interconnect-model/link.hpp"

namespace icm
{

LinkEnd::LinkEnd(sc_core::sc_module_name name, Link &link, unsigned end, vtime_t lag_ps)
    : sc_module(name), from_node("from_node"), to_far("to_far"), link_(link), end_(end), lag_ps_(lag_ps)
{
    from_node.bind(*this);
    to_far.bind(sender_);
}

vtime_t LinkEnd::local() const
{
    return link_.agenda.now() - lag_ps_;
}

uint32_t LinkEnd::index() const
{
    return 2 * link_.index + end_;
}

/* Bytes that count against the queue's limit; the frame being sent is among them. */
uint64_t LinkEnd::occupied() const
{
    return waiting_bytes_ + (busy_until_ps_ > local() ? sending_bytes_ : 0);
}

void LinkEnd::report(vtime_t time_ps, ic_event_kind kind, ic_drop drop, const FrameRef &frame)
{
    if (!link_.outside.ops.event)
        return;
    /* An arrival's time is not this end's local time, so its queue is not known then. */
    uint32_t bytes = kind == IC_EV_ARRIVED ? 0 : static_cast<uint32_t>(occupied());
    link_.report({time_ps, kind, drop, link_.index, end_, frame->id, bytes, frame->len, frame->bytes()});
}

void LinkEnd::refuse(const FrameRef &frame, vtime_t time_ps, ic_drop why)
{
    stats_.dropped[why]++;
    report(time_ps, IC_EV_DROPPED, why, frame);
}

void LinkEnd::count_arrival(const FrameRef &frame, vtime_t time_ps)
{
    stats_.arrived_frames++;
    stats_.arrived_bytes += frame->len;
    report(time_ps, IC_EV_ARRIVED, IC_DROP_NONE, frame);
}

void LinkEnd::take(Transfer &transfer)
{
    const uint32_t len = transfer.frame->len;
    if (len > link_.cfg.mtu_bytes) {
        refuse(transfer.frame, local(), IC_DROP_TOO_LONG);
        return;
    }
    if (occupied() + len > link_.cfg.queue_bytes) {
        refuse(transfer.frame, local(), IC_DROP_QUEUE_FULL);
        return;
    }
    /* Cut-through: the bits may still be coming in; ours must not leave before they came. */
    vtime_t no_underrun = transfer.last_ps - serialisation_ps(link_.cfg, len);
    queue_.push_back(Waiting{transfer.frame, vtime_max(local(), no_underrun)});
    waiting_bytes_ += len;
    stats_.queued_frames++;
    stats_.queued_bytes += len;
    if (occupied() > stats_.queue_peak_bytes)
        stats_.queue_peak_bytes = static_cast<uint32_t>(occupied());
    report(local(), IC_EV_QUEUED, IC_DROP_NONE, transfer.frame);
    link_.want(end_, local());
    pump();
}

/* Starts the first waiting frame, or plans to. Does nothing while the link's up time is not known. */
void LinkEnd::pump()
{
    if (queue_.empty() || pump_due_ || link_.up_ps() >= VTIME_NEVER)
        return;
    vtime_t start = vtime_max(vtime_max(busy_until_ps_, link_.up_ps()), queue_.front().not_before_ps);
    if (start <= local()) {
        transmit();
        if (queue_.empty())
            return;
        start = vtime_max(busy_until_ps_, queue_.front().not_before_ps);
    }
    pump_due_ = true;
    link_.agenda.add(vtime_add(start, lag_ps_), Rank::Pump, index(), this, FrameRef(), start);
}

void LinkEnd::transmit()
{
    const ic_link_cfg &cfg = link_.cfg;
    const vtime_t start = local();
    Transfer transfer = {std::move(queue_.front().frame), 0, 0};
    queue_.pop_front();
    const uint32_t len = transfer.frame->len;
    const vtime_t duration = serialisation_ps(cfg, len);
    const vtime_t first = vtime_add(start, cfg.delay_ps);

    waiting_bytes_ -= len;
    sending_bytes_ = len;
    busy_until_ps_ = vtime_add(start, duration);
    stats_.sent_frames++;
    stats_.sent_bytes += len;
    stats_.busy_ps = vtime_add(stats_.busy_ps, duration);
    report(start, IC_EV_SENT, IC_DROP_NONE, transfer.frame);

    transfer.header_ps = vtime_add(first, serialisation_ps(cfg, len < header_bytes ? len : header_bytes));
    transfer.last_ps = vtime_add(first, duration);
    LinkEnd &receiver = link_.end(!end_);
    if (cfg.end[!end_].kind == IC_END_PORT)
        receiver.count_arrival(transfer.frame, transfer.last_ps);
    else /* not before the present: the lag may exceed the time that a short frame takes */
        link_.agenda.add(vtime_max(transfer.last_ps, link_.agenda.now()), Rank::Arrive, receiver.index(),
                         &receiver, transfer.frame, transfer.last_ps);
    send(to_far, transfer);
}

void LinkEnd::act(Due &due)
{
    if (due.rank == Rank::Arrive) {
        count_arrival(due.frame, due.own_ps);
    } else {
        pump_due_ = false;
        pump();
    }
}

EndStats LinkEnd::stats(vtime_t fabric_now_ps) const
{
    EndStats now = stats_;
    vtime_t rest = busy_until_ps_ - vtime_max(fabric_now_ps - lag_ps_, 0);
    if (rest > 0)
        now.busy_ps -= rest;
    return now;
}

} // namespace icm
