/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agenda.cpp - see agenda.hpp. A binary heap, and a SystemC event notified for the time of its top. */
#include "interconnect-model/agenda.hpp"
#include <algorithm>
#include <tuple>

namespace icm
{

namespace
{
struct Later {
    bool operator()(const Due &a, const Due &b) const
    {
        return std::tie(a.at, a.rank, a.index, a.seq) > std::tie(b.at, b.rank, b.index, b.seq);
    }
};

sc_core::sc_time from_ps(vtime_t ps)
{
    return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(ps));
}

vtime_t clock_ps()
{
    return static_cast<vtime_t>(sc_core::sc_time_stamp().value());
}
} // namespace

Agenda::Agenda(sc_core::sc_module_name name) : sc_module(name), wake_("wake")
{
    SC_METHOD(execute);
    sensitive << wake_;
    dont_initialize();
}

void Agenda::add(vtime_t at, Rank rank, uint32_t index, Actor *actor, FrameRef frame, vtime_t own_ps)
{
    sc_assert(at >= now_);
    heap_.push_back(Due{at, rank, index, seq_++, actor, std::move(frame), own_ps});
    std::push_heap(heap_.begin(), heap_.end(), Later());
}

void Agenda::execute()
{
    now_ = clock_ps();
    while (!heap_.empty() && heap_.front().at == now_) {
        std::pop_heap(heap_.begin(), heap_.end(), Later());
        Due due = std::move(heap_.back());
        heap_.pop_back();
        due.actor->act(due);
    }
    if (next() < VTIME_NEVER)
        wake_.notify(from_ps(next() - now_));
}

void Agenda::run_until(vtime_t until)
{
    if (next() >= until)
        return;
    /* An injection may have become the earliest entry since the last notification. */
    wake_.notify(from_ps(next() - clock_ps()));
    /* SystemC does not run what is due exactly at the end of the interval: half-open, as ours. */
    sc_core::sc_start(from_ps(until - clock_ps()), sc_core::SC_RUN_TO_TIME);
}

} // namespace icm
