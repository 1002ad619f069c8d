/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drop_tail_end.cpp - see drop_tail_end.hpp. */
#include "interconnect-model/drop_tail_end.hpp"

namespace icm
{

ic_drop DropTailEnd::judge(const Frame &frame) const
{
    if (frame.len > link_.cfg.mtu_bytes)
        return IC_DROP_TOO_LONG;
    return frame.len > link_.cfg.queue_bytes ? IC_DROP_QUEUE_FULL : IC_DROP_NONE;
}

void DropTailEnd::take(Transfer &transfer)
{
    const uint32_t len = transfer.frame->len;
    ic_drop why = judge(*transfer.frame);
    if (why == IC_DROP_NONE && occupied() + len > link_.cfg.queue_bytes)
        why = IC_DROP_QUEUE_FULL;
    if (why != IC_DROP_NONE) {
        refuse(transfer.frame, local(), why);
        return;
    }
    /* Cut-through: the bits may still be coming in; ours must not leave before they came. */
    vtime_t no_underrun = transfer.last_ps - serialisation_ps(link_.cfg, len);
    queue_.push_back(Waiting{transfer.frame, vtime_max(local(), no_underrun)});
    count_waiting(transfer.frame);
    link_.want(end_, local());
    pump();
}

/* Starts the first waiting frame, or plans to. Does nothing while the link's up time is not known. */
void DropTailEnd::pump()
{
    if (queue_.empty() || pump_due_ || link_.up_ps() >= VTIME_NEVER)
        return;
    vtime_t start = vtime_max(vtime_max(busy_until_ps_, link_.up_ps()), queue_.front().not_before_ps);
    if (start <= local()) {
        transmit_first();
        if (queue_.empty())
            return;
        start = vtime_max(busy_until_ps_, queue_.front().not_before_ps);
    }
    pump_due_ = true;
    link_.agenda.add(vtime_add(start, lag_ps()), Rank::Pump, index(), this, FrameRef(), start);
}

void DropTailEnd::transmit_first()
{
    FrameRef frame = std::move(queue_.front().frame);
    queue_.pop_front();
    transmit(std::move(frame), 0);
}

void DropTailEnd::act(Due &due)
{
    if (due.rank == Rank::Pump) {
        pump_due_ = false;
        pump();
    } else {
        LinkEnd::act(due);
    }
}

} // namespace icm
