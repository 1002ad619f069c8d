/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * switch.hpp - a learning Ethernet switch with output queues (which belong to its link ends, see link.hpp).
 *
 *      rx --> wait until it is in (store-and-forward) or its header is in (cut-through)
 *         --> + latency: learn the source, look up the destination --> tx of one end, or of all but the
 * ingress
 *
 * Cut-through into a faster link: the output starts so late that its last bit does not leave before the
 * frame's last bit is in and the latency over. Unknown, broadcast and multicast destinations are flooded. A
 * frame to an address behind the end it came from, or with nowhere to go, is dropped (NO_ROUTE); one without
 * a whole header is a RUNT.
 *
 * It speaks no spanning tree: in a topology with loops flooded frames go round until queues overflow.
 */
#ifndef COB_INTERCONNECT_SWITCH_HPP
#define COB_INTERCONNECT_SWITCH_HPP

#include "interconnect-model/link.hpp"
#include "interconnect-model/table.hpp"
#include <memory>

namespace icm
{

class Switch : public sc_core::sc_module
{
  public:
    /* Attachments in the order of the links' indices. */
    Switch(sc_core::sc_module_name name, Agenda &agenda, const ic_switch_cfg &cfg,
           const std::vector<Attachment> &attachments);

    uint64_t copied() const
    {
        return copied_;
    }

  private:
    /* One attached link. */
    struct Input final : Receiver, Actor {
        Input(Switch &sw, unsigned index, LinkEnd &own);
        void take(Transfer &transfer) override;
        void act(Due &due) override; /* Forward */

        Switch &parent;
        const unsigned index;
        LinkEnd &own;
        Sender sender;
        rx_socket rx;
        tx_socket tx;
    };
    void forward(Input &from, const FrameRef &frame, vtime_t last_ps);

    Agenda &agenda_;
    const ic_switch_cfg cfg_; /* cfg_.name is not valid any more */
    Table table_;
    std::vector<std::unique_ptr<Input>> inputs_;
    uint64_t copied_ = 0;
};

} // namespace icm
#endif
