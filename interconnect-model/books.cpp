/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * books.cpp - where every frame is: totals, and the check that none was lost or made up.
 *
 * At any time between two calls each frame (or copy of one) is in exactly one place: on the agenda to be
 * injected, in a link end's queue or a fabric switch's buffer, on its way to a look-up in a switch (Forward),
 * delivered, or dropped (lost on a wire, too). And each byte of a fabric link's buffers is either free (a
 * credit, perhaps on its way back), or of a packet that comes or waits there. What is in flight is counted by
 * walking these places, independently of the counters it is compared with.
 */
#include "interconnect-model/fabric.hpp"

namespace icm
{

namespace
{
struct Walk {
    uint64_t entering = 0;          /* Inject entries */
    uint64_t switching = 0;         /* Forward entries */
    uint64_t waiting = 0;           /* in queues and buffers */
    std::vector<uint64_t> held;     /* the same per sending end */
    uint64_t with_frame = 0;        /* entries and queue places that hold a frame */
    std::vector<uint64_t> arriving; /* Arrive entries per receiving end */
};

Walk walk(const Fabric &fabric)
{
    Walk seen;
    seen.arriving.resize(2 * fabric.links.size());
    seen.held.resize(2 * fabric.links.size());
    for (const Due &due : fabric.agenda.entries()) {
        seen.entering += due.rank == Rank::Inject && due.frame;
        seen.switching += due.rank == Rank::Forward;
        seen.with_frame += static_cast<bool>(due.frame);
        if (due.rank == Rank::Arrive)
            seen.arriving[due.index]++;
    }
    for (const auto &link : fabric.links)
        for (unsigned end = 0; end < 2; end++) {
            uint64_t held = link->end(end).held();
            if (const FabricSwitch *sw = fabric.fabric_switch(link->cfg, end))
                held += sw->waiting_for(link->index);
            seen.held[2 * link->index + end] = held;
            seen.waiting += held;
        }
    seen.with_frame += seen.waiting;
    return seen;
}

/* The first contradiction in the books of one end, or an empty string. */
std::string end_imbalance(const Fabric &fabric, const Link &link, unsigned which, uint64_t held,
                          uint64_t arriving_far)
{
    const EndStats own = link.end(which).stats(fabric.now_ps);
    const EndStats far = link.end(!which).stats(fabric.now_ps);
    const std::string where = "link " + link.name_text + " end " + std::to_string(which) + ": ";
    if (own.queued_frames != own.sent_frames + held || held != link.end(which).waiting() ||
        own.queued_bytes != own.sent_bytes + link.end(which).waiting_bytes())
        return where + "queued " + std::to_string(own.queued_frames) + " frames, but sent " +
               std::to_string(own.sent_frames) + " and " + std::to_string(held) + " wait";
    const uint64_t lost = own.dropped[IC_DROP_FAULT] + own.dropped[IC_DROP_LINK_DOWN];
    if (own.sent_frames + own.duplicated_frames != far.arrived_frames + arriving_far + lost)
        return where + "sent " + std::to_string(own.sent_frames) + " frames and " +
               std::to_string(own.duplicated_frames) + " copies, but " + std::to_string(far.arrived_frames) +
               " arrived, " + std::to_string(lost) + " were lost and " + std::to_string(arriving_far) +
               " are on the wire";
    if (own.queue_peak_bytes > link.end(which).queue_limit())
        return where + "the queue held " + std::to_string(own.queue_peak_bytes) + " bytes, its limit is " +
               std::to_string(link.cfg.queue_bytes);
    return std::string();
}

/* The same of the buffer that a sending end of the fabric fills. */
std::string buffer_imbalance(const Fabric &fabric, const Link &link, unsigned which)
{
    const CreditEnd &own = static_cast<const CreditEnd &>(link.end(which));
    const FabricSwitch *far = fabric.fabric_switch(link.cfg, !which);
    for (unsigned vc = 0; vc < own.n_vcs(); vc++) {
        const uint64_t used = far ? far->buffered_bytes(link.index, vc) : 0;
        if (own.free_bytes(vc) + used != link.cfg.buffer_bytes)
            return "link " + link.name_text + " end " + std::to_string(which) + ", virtual channel " +
                   std::to_string(vc) + ": " + std::to_string(own.free_bytes(vc)) + " bytes are free and " +
                   std::to_string(used) + " in use of a buffer of " + std::to_string(link.cfg.buffer_bytes);
    }
    return std::string();
}
} // namespace

Totals Fabric::totals() const
{
    Totals sum = {};
    for (const auto &port : ports) {
        sum.injected += port->injected();
        sum.delivered += port->delivered();
    }
    for (const auto &sw : switches)
        sum.copied += sw->copied();
    for (const auto &link : links)
        for (unsigned end = 0; end < 2; end++) {
            const EndStats stats = link->end(end).stats(now_ps);
            sum.duplicated += stats.duplicated_frames;
            for (uint64_t dropped : stats.dropped)
                sum.dropped += dropped;
        }
    const Walk seen = walk(*this);
    sum.in_flight = seen.entering + seen.switching + seen.waiting;
    return sum;
}

std::string Fabric::imbalance() const
{
    const Totals sum = totals();
    if (sum.injected + sum.copied + sum.duplicated != sum.delivered + sum.dropped + sum.in_flight)
        return "injected " + std::to_string(sum.injected) + " + copied " + std::to_string(sum.copied) +
               " + duplicated " + std::to_string(sum.duplicated) + " frames, but delivered " +
               std::to_string(sum.delivered) + " + dropped " + std::to_string(sum.dropped) + " + in flight " +
               std::to_string(sum.in_flight);
    const Walk seen = walk(*this);
    for (const auto &link : links)
        for (unsigned end = 0; end < 2; end++) {
            std::string wrong = end_imbalance(*this, *link, end, seen.held[2 * link->index + end],
                                              seen.arriving[2 * link->index + !end]);
            if (wrong.empty() && link->cfg.fabric)
                wrong = buffer_imbalance(*this, *link, end);
            if (!wrong.empty())
                return wrong;
        }
    /* Copies share a frame, so there may be fewer; more would be a leak. */
    if (Frame::live > seen.with_frame)
        return std::to_string(Frame::live) + " frames are kept in memory, but only " +
               std::to_string(seen.with_frame) + " are somewhere in the fabric";
    return std::string();
}

} // namespace icm
