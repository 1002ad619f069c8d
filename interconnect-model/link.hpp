/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.hpp - a full-duplex link: two sending ends and the training they share.
 *
 *      from_node --> [queue] --serialise--> (propagate) --> to_far          LinkEnd, one per direction
 *
 * The overhead of a frame is taken to precede its bytes on the wire, so the frame's last bit is the last of
 * all.
 *
 * The lagging clock. The sending end of a node's port on a switch is private to that node: nothing it does
 * can touch another node's frame before the frame is looked up in the switch, at least `lag` after it was
 * injected (lag = ic_ingress_ps). Its events at time t are therefore executed at fabric time t + lag, which
 * is why frames may be injected up to `lag` before the time to which the fabric has come, with the same
 * result. local() is this end's own time. All other ends have lag 0.
 *
 * Training is the one thing that both ends share. It starts at the earliest time that either end wants to
 * send, which is settled only `lag` later (entry Train). lag <= training, so it is settled before the link is
 * up.
 */
#ifndef COB_INTERCONNECT_LINK_HPP
#define COB_INTERCONNECT_LINK_HPP

#include "interconnect-model/agenda.hpp"
#include <deque>
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
/* The lag of the end of a link that leads from a port to a switch. */
vtime_t port_lag_ps(const ic_link_cfg &cfg, const ic_switch_cfg &far);

class Link;

class LinkEnd : public sc_core::sc_module, public Receiver, public Actor
{
  public:
    rx_socket from_node;
    tx_socket to_far;

    LinkEnd(sc_core::sc_module_name name, Link &link, unsigned end, vtime_t lag_ps);

    void take(Transfer &transfer) override; /* the node wants to send this */
    void act(Due &due) override;            /* Pump, Arrive */
    void pump();                            /* the link is up now */

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
    size_t waiting() const
    {
        return queue_.size();
    }
    uint64_t waiting_bytes() const
    {
        return waiting_bytes_;
    }

  private:
    struct Waiting {
        FrameRef frame;
        vtime_t not_before_ps;
    };
    void transmit();
    uint64_t occupied() const;
    void report(vtime_t time_ps, ic_event_kind kind, ic_drop drop, const FrameRef &frame);

    Link &link_;
    const unsigned end_;
    const vtime_t lag_ps_;
    Sender sender_;
    std::deque<Waiting> queue_; /* without the frame being sent */
    uint64_t waiting_bytes_ = 0;
    uint32_t sending_bytes_ = 0; /* of the frame being sent, until busy_until_ps_ */
    vtime_t busy_until_ps_ = 0;
    bool pump_due_ = false;
    EndStats stats_ = {};
};

class Link : public sc_core::sc_module, public Actor
{
  public:
    Link(sc_core::sc_module_name name, Agenda &agenda, const Outside &outside, unsigned index,
         const ic_link_cfg &cfg, const vtime_t lag_ps[2]);

    /* A frame of this length will be wanted at time_ps: what link_up_ps() can foretell. */
    void foresee(uint32_t len, vtime_t time_ps);
    /* An end accepted a frame at its local time; starts the training if it has not begun. */
    void want(unsigned end, vtime_t time_ps);
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
    LinkEnd end0, end1;

    LinkEnd &end(unsigned which)
    {
        return which ? end1 : end0;
    }
    const LinkEnd &end(unsigned which) const
    {
        return which ? end1 : end0;
    }

  private:
    void settle(unsigned end, vtime_t start_ps);

    vtime_t up_ps_;
    vtime_t wanted_ps_ = VTIME_NEVER;
    bool train_due_ = false;
};

} // namespace icm
#endif
