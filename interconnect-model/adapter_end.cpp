/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adapter_end.cpp - the sending end of an adapter's link; see credit_end.hpp. */
#include "interconnect-model/credit_end.hpp"

namespace icm
{

AdapterEnd::AdapterEnd(sc_core::sc_module_name name, Link &link, unsigned end, vtime_t lag_ps,
                       unsigned layers)
    : CreditEnd(name, link, end, lag_ps, layers)
{
    std::vector<Lane *> lanes;
    for (unsigned i = 0; i < classes; i++) {
        classes_[i].end = this;
        classes_[i].index = i;
        lanes.push_back(&classes_[i]);
    }
    set_lanes(lanes);
}

ic_drop AdapterEnd::judge(const Frame &frame) const
{
    if (frame.len < packet_header_bytes || packet_header(frame).vc >= classes)
        return IC_DROP_RUNT;
    const ic_end &far = link_.cfg.end[!end_];
    if (far.kind == IC_END_PORT && packet_header(frame).dst != link_.cfg.node[!end_])
        return IC_DROP_NO_ROUTE;
    return CreditEnd::judge(frame);
}

void AdapterEnd::take(Transfer &transfer)
{
    ic_drop why = judge(*transfer.frame);
    if (why == IC_DROP_NONE && occupied() + transfer.frame->len > queue_limit())
        why = IC_DROP_QUEUE_FULL;
    if (why != IC_DROP_NONE) {
        refuse(transfer.frame, local(), why);
        return;
    }
    Class &c = classes_[packet_header(*transfer.frame).vc];
    c.queue.push_back(transfer.frame);
    accept(transfer.frame);
    if (!c.on_offer)
        offer_next(c);
}

void AdapterEnd::offer_next(Class &c)
{
    c.on_offer = !c.queue.empty();
    if (!c.on_offer)
        return;
    FrameRef frame = std::move(c.queue.front());
    c.queue.pop_front();
    offer(c.index, Offer{std::move(frame), c.index * layers_, local()});
}

uint64_t AdapterEnd::held() const
{
    uint64_t n = 0;
    for (const Class &c : classes_)
        n += c.queue.size() + c.on_offer;
    return n;
}

void AdapterEnd::Class::granted(Offer offer)
{
    end->put_on_wire(std::move(offer.frame), offer.vc);
    end->offer_next(*this);
}

} // namespace icm
