/* SPDX-License-Identifier: GPL-2.0-or-later */
/* switch.cpp - see switch.hpp. */
#include "interconnect-model/switch.hpp"

namespace icm
{

namespace
{
uint64_t mac_at(const uint8_t *bytes)
{
    uint64_t mac = 0;
    for (int i = 0; i < 6; i++)
        mac = mac << 8 | bytes[i];
    return mac;
}

bool is_group(uint64_t mac)
{
    return mac >> 40 & 1;
}

std::string numbered(const char *what, unsigned index)
{
    return what + std::to_string(index);
}
} // namespace

Switch::Switch(sc_core::sc_module_name name, Agenda &agenda, const ic_switch_cfg &cfg,
               const std::vector<Attachment> &attachments)
    : sc_module(name), agenda_(agenda), cfg_(cfg), table_(cfg.table_size, cfg.ageing_ps)
{
    for (const Attachment &link : attachments) {
        inputs_.push_back(std::make_unique<Input>(*this, static_cast<unsigned>(inputs_.size()), link.own));
        inputs_.back()->tx.bind(link.own.from_node);
        link.far.to_far.bind(inputs_.back()->rx);
    }
}

Switch::Input::Input(Switch &sw, unsigned index_, LinkEnd &own_)
    : parent(sw), index(index_), own(own_), rx(numbered("rx", index_).c_str()),
      tx(numbered("tx", index_).c_str())
{
    rx.bind(*this);
    tx.bind(sender);
}

void Switch::Input::take(Transfer &transfer)
{
    const bool runt = transfer.frame->len < header_bytes;
    vtime_t at = runt ? transfer.last_ps : decision_ps(parent.cfg_, transfer);
    /* A runt takes less time than the sending end may lag behind (link.hpp). It touches nothing but a
     * counter. */
    at = vtime_max(at, parent.agenda_.now());
    parent.agenda_.add(at, Rank::Forward, own.index(), this, transfer.frame, transfer.last_ps);
}

void Switch::Input::act(Due &due)
{
    if (due.frame->len < header_bytes)
        own.refuse(due.frame, due.own_ps, IC_DROP_RUNT);
    else
        parent.forward(*this, due.frame, due.own_ps);
}

void Switch::forward(Input &from, const FrameRef &frame, vtime_t last_ps)
{
    const vtime_t now = agenda_.now();
    const uint64_t to = mac_at(frame->bytes());
    const uint64_t source = mac_at(frame->bytes() + 6);
    if (!is_group(source))
        table_.hear(source, from.index, now);

    const int known = is_group(to) ? -1 : table_.find(to, now);
    Transfer out = {frame, now, vtime_add(last_ps, cfg_.latency_ps), now, 0};
    if (known >= 0 && static_cast<unsigned>(known) != from.index) {
        send(inputs_[known]->tx, out);
    } else if (known < 0 && inputs_.size() > 1) {
        copied_ += inputs_.size() - 2;
        for (auto &output : inputs_)
            if (output.get() != &from)
                send(output->tx, out);
    } else {
        from.own.refuse(frame, now, IC_DROP_NO_ROUTE);
    }
}

} // namespace icm
