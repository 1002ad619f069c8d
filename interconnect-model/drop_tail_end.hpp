/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drop_tail_end.hpp - a sending end of Ethernet: one queue that drops what does not fit. */
#ifndef COB_INTERCONNECT_DROP_TAIL_END_HPP
#define COB_INTERCONNECT_DROP_TAIL_END_HPP

#include "interconnect-model/link.hpp"
#include <deque>

namespace icm
{

class DropTailEnd : public LinkEnd
{
  public:
    using LinkEnd::LinkEnd;

    void take(Transfer &transfer) override; /* the node wants to send this */
    void act(Due &due) override;            /* Pump, Arrive */
    void pump() override;
    ic_drop judge(const Frame &frame) const override;
    uint64_t queue_limit() const override
    {
        return link_.cfg.queue_bytes;
    }
    uint64_t held() const override
    {
        return queue_.size();
    }

  private:
    struct Waiting {
        FrameRef frame;
        vtime_t not_before_ps;
    };
    void transmit_first();

    std::deque<Waiting> queue_; /* without the frame being sent */
    bool pump_due_ = false;
};

} // namespace icm
#endif
