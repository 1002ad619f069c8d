/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.hpp - a full-duplex link: two sending ends and the training they share.
 *
 *      from_node --> [queue] --serialise--> (propagate) --> to_far          LinkEnd, one per direction
 *
 * There are three kinds of ends: DropTailEnd (Ethernet, drop_tail_end.hpp), CreditEnd (a fabric switch's) and
 * AdapterEnd (credit_end.hpp).
 *
 * The overhead of a frame is taken to precede its bytes on the wire, so the frame's last bit is the last of
 * all.
 *
 * The lagging clock. The sending end of a node's port on a switch is private to that node: nothing it does
 * can touch another node's frame before the frame is looked up in the switch, at least `lag` after it entered
 * the queue (ic_ingress_ps = lag + the adapter's transmit pipeline, which Ethernet ports have not). Its
 * events at time t are therefore executed at fabric time t + lag, which is why frames may be injected up to
 * that long before the time to which the fabric has come, with the same result. local() is this end's own
 * time. All other ends have lag 0.
 *
 * Training is the one thing that both ends share. It starts at the earliest time that either end wants to
 * send, which is settled only ic_ingress_ps later (entry Train). That is not longer than training, so it is
 * settled before the link is up.
 */
#ifndef COB_INTERCONNECT_LINK_HPP
#define COB_INTERCONNECT_LINK_HPP

#include "interconnect-model/agenda.hpp"
#include <memory>
#include <string>

namespace icm
{

/* Where callbacks go. */
struct Outside {
    ic_ops ops;
    void *ctx;
};

/* Time to put len bytes and the overhead on the wire: exact, rounded up to 1 ps. */
vtime_t serialisation_ps(const ic_link_cfg &cfg, uint32_t len);
/* The same at another rate than the link's. */
vtime_t serialisation_ps(const ic_link_cfg &cfg, uint64_t rate_bps, uint32_t len);
/* Bytes of what all packets of this link start with. */
uint32_t header_bytes_of(const ic_link_cfg &cfg);
/* The lag of the end of a link that leads from a port to a switch. */
vtime_t port_lag_ps(const ic_link_cfg &cfg, const ic_switch_cfg &far);

/* When a switch knows where a frame goes and may begin to send it on. */
vtime_t decision_ps(const ic_switch_cfg &sw, const Transfer &transfer);

class Link;
class EndFaults;
struct Fate;

class LinkEnd : public sc_core::sc_module, public Receiver, public Actor
{
  public:
    rx_socket from_node;
    tx_socket to_far;

    LinkEnd(sc_core::sc_module_name name, Link &link, unsigned end, vtime_t lag_ps);

    void act(Due &due) override; /* Arrive */
    virtual void pump() = 0;     /* it is known since now when the link is up */
    /* Why a frame from the node is refused whatever waits in the queue. */
    virtual ic_drop judge(const Frame &frame) const = 0;
    virtual uint64_t queue_limit() const = 0;
    /* Frames in the end's own queues, by counting them. */
    virtual uint64_t held() const = 0;
    /* Faults may have come to hold up credits that are on their way. */
    virtual void hold_credits()
    {
    }
    /* From now on this end has faults; not owned. */
    void suffer(EndFaults *faults)
    {
        faults_ = faults;
    }

    /* A frame from the far end has arrived / was refused by the node at this end. */
    void count_arrival(const FrameRef &frame, vtime_t time_ps);
    void refuse(const FrameRef &frame, vtime_t time_ps, ic_drop why);

    vtime_t local() const;
    vtime_t lag_ps() const
    {
        return lag_ps_;
    }
    uint32_t index() const;
    EndStats stats(vtime_t fabric_now_ps) const;
    uint64_t waiting() const
    {
        return waiting_;
    }
    uint64_t waiting_bytes() const
    {
        return waiting_bytes_;
    }
    /* When the wire is free again, in local time. */
    vtime_t busy_until_ps() const
    {
        return busy_until_ps_;
    }

  protected:
    /* Bytes that count against the queue's limit; the frame being sent is among them. */
    uint64_t occupied() const;
    /* Counts a frame as waiting to be sent. */
    void count_waiting(const FrameRef &frame);
    /* Sends a frame that was waiting, now. */
    void transmit(FrameRef frame, uint32_t vc);
    void report(vtime_t time_ps, ic_event_kind kind, ic_drop drop, const FrameRef &frame);
    /* Takes room at the far side for one more packet; false: there is none. */
    virtual bool take_room(uint32_t vc, uint32_t len);
    /* A packet has gone out. last_ps: when its last bit is, or would have been, at the far side. */
    virtual void departed(uint32_t vc, uint32_t len, vtime_t last_ps, bool lost);

    Link &link_;
    const unsigned end_;
    vtime_t busy_until_ps_ = 0;
    EndFaults *faults_ = nullptr;

  private:
    void fly(Transfer &transfer);
    void suffer_and_fly(const FrameRef &frame, uint32_t vc);
    vtime_t fly_by_fate(Fate fate, uint32_t vc, vtime_t start_ps);

    const vtime_t lag_ps_;
    Sender sender_;
    uint64_t waiting_ = 0, waiting_bytes_ = 0; /* without the frame being sent */
    uint32_t sending_bytes_ = 0;               /* of the frame being sent, until busy_until_ps_ */
    EndStats stats_ = {};
};

class Link : public sc_core::sc_module, public Actor
{
  public:
    /* layers: of virtual channels, for links of the fabric. */
    Link(sc_core::sc_module_name name, Agenda &agenda, const Outside &outside, unsigned index,
         const ic_link_cfg &cfg, const vtime_t lag_ps[2], unsigned layers);

    /* An end will want to send, or to train the link, at time_ps: what link_up_ps() can foretell. */
    void foresee(vtime_t time_ps);
    /*
     * An end wants to send since time_ps, which is the present less what late_ps() says of this end. Starts
     * the training if it has not begun.
     */
    void want(unsigned end, vtime_t time_ps);
    /* How much later than it happens at this end the fabric hears that the end wants something. */
    vtime_t late_ps(unsigned end) const;
    void act(Due &due) override; /* Train, Up */
    /* When the link is or will be up; VTIME_NEVER while training has not begun. */
    vtime_t foreseen_up_ps() const;
    /* The same, once settled. */
    vtime_t up_ps() const
    {
        return up_ps_;
    }
    void report(ic_event event) const;

    Agenda &agenda;
    const Outside &outside;
    const unsigned index;
    const std::string name_text;
    const ic_link_cfg cfg; /* cfg.name is not valid any more: name_text */

    LinkEnd &end(unsigned which)
    {
        return *ends_[which];
    }
    const LinkEnd &end(unsigned which) const
    {
        return *ends_[which];
    }

  private:
    void settle(unsigned end, vtime_t start_ps);

    std::unique_ptr<LinkEnd> ends_[2];

    vtime_t up_ps_;
    vtime_t wanted_ps_ = VTIME_NEVER;
    bool train_due_ = false;
};

/* A link at a switch: its end there, and the other one. */
struct Attachment {
    Link &link;
    LinkEnd &own, &far;
};

} // namespace icm
#endif
