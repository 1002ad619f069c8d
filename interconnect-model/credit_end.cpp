/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit_end.cpp - see credit_end.hpp; the adapter's end is in adapter_end.cpp. */
#include "interconnect-model/credit_end.hpp"
#include "interconnect-model/faults.hpp"
#include <algorithm>

namespace icm
{

fab_wire packet_header(const Frame &frame)
{
    fab_wire head;
    std::memcpy(&head, frame.bytes(), sizeof head);
    return head;
}

CreditEnd::CreditEnd(sc_core::sc_module_name name, Link &link, unsigned end, vtime_t lag_ps, unsigned layers)
    : LinkEnd(name, link, end, lag_ps), layers_(layers), channels_(classes * layers)
{
    for (Channel &channel : channels_)
        channel.credit = link.cfg.buffer_bytes;
}

void CreditEnd::set_lanes(std::vector<Lane *> lanes)
{
    lanes_ = std::move(lanes);
    offers_.resize(lanes_.size());
}

ic_drop CreditEnd::judge(const Frame &frame) const
{
    return frame.len > link_.cfg.mtu_bytes ? IC_DROP_TOO_LONG : IC_DROP_NONE;
}

void CreditEnd::accept(const FrameRef &frame)
{
    count_waiting(frame);
    /* What happens at an adapter's end is heard of late, its pipeline included (link.hpp). */
    link_.want(end_, link_.agenda.now() - link_.late_ps(end_));
}

void CreditEnd::offer(unsigned lane, Offer offer)
{
    channels_[offer.vc].offers++;
    n_offers_++;
    vtime_t at = vtime_max(offer.not_before_ps, busy_until_ps_);
    offers_[lane] = std::move(offer);
    choose_at(at);
}

void CreditEnd::give_back(uint32_t vc, uint32_t bytes, vtime_t at_ps)
{
    if (faults_)
        at_ps = faults_->hold_credit(at_ps, bytes);
    Channel &channel = channels_[vc];
    auto place = channel.returning.end();
    while (place != channel.returning.begin() && (place - 1)->at_ps > at_ps)
        --place;
    channel.returning.insert(place, Returning{at_ps, bytes});
    if (channel.offers)
        choose_at(vtime_max(at_ps, busy_until_ps_));
}

void CreditEnd::hold_credits()
{
    for (Channel &channel : channels_) {
        for (Returning &r : channel.returning)
            r.at_ps = faults_->hold_credit(r.at_ps, r.bytes);
        std::stable_sort(channel.returning.begin(), channel.returning.end(),
                         [](const Returning &a, const Returning &b) { return a.at_ps < b.at_ps; });
    }
}

/* Takes in the credits that have come back. */
void CreditEnd::collect(Channel &channel, vtime_t now_ps) const
{
    while (!channel.returning.empty() && channel.returning.front().at_ps <= now_ps) {
        channel.credit += channel.returning.front().bytes;
        channel.returning.pop_front();
    }
}

bool CreditEnd::is_ready(const Offer &offer, vtime_t now_ps) const
{
    return offer.frame && offer.not_before_ps <= now_ps && channels_[offer.vc].credit >= offer.frame->len;
}

/* When the offer can be sent at the earliest, as far as is known now. */
vtime_t CreditEnd::ready_ps(const Offer &offer, vtime_t now_ps) const
{
    const Channel &channel = channels_[offer.vc];
    uint64_t credit = channel.credit;
    vtime_t at = vtime_max(now_ps, offer.not_before_ps);
    for (auto r = channel.returning.begin(); credit < offer.frame->len; ++r) {
        if (r == channel.returning.end())
            return VTIME_NEVER;
        credit += r->bytes;
        at = vtime_max(at, r->at_ps);
    }
    return at;
}

void CreditEnd::choose_at(vtime_t at_ps)
{
    at_ps = vtime_max(at_ps, local());
    if (at_ps >= choice_ps_)
        return;
    choice_ps_ = at_ps;
    bool is_port = link_.cfg.end[end_].kind == IC_END_PORT;
    link_.agenda.add(vtime_add(at_ps, lag_ps()), is_port ? Rank::Emit : Rank::Grant, index(), this,
                     FrameRef(), at_ps);
}

void CreditEnd::act(Due &due)
{
    if (due.rank == Rank::Arrive) {
        LinkEnd::act(due);
    } else if (due.own_ps == choice_ps_) { /* else an earlier choice was put on the agenda later */
        choice_ps_ = VTIME_NEVER;
        choose();
    }
}

void CreditEnd::pump()
{
    if (n_offers_)
        choose_at(local());
}

void CreditEnd::end_stalls(vtime_t now_ps)
{
    for (Channel &channel : channels_)
        if (channel.stalled_since_ps < VTIME_NEVER) {
            channel.stats.stall_ps += now_ps - channel.stalled_since_ps;
            channel.stalled_since_ps = VTIME_NEVER;
        }
}

/* Sends from the lane whose turn it is, or plans the next choice. */
void CreditEnd::choose()
{
    const vtime_t now = local();
    if (!n_offers_ || link_.up_ps() >= VTIME_NEVER)
        return; /* pump() when it is known when the link is up */
    if (vtime_max(busy_until_ps_, link_.up_ps()) > now) {
        choose_at(vtime_max(busy_until_ps_, link_.up_ps()));
        return;
    }
    for (Channel &channel : channels_)
        collect(channel, now);
    const unsigned n = static_cast<unsigned>(lanes_.size());
    unsigned lane = 0, tried = 0;
    while (tried < n && !is_ready(offers_[lane = (next_lane_ + tried) % n], now))
        tried++;
    if (tried < n) {
        end_stalls(now);
        next_lane_ = (lane + 1) % n;
        n_offers_--;
        Offer offer = std::move(offers_[lane]);
        offers_[lane] = Offer();
        channels_[offer.vc].offers--;
        lanes_[lane]->granted(std::move(offer));
        if (n_offers_)
            choose_at(busy_until_ps_);
        return;
    }
    vtime_t next = VTIME_NEVER;
    for (const Offer &offer : offers_) {
        if (!offer.frame)
            continue;
        next = vtime_min(next, ready_ps(offer, now));
        if (offer.not_before_ps <= now)
            channels_[offer.vc].stalled_since_ps = vtime_min(channels_[offer.vc].stalled_since_ps, now);
        else /* not only for the credit's sake: it may have to be told as stalled then */
            next = vtime_min(next, offer.not_before_ps);
    }
    if (next < VTIME_NEVER)
        choose_at(next);
}

void CreditEnd::take(Transfer &transfer)
{
    put_on_wire(transfer.frame, transfer.vc);
}

bool CreditEnd::take_room(uint32_t vc, uint32_t len)
{
    Channel &channel = channels_[vc];
    if (channel.credit < len)
        return false;
    channel.credit -= len;
    channel.stats.peak_bytes = std::max(channel.stats.peak_bytes, link_.cfg.buffer_bytes - channel.credit);
    return true;
}

void CreditEnd::put_on_wire(FrameRef frame, uint32_t vc)
{
    sc_assert(busy_until_ps_ <= local());
    if (!take_room(vc, frame->len))
        sc_assert(false); /* choose() has seen to that */
    channels_[vc].stats.sent_packets++;
    channels_[vc].stats.sent_bytes += frame->len;
    transmit(std::move(frame), vc);
}

void CreditEnd::departed(uint32_t vc, uint32_t len, vtime_t last_ps, bool lost)
{
    /* An adapter takes what comes: its buffer holds a packet until the last bit is in. */
    if (lost || link_.cfg.end[!end_].kind == IC_END_PORT)
        give_back(vc, len, vtime_add(last_ps, link_.cfg.delay_ps));
}

VcStats CreditEnd::vc_stats(unsigned vc, vtime_t fabric_now_ps) const
{
    Channel now = channels_[vc];
    collect(now, fabric_now_ps - lag_ps());
    now.stats.credit_bytes = now.credit;
    return now.stats;
}

uint64_t CreditEnd::free_bytes(unsigned vc) const
{
    uint64_t sum = channels_[vc].credit;
    for (const Returning &r : channels_[vc].returning)
        sum += r.bytes;
    return sum;
}

} // namespace icm
