/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fabric_switch.cpp - see fabric_switch.hpp. */
#include "interconnect-model/fabric_switch.hpp"

namespace icm
{

namespace
{
std::string numbered(const char *what, unsigned index)
{
    return what + std::to_string(index);
}
} // namespace

FabricSwitch::FabricSwitch(sc_core::sc_module_name name, Agenda &agenda, const Routes &routes, unsigned index,
                           const ic_switch_cfg &cfg, const std::vector<Attachment> &attachments)
    : sc_module(name), agenda_(agenda), routes_(routes), index_(index), cfg_(cfg)
{
    std::vector<Lane *> lanes;
    for (const Attachment &attachment : attachments) {
        if (attachment.link.index >= input_of_.size())
            input_of_.resize(attachment.link.index + 1, -1);
        input_of_[attachment.link.index] = static_cast<int>(inputs_.size());
        inputs_.push_back(std::make_unique<Input>(*this, static_cast<unsigned>(inputs_.size()), attachment));
        for (Channel &channel : inputs_.back()->channels)
            lanes.push_back(&channel);
    }
    for (auto &input : inputs_)
        input->own.set_lanes(lanes);
}

FabricSwitch::Input::Input(FabricSwitch &sw, unsigned index_, const Attachment &attachment)
    : parent(sw), index(index_), link(attachment.link), own(static_cast<CreditEnd &>(attachment.own)),
      upstream(static_cast<CreditEnd &>(attachment.far)), channels(own.n_vcs()),
      rx(numbered("rx", index_).c_str()), tx(numbered("tx", index_).c_str())
{
    rx.bind(*this);
    tx.bind(sender);
    tx.bind(attachment.own.from_node);
    attachment.far.to_far.bind(rx);
    for (unsigned vc = 0; vc < channels.size(); vc++) {
        channels[vc].input = this;
        channels[vc].vc = vc;
    }
}

void FabricSwitch::Input::take(Transfer &transfer)
{
    arriving.push_back(
        Arriving{transfer.vc, transfer.frame->len, transfer.first_ps, transfer.last_ps, &*transfer.frame});
    parent.agenda_.add(decision_ps(parent.cfg_, transfer), Rank::Forward, own.index(), this, transfer.frame,
                       transfer.last_ps);
}

void FabricSwitch::Input::drop(const FrameRef &frame, unsigned vc, vtime_t last_ps, ic_drop why)
{
    const vtime_t now = parent.agenda_.now();
    own.refuse(frame, now, why);
    upstream.give_back(vc, frame->len, vtime_add(vtime_max(now, last_ps), link.cfg.delay_ps));
}

/* The first one, unless faults let packets overtake each other on the link. */
FabricSwitch::Arriving FabricSwitch::Input::take_arriving(const Due &due)
{
    auto it = arriving.begin();
    while (it->frame != &*due.frame || it->last_ps != due.own_ps)
        ++it;
    const Arriving found = *it;
    arriving.erase(it);
    return found;
}

void FabricSwitch::Input::act(Due &due)
{
    const vtime_t now = parent.agenda_.now();
    const Arriving from = take_arriving(due);
    const int out_link = parent.routes_.next_link(parent.index_, packet_header(*due.frame));
    if (out_link < 0) {
        drop(due.frame, from.vc, due.own_ps, IC_DROP_NO_ROUTE);
        return;
    }
    const unsigned out = static_cast<unsigned>(parent.input_of_[out_link]);
    CreditEnd &end = parent.inputs_[out]->own;
    const ic_drop why = end.judge(*due.frame);
    if (why != IC_DROP_NONE) {
        drop(due.frame, from.vc, due.own_ps, why);
        return;
    }
    const unsigned layers = own.n_vcs() / classes;
    const unsigned layer = parent.routes_.next_layer(parent.index_, link.index, from.vc % layers,
                                                     static_cast<unsigned>(out_link));
    vtime_t not_before = now;
    if (parent.cfg_.mode == IC_CUT_THROUGH) /* the output must not run dry */
        not_before = vtime_max(now, now + (due.own_ps - from.first_ps) -
                                        serialisation_ps(parent.inputs_[out]->link.cfg, due.frame->len));
    Channel &channel = channels[from.vc];
    channel.queue.push_back(Stored{due.frame, out, from.vc / layers * layers + layer, not_before});
    end.accept(due.frame);
    channel.offer_first();
}

void FabricSwitch::Channel::offer_first()
{
    FabricSwitch &sw = input->parent;
    if (on_offer || release_due || queue.empty())
        return;
    if (free_at_ps > sw.agenda_.now()) {
        release_due = true;
        sw.agenda_.add(free_at_ps, Rank::Release, input->own.index(), this, FrameRef(), free_at_ps);
        return;
    }
    on_offer = true;
    const Stored &first = queue.front();
    const unsigned lane = input->index * static_cast<unsigned>(input->channels.size()) + vc;
    sw.inputs_[first.output]->own.offer(lane, Offer{first.frame, first.vc, first.not_before_ps});
}

void FabricSwitch::Channel::act(Due &)
{
    release_due = false;
    offer_first();
}

void FabricSwitch::Channel::granted(Offer offer)
{
    Input &output = *input->parent.inputs_[queue.front().output];
    Transfer transfer = {std::move(offer.frame), 0, 0, 0, offer.vc};
    queue.pop_front();
    on_offer = false;
    const uint32_t len = transfer.frame->len;
    send(output.tx, transfer);
    free_at_ps = output.own.busy_until_ps();
    input->upstream.give_back(vc, len, vtime_add(free_at_ps, input->link.cfg.delay_ps));
    offer_first();
}

uint64_t FabricSwitch::waiting_for(unsigned link) const
{
    uint64_t n = 0;
    for (const auto &input : inputs_)
        for (const Channel &channel : input->channels)
            for (const Stored &stored : channel.queue)
                n += inputs_[stored.output]->link.index == link;
    return n;
}

uint64_t FabricSwitch::buffered_bytes(unsigned link, unsigned vc) const
{
    const Input &input = *inputs_[input_of_[link]];
    uint64_t bytes = 0;
    for (const Arriving &coming : input.arriving)
        bytes += coming.vc == vc ? coming.len : 0;
    for (const Stored &stored : input.channels[vc].queue)
        bytes += stored.frame->len;
    return bytes;
}

} // namespace icm
