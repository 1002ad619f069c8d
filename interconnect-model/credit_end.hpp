/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit_end.hpp - a sending end of the fabric: virtual channels, credits, and a fair choice among lanes.
 *
 *      lane 0: [packet, vc, not before] --+
 *      lane 1: [packet, vc, not before] --+--> round robin --> wire
 *      ...                                |
 *                  credit[vc] ------------+
 *
 * A lane is a queue whose first packet wants to go out here: one for each virtual channel of each input of a
 * switch, one for each class at an adapter. Whenever the wire is free, the end takes the next lane, after the
 * one it took last, that has a packet which is ready and for which the far side has room: for all of it.
 *
 * Credits. credit[vc] is the room in the far side's buffer for vc, in bytes of packets (framing not counted).
 * It is taken when transmission starts. The far side gives it back when the packet has left its buffer, and
 * the link's delay later it is here. When that will be is known in advance, so a credit under way is no entry
 * on the agenda; it only becomes one if a packet waits for it. Room that a packet lost on the way would have
 * taken is given back when its last bit would have come in.
 */
#ifndef COB_INTERCONNECT_CREDIT_END_HPP
#define COB_INTERCONNECT_CREDIT_END_HPP

#include "interconnect-model/link.hpp"
#include <deque>

namespace icm
{

/* What the virtual channels are: class * layers + layer. */
constexpr unsigned classes = FAB_VCS;

struct Offer {
    FrameRef frame;
    uint32_t vc;
    vtime_t not_before_ps;
};

class Lane
{
  public:
    /* The offer is sent now: the lane hands it over, and may offer again. */
    virtual void granted(Offer offer) = 0;

  protected:
    ~Lane() = default;
};

class CreditEnd : public LinkEnd
{
  public:
    CreditEnd(sc_core::sc_module_name name, Link &link, unsigned end, vtime_t lag_ps, unsigned layers);

    /* The lanes, in the order in which they take turns. */
    void set_lanes(std::vector<Lane *> lanes);
    /* A packet comes to wait for this end, in some lane, not necessarily as its first. Starts training. */
    void accept(const FrameRef &frame);
    /* It is the lane's turn as far as the lane is concerned; it has no other offer. */
    void offer(unsigned lane, Offer offer);
    /* Room in the far side's buffer will be known here at at_ps, in this end's local time. */
    void give_back(uint32_t vc, uint32_t bytes, vtime_t at_ps);
    void hold_credits() override;

    void take(Transfer &transfer) override; /* the granted lane hands over its packet */
    void act(Due &due) override;            /* Emit, Grant, Arrive */
    void pump() override;
    ic_drop judge(const Frame &frame) const override;
    uint64_t queue_limit() const override
    {
        return UINT64_MAX;
    }
    uint64_t held() const override
    {
        return 0; /* they stay in the switch's buffers */
    }

    unsigned n_vcs() const
    {
        return static_cast<unsigned>(channels_.size());
    }
    VcStats vc_stats(unsigned vc, vtime_t fabric_now_ps) const;
    /* Bytes of buffer that are free here, or on their way back: for the books. */
    uint64_t free_bytes(unsigned vc) const;

  protected:
    void put_on_wire(FrameRef frame, uint32_t vc);
    bool take_room(uint32_t vc, uint32_t len) override;
    void departed(uint32_t vc, uint32_t len, vtime_t last_ps, bool lost) override;

    const unsigned layers_;

  private:
    struct Returning {
        vtime_t at_ps;
        uint32_t bytes;
    };
    struct Channel {
        uint32_t credit;
        std::deque<Returning> returning; /* in order of time */
        unsigned offers = 0;
        vtime_t stalled_since_ps = VTIME_NEVER;
        VcStats stats = {};
    };
    void choose_at(vtime_t at_ps);
    void choose();
    bool is_ready(const Offer &offer, vtime_t now_ps) const;
    vtime_t ready_ps(const Offer &offer, vtime_t now_ps) const;
    void collect(Channel &channel, vtime_t now_ps) const;
    void end_stalls(vtime_t now_ps);

    std::vector<Channel> channels_;
    std::vector<Lane *> lanes_;
    std::vector<Offer> offers_; /* per lane; no frame: none */
    unsigned n_offers_ = 0, next_lane_ = 0;
    vtime_t choice_ps_ = VTIME_NEVER; /* for when the next choice is on the agenda, local time */
};

/* An adapter's end: a queue for each class, drop-tail over both. */
class AdapterEnd : public CreditEnd
{
  public:
    AdapterEnd(sc_core::sc_module_name name, Link &link, unsigned end, vtime_t lag_ps, unsigned layers);

    void take(Transfer &transfer) override; /* the adapter's pipeline has brought this */
    ic_drop judge(const Frame &frame) const override;
    uint64_t queue_limit() const override
    {
        return link_.cfg.queue_bytes;
    }
    uint64_t held() const override;

  private:
    struct Class final : Lane {
        void granted(Offer offer) override;

        AdapterEnd *end;
        unsigned index;
        std::deque<FrameRef> queue; /* without the one that is on offer */
        bool on_offer = false;
    };
    void offer_next(Class &c);

    Class classes_[classes];
};

/* The packet's header; its length was checked. */
fab_wire packet_header(const Frame &frame);

} // namespace icm
#endif
