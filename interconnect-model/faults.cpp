/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faults.cpp - when faults are active, and their bookkeeping; what they do to packets is in end_faults.cpp.
 * See faults.hpp. */
#include "interconnect-model/faults.hpp"
#include <algorithm>

namespace icm
{

Fault::Fault(const ic_config &config, unsigned index_, const Outside &outside)
    : cfg(config.faults[index_]), index(index_), match(cfg.match, config.n_ports),
      trigger(cfg.triggered ? cfg.trigger : ic_match{}, config.n_ports), outside_(outside),
      begin_ps_(cfg.triggered ? VTIME_NEVER : cfg.from_ps),
      end_ps_(cfg.triggered ? VTIME_NEVER : cfg.until_ps)
{
}

vtime_t Fault::begin_at(uint32_t end) const
{
    return end == trigger_end_ ? trigger_ps_ : begin_ps_;
}

bool Fault::active(uint32_t end, vtime_t t_ps) const
{
    return !over_ && begin_at(end) <= t_ps && t_ps < end_ps_;
}

vtime_t Fault::lost_ps(uint32_t end, vtime_t start_ps, vtime_t last_ps) const
{
    if (over_ || begin_ps_ >= VTIME_NEVER || (cfg.triggered && start_ps < begin_at(end)))
        return VTIME_NEVER;
    if (cfg.triggered && start_ps < begin_ps_)
        return start_ps < end_ps_ ? start_ps : VTIME_NEVER; /* as if the first period began earlier */
    const vtime_t low_ps = cfg.period_ps ? cfg.low_ps : VTIME_NEVER;
    vtime_t low = begin_ps_;
    if (cfg.period_ps && start_ps > begin_ps_)
        low = start_ps - (start_ps - begin_ps_) % cfg.period_ps;
    /* The period in which it starts, and those that begin while it is under way. */
    for (; low < end_ps_ && low < last_ps; low = vtime_add(low, cfg.period_ps)) {
        if (start_ps < vtime_min(vtime_add(low, low_ps), end_ps_))
            return vtime_max(start_ps, low);
        if (!cfg.period_ps)
            break;
    }
    return VTIME_NEVER;
}

bool Fault::count(uint32_t end, vtime_t start_ps, vtime_t now_ps, const Frame &frame)
{
    if (begin_ps_ < VTIME_NEVER || start_ps < cfg.from_ps || start_ps >= cfg.until_ps || ++counted_ < cfg.nth)
        return false;
    begin_ps_ = now_ps;
    end_ps_ = vtime_min(vtime_add(now_ps, cfg.duration_ps), cfg.until_ps);
    trigger_end_ = end;
    trigger_ps_ = start_ps;
    begun_ = true;
    if (cfg.kind == IC_FAULT_NONE)
        hits_ = 1;
    report(IC_FAULT_BEGIN, end, Hit{start_ps, 0, &frame});
    return true;
}

void Fault::hit(uint32_t end_index, const Hit &hit)
{
    begin();
    hits_++;
    report(IC_FAULT_HIT, end_index, hit);
    if (hits_ != cfg.count)
        return;
    over_ = true;
    if (!end_reported_)
        report(IC_FAULT_END, 0, Hit{hit.time_ps, 0, nullptr});
}

void Fault::begin()
{
    if (!begun_)
        report(IC_FAULT_BEGIN, 0, Hit{begin_ps_, 0, nullptr});
    begun_ = true;
}

void Fault::end()
{
    if (!over_) /* ends that lag behind the fabric's time may act yet */
        report(IC_FAULT_END, 0, Hit{end_ps_, 0, nullptr});
    end_reported_ = true;
}

void Fault::report(ic_fault_phase phase, uint32_t end, const Hit &hit) const
{
    if (!outside_.ops.event || cfg.kind == IC_FAULT_NONE)
        return;
    ic_event event = {};
    event.time_ps = hit.time_ps;
    event.kind = IC_EV_FAULT;
    event.link = end / 2;
    event.end = end & 1;
    if (hit.frame) {
        event.frame_id = hit.frame->id;
        event.len = hit.frame->len;
        event.data = hit.frame->bytes();
    }
    event.fault = {index, phase, hit.value};
    outside_.ops.event(outside_.ctx, &event);
}

/* ---- all of them ---- */

namespace
{
/* The order in which kinds act on a packet. */
unsigned turn(ic_fault_kind kind)
{
    static const ic_fault_kind turns[] = {IC_FAULT_RATE, IC_FAULT_DUPLICATE, IC_FAULT_DELAY, IC_FAULT_REORDER,
                                          IC_FAULT_LOSS, IC_FAULT_CORRUPT,   IC_FAULT_DOWN,  IC_FAULT_STARVE};
    return static_cast<unsigned>(std::find(std::begin(turns), std::end(turns), kind) - turns);
}

/* Is it at this end of a link that packets are counted for the trigger? */
bool is_counted_at(const Fault &fault, const ic_link_cfg &link, unsigned end)
{
    const bool late = !link.fabric && fault.trigger.needs_receiver();
    return fault.cfg.triggered && link.end[late ? !end : end].kind == IC_END_PORT;
}
} // namespace

Faults::Faults(const ic_config &cfg, Agenda &agenda, const Outside &outside,
               const std::vector<std::unique_ptr<Link>> &links)
    : agenda_(agenda), outside_(outside), ends_(2 * links.size()), starved_ends_(cfg.n_faults),
      port_of_node_(UINT16_MAX + 1, -1)
{
    auto at = [&](unsigned link, unsigned end) -> EndFaults & {
        std::unique_ptr<EndFaults> &here = ends_[2 * link + end];
        if (!here)
            here = std::make_unique<EndFaults>(*this, links[link]->cfg, link, end);
        links[link]->end(end).suffer(here.get());
        return *here;
    };
    for (unsigned i = 0; i < cfg.n_faults; i++)
        all_.push_back(std::make_unique<Fault>(cfg, i, outside));
    std::vector<Fault *> by_turn;
    for (auto &fault : all_)
        by_turn.push_back(fault.get());
    std::stable_sort(by_turn.begin(), by_turn.end(),
                     [](const Fault *a, const Fault *b) { return turn(a->cfg.kind) < turn(b->cfg.kind); });
    for (Fault *fault : by_turn) {
        const ic_fault_cfg &what = cfg.faults[fault->index];
        for (unsigned k = 0; k < what.n_ends && what.kind != IC_FAULT_NONE; k++) {
            at(what.ends[k].link, what.ends[k].end).add(*fault);
            if (what.kind == IC_FAULT_STARVE)
                starved_ends_[fault->index].push_back(&links[what.ends[k].link]->end(what.ends[k].end));
        }
    }
    for (unsigned link = 0; link < links.size(); link++)
        for (unsigned end = 0; end < 2; end++) {
            const ic_link_cfg &here = links[link]->cfg;
            if (here.fabric && here.end[end].kind == IC_END_PORT)
                port_of_node_[here.node[end]] = static_cast<int>(here.end[end].index);
            for (auto &fault : all_)
                if (is_counted_at(*fault, here, end))
                    at(link, end).watch(*fault);
        }
    for (auto &fault : all_)
        if (!fault->cfg.triggered && fault->cfg.kind != IC_FAULT_NONE) {
            plan(fault->begin_ps(), *fault);
            plan(fault->end_ps(), *fault);
        }
}

void Faults::plan(vtime_t at_ps, const Fault &fault)
{
    if (at_ps < VTIME_NEVER) /* A triggered one may be over before the fabric comes to hear of it. */
        agenda_.add(vtime_max(at_ps, agenda_.now()), Rank::Fault, fault.index, this, FrameRef(), at_ps);
}

void Faults::act(Due &due)
{
    Fault &fault = *all_[due.index];
    if (due.own_ps < fault.end_ps())
        fault.begin();
    else
        fault.end();
}

void Faults::triggered(const Fault &fault)
{
    if (fault.cfg.kind == IC_FAULT_NONE) {
        if (outside_.ops.triggered)
            outside_.ops.triggered(outside_.ctx, fault.index, agenda_.now());
        return;
    }
    plan(fault.end_ps(), fault);
    for (LinkEnd *end : starved_ends_[fault.index])
        end->hold_credits();
}

} // namespace icm
