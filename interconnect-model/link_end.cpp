/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link_end.cpp - what all sending ends do alike: serialisation, announcement at the far end, statistics.
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
    link_.report({time_ps, kind, drop, link_.index, end_, frame->id, bytes, frame->len, frame->bytes(), {}});
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

void LinkEnd::count_waiting(const FrameRef &frame)
{
    waiting_++;
    waiting_bytes_ += frame->len;
    stats_.queued_frames++;
    stats_.queued_bytes += frame->len;
    if (occupied() > stats_.queue_peak_bytes)
        stats_.queue_peak_bytes = static_cast<uint32_t>(occupied());
    report(local(), IC_EV_QUEUED, IC_DROP_NONE, frame);
}

bool LinkEnd::take_room(uint32_t, uint32_t)
{
    return true;
}

void LinkEnd::departed(uint32_t, uint32_t, vtime_t, bool)
{
}

void LinkEnd::transmit(FrameRef frame, uint32_t vc)
{
    const ic_link_cfg &cfg = link_.cfg;
    const vtime_t start = local();
    const uint32_t len = frame->len, header = header_bytes_of(cfg);
    const vtime_t duration = serialisation_ps(cfg, len);

    waiting_--;
    waiting_bytes_ -= len;
    sending_bytes_ = len;
    busy_until_ps_ = vtime_add(start, duration);
    stats_.sent_frames++;
    stats_.sent_bytes += len;
    report(start, IC_EV_SENT, IC_DROP_NONE, frame);
    if (faults_) {
        suffer_and_fly(frame, vc);
    } else {
        Transfer transfer = {std::move(frame), 0, 0, vtime_add(start, cfg.delay_ps), vc};
        transfer.header_ps = vtime_add(transfer.first_ps, serialisation_ps(cfg, len < header ? len : header));
        transfer.last_ps = vtime_add(transfer.first_ps, duration);
        fly(transfer);
    }
    stats_.busy_ps = vtime_add(stats_.busy_ps, busy_until_ps_ - start);
}

/* It arrives. */
void LinkEnd::fly(Transfer &transfer)
{
    const ic_link_cfg &cfg = link_.cfg;
    const uint32_t len = transfer.frame->len;
    LinkEnd &receiver = link_.end(!end_);
    if (cfg.end[!end_].kind == IC_END_PORT)
        receiver.count_arrival(transfer.frame, transfer.last_ps);
    else /* not before the present: the lag may exceed the time that a short frame takes */
        link_.agenda.add(vtime_max(transfer.last_ps, link_.agenda.now()), Rank::Arrive, receiver.index(),
                         &receiver, transfer.frame, transfer.last_ps);
    send(to_far, transfer);
    departed(transfer.vc, len, transfer.last_ps, false);
}

void LinkEnd::act(Due &due)
{
    count_arrival(due.frame, due.own_ps);
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
