/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port.hpp - where frames enter and leave the fabric: the network interface of one node.
 *
 * Injected frames wait on the agenda until their time, and an adapter's pipeline, are over and then go to the
 * sending queue of the port's one link. What arrives is announced outside as soon as its transmission on that
 * link starts.
 */
#ifndef COB_INTERCONNECT_PORT_HPP
#define COB_INTERCONNECT_PORT_HPP

#include "interconnect-model/link.hpp"

namespace icm
{

class Port : public sc_core::sc_module, public Receiver, public Actor
{
  public:
    Port(sc_core::sc_module_name name, Agenda &agenda, const Outside &outside, unsigned index);

    /* Joins the port to the end `end` of its link; far_min_bytes: the shortest frame that can come from
     * there. */
    void attach(Link &link, unsigned end, uint32_t far_min_bytes);

    void inject(vtime_t time_ps, FrameRef frame);
    void train(vtime_t time_ps);
    void act(Due &due) override;            /* Inject */
    void take(Transfer &transfer) override; /* from the link */

    const Link &link() const
    {
        return *link_;
    }
    vtime_t ingress_ps() const
    {
        return ingress_ps_;
    }
    vtime_t egress_ps() const
    {
        return egress_ps_;
    }
    uint64_t injected() const
    {
        return injected_;
    }
    uint64_t delivered() const
    {
        return delivered_;
    }

  private:
    Agenda &agenda_;
    const Outside &outside_;
    const unsigned index_;
    Link *link_ = nullptr;
    unsigned end_ = 0;
    vtime_t ingress_ps_ = 0, egress_ps_ = 0;
    vtime_t tx_ps_ = 0, rx_ps_ = 0; /* an adapter's pipelines */
    uint64_t injected_ = 0, delivered_ = 0;
    Sender sender_;
    tx_socket tx_;
    rx_socket rx_;
};

} // namespace icm
#endif
