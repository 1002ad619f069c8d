/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * faults.hpp - what can go wrong, as interconnect.h (struct ic_fault_cfg) defines it.
 *
 *      Faults     all of them; begins and ends them
 *        Fault      one: its times, its trigger, its count
 *      EndFaults  those that act, or count for a trigger, at one sending end, and their dice there
 *
 * A sending end that no fault is about has no EndFaults, and nothing is done for it. One that has asks, when
 * it starts to transmit a packet,
 *
 *      count(packet)     may trigger faults, which then act on this very packet
 *      decide(packet)    its Fate: rate, lateness, loss, flipped bits; and who wants a copy of it (copiers())
 *
 * and, when a credit is to come back, hold_credit(). The order in which kinds act on a packet is fixed, so
 * that each knows what it has to: what slows it down and doubles it at the sending end, then what delays it,
 * then what spoils or loses it.
 *
 * All that happens here happens while the agenda executes an entry, so the steps of ic_advance cannot matter.
 */
#ifndef COB_INTERCONNECT_FAULTS_HPP
#define COB_INTERCONNECT_FAULTS_HPP

#include "interconnect-model/fault_match.hpp"
#include "interconnect-model/link.hpp"

namespace icm
{

/* What is told of a hit. */
struct Hit {
    vtime_t time_ps;
    uint64_t value;
    const Frame *frame; /* nullptr: none */
};

class Fault
{
  public:
    Fault(const ic_config &cfg, unsigned index, const Outside &outside);

    /* Does it act on what starts (STARVE: comes back) at t_ps at this end? */
    bool active(uint32_t end, vtime_t t_ps) const;
    /* DOWN: when a packet with its first bit on the wire at start_ps and its last across at last_ps is lost;
     * VTIME_NEVER: it is not. */
    vtime_t lost_ps(uint32_t end, vtime_t start_ps, vtime_t last_ps) const;
    /* One more packet for the trigger; true: it has triggered, now_ps being the time that the agenda
     * executes. */
    bool count(uint32_t end, vtime_t start_ps, vtime_t now_ps, const Frame &frame);
    void hit(uint32_t end, const Hit &hit);
    /* Reports that it begins / ends by time, unless that has been done. */
    void begin();
    void end();

    const ic_fault_cfg cfg; /* its pointers are not valid any more */
    const unsigned index;
    const Match match, trigger;

    vtime_t begin_ps() const
    {
        return begin_ps_;
    }
    vtime_t end_ps() const
    {
        return end_ps_;
    }
    uint64_t hits() const
    {
        return hits_;
    }

  private:
    vtime_t begin_at(uint32_t end) const;
    void report(ic_fault_phase phase, uint32_t end, const Hit &hit) const;

    const Outside &outside_;
    vtime_t begin_ps_, end_ps_;         /* VTIME_NEVER while not triggered */
    uint32_t trigger_end_ = UINT32_MAX; /* where it was triggered, and begins at trigger_ps_ already */
    vtime_t trigger_ps_ = VTIME_NEVER;
    uint64_t counted_ = 0, hits_ = 0;
    bool begun_ = false, end_reported_ = false;
    bool over_ = false; /* it has acted as often as it may */
};

/* What becomes of one packet on one wire. */
struct Fate {
    FrameRef frame; /* as it arrives */
    uint64_t rate_bps;
    vtime_t late_ps; /* on its way */
    ic_drop lost;
    vtime_t lost_ps;
};

class Faults;

class EndFaults
{
  public:
    EndFaults(Faults &faults, const ic_link_cfg &link, unsigned link_index, unsigned end);

    void add(Fault &fault);
    void watch(Fault &fault)
    {
        watching_.push_back(&fault);
    }
    void count(const Frame &frame, vtime_t start_ps);
    Fate decide(const FrameRef &frame, vtime_t start_ps, bool is_copy);
    /* The faults that want a copy of the packet decided upon last; to be hit if they get it. */
    const std::vector<Fault *> &copiers() const
    {
        return copiers_;
    }
    /* When a credit that would be back at at_ps comes back. */
    vtime_t hold_credit(vtime_t at_ps, uint32_t bytes);

    uint32_t index() const
    {
        return index_;
    }

  private:
    struct Acting {
        Fault *fault;
        uint64_t key;
        uint64_t eligible; /* so far */
    };
    int receiver(const Frame &frame) const;
    void act(Acting &acting, Fate &fate, vtime_t start_ps);
    void lose(Fault &fault, Fate &fate, vtime_t at_ps, ic_drop why);

    Faults &faults_;
    const ic_link_cfg &link_;
    const uint32_t index_;
    const int far_port_; /* -1: a switch */
    std::vector<Acting> acting_;
    std::vector<Fault *> watching_, copiers_;
};

class Faults : public Actor
{
  public:
    /* Gives the links' ends what they need. The configuration is valid. */
    Faults(const ic_config &cfg, Agenda &agenda, const Outside &outside,
           const std::vector<std::unique_ptr<Link>> &links);

    void act(Due &due) override; /* Fault: begins or ends one */
    void triggered(const Fault &fault);
    /* The port of the adapter with this node id, -1: there is none. */
    int port_of_node(uint16_t node) const
    {
        return port_of_node_[node];
    }
    vtime_t now() const
    {
        return agenda_.now();
    }
    uint64_t hits(unsigned index) const
    {
        return index < all_.size() ? all_[index]->hits() : 0;
    }

  private:
    void plan(vtime_t at_ps, const Fault &fault);

    Agenda &agenda_;
    const Outside &outside_;
    std::vector<std::unique_ptr<Fault>> all_;
    std::vector<std::unique_ptr<EndFaults>> ends_;     /* by 2 * link + end; nullptr: none */
    std::vector<std::vector<LinkEnd *>> starved_ends_; /* by fault */
    std::vector<int> port_of_node_;
};

} // namespace icm
#endif
