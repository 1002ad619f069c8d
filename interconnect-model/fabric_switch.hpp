/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_switch.hpp - a lossless switch of the fabric: input buffers per virtual channel, a crossbar, no
 * queues at the outputs.
 *
 *      rx --> [buffer of vc 0] --+--> crossbar --> CreditEnd of an output (chooses fairly among all that want
 *         --> [buffer of vc 1] --+                 it, see credit_end.hpp)
 *
 * A packet has its place in the buffer since its sender took the credit. Once the way is known (decision_ps),
 * it is the last of its virtual channel's queue; the first of the queue is on offer at its output. So a
 * packet that cannot go on holds up those behind it (in its virtual channel only), and a virtual channel
 * sends one packet at a time. The room is given back when the packet's last bit has left.
 *
 * Cut-through into a faster link: the output starts so late that it does not run dry. What has no way is
 * dropped (NO_ROUTE), and what is longer than its output's MTU (TOO_LONG).
 */
#ifndef COB_INTERCONNECT_FABRIC_SWITCH_HPP
#define COB_INTERCONNECT_FABRIC_SWITCH_HPP

#include "interconnect-model/credit_end.hpp"
#include "interconnect-model/routes.hpp"

namespace icm
{

class FabricSwitch : public sc_core::sc_module
{
  public:
    /* Attachments in the order of the links' indices. */
    FabricSwitch(sc_core::sc_module_name name, Agenda &agenda, const Routes &routes, unsigned index,
                 const ic_switch_cfg &cfg, const std::vector<Attachment> &attachments);

    /* For the books: what waits here to leave by this link; packets. */
    uint64_t waiting_for(unsigned link) const;
    /* Bytes of packets that came, or are coming, in by this link and virtual channel and have not begun to
     * leave. */
    uint64_t buffered_bytes(unsigned link, unsigned vc) const;

  private:
    struct Input;

    struct Stored {
        FrameRef frame;
        unsigned output; /* index into inputs_ */
        uint32_t vc;     /* there */
        vtime_t not_before_ps;
    };

    /* One virtual channel of one input. */
    struct Channel final : Lane, Actor {
        void granted(Offer offer) override;
        void act(Due &due) override; /* Release */
        void offer_first();

        Input *input;
        unsigned vc;
        std::deque<Stored> queue; /* the first one is or will be on offer */
        bool on_offer = false, release_due = false;
        vtime_t free_at_ps = 0; /* its last packet is gone */
    };

    struct Arriving {
        uint32_t vc, len;
        vtime_t first_ps, last_ps;
        const Frame *frame;
    };

    /* One attached link: what comes from it, and the end by which others leave. */
    struct Input final : Receiver, Actor {
        Input(FabricSwitch &sw, unsigned index, const Attachment &attachment);
        void take(Transfer &transfer) override;
        void act(Due &due) override; /* Forward */
        Arriving take_arriving(const Due &due);
        void drop(const FrameRef &frame, unsigned vc, vtime_t last_ps, ic_drop why);

        FabricSwitch &parent;
        const unsigned index;
        Link &link;
        CreditEnd &own, &upstream;
        std::deque<Arriving> arriving; /* those with a Forward on the agenda, as they were sent */
        std::vector<Channel> channels;
        Sender sender;
        rx_socket rx;
        tx_socket tx;
    };

    Agenda &agenda_;
    const Routes &routes_;
    const unsigned index_;
    const ic_switch_cfg cfg_; /* cfg_.name is not valid any more */
    std::vector<std::unique_ptr<Input>> inputs_;
    std::vector<int> input_of_; /* by link, -1: not attached */
};

} // namespace icm
#endif
