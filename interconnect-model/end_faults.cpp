/* SPDX-License-Identifier: GPL-2.0-or-later */
/* end_faults.cpp - what faults do to packets and credits at one sending end; see faults.hpp. */
#include "interconnect-model/dice.hpp"
#include "interconnect-model/faults.hpp"

namespace icm
{

namespace
{
constexpr uint64_t certain_ppb = 1000000000;

bool is_by_chance(ic_fault_kind kind)
{
    return kind == IC_FAULT_LOSS || kind == IC_FAULT_CORRUPT || kind == IC_FAULT_DUPLICATE ||
           kind == IC_FAULT_REORDER;
}
} // namespace

EndFaults::EndFaults(Faults &faults, const ic_link_cfg &link, unsigned link_index, unsigned end)
    : faults_(faults), link_(link), index_(2 * link_index + end),
      far_port_(link.end[!end].kind == IC_END_PORT ? static_cast<int>(link.end[!end].index) : -1)
{
}

void EndFaults::add(Fault &fault)
{
    acting_.push_back({&fault, stream_key(fault.cfg.seed, index_), 0});
}

/* The port that a packet is for, -1: not known here. */
int EndFaults::receiver(const Frame &frame) const
{
    if (!link_.fabric)
        return far_port_;
    uint16_t dst;
    std::memcpy(&dst, frame.bytes() + offsetof(fab_wire, dst), sizeof dst);
    return faults_.port_of_node(dst);
}

void EndFaults::count(const Frame &frame, vtime_t start_ps)
{
    for (Fault *fault : watching_)
        if (fault->trigger.holds(frame, link_.fabric, receiver(frame)) &&
            fault->count(index_, start_ps, faults_.now(), frame))
            faults_.triggered(*fault);
}

Fate EndFaults::decide(const FrameRef &frame, vtime_t start_ps, bool is_copy)
{
    Fate fate = {frame, link_.rate_bps, 0, IC_DROP_NONE, 0};
    copiers_.clear();
    const int to = receiver(*frame);
    for (Acting &acting : acting_)
        if (acting.fault->match.holds(*frame, link_.fabric, to) &&
            !(is_copy && acting.fault->cfg.kind == IC_FAULT_DUPLICATE))
            act(acting, fate, start_ps);
    return fate;
}

void EndFaults::lose(Fault &fault, Fate &fate, vtime_t at_ps, ic_drop why)
{
    fate.lost = why;
    fate.lost_ps = at_ps;
    fault.hit(index_, Hit{at_ps, 0, &*fate.frame});
}

/* The packet matches. */
void EndFaults::act(Acting &acting, Fate &fate, vtime_t start_ps)
{
    Fault &fault = *acting.fault;
    const ic_fault_cfg &cfg = fault.cfg;
    const uint32_t len = fate.frame->len, header = header_bytes_of(link_);
    const vtime_t duration = serialisation_ps(link_, fate.rate_bps, len);

    if (cfg.kind == IC_FAULT_DOWN) {
        const vtime_t last =
            vtime_add(vtime_add(start_ps, duration), vtime_add(link_.delay_ps, fate.late_ps));
        const vtime_t lost = fault.lost_ps(index_, start_ps, last);
        if (lost < VTIME_NEVER && fate.lost == IC_DROP_NONE)
            lose(fault, fate, lost, IC_DROP_LINK_DOWN);
        return;
    }
    if (cfg.kind == IC_FAULT_STARVE || !fault.active(index_, start_ps) ||
        (cfg.kind == IC_FAULT_CORRUPT && len <= header))
        return;
    const uint64_t chance = draw(acting.key, 2 * acting.eligible),
                   amount = draw(acting.key, 2 * acting.eligible + 1);
    acting.eligible++;
    if (fate.lost != IC_DROP_NONE || (is_by_chance(cfg.kind) && below(chance, certain_ppb) >= cfg.ppb))
        return;

    uint64_t value = 0;
    switch (cfg.kind) {
    case IC_FAULT_LOSS:
        lose(fault, fate, start_ps, IC_DROP_FAULT);
        return;
    case IC_FAULT_DUPLICATE:
        copiers_.push_back(&fault);
        return;
    case IC_FAULT_RATE:
        if (cfg.rate_bps >= fate.rate_bps)
            return;
        fate.rate_bps = cfg.rate_bps;
        value = static_cast<uint64_t>(serialisation_ps(link_, fate.rate_bps, len) - duration);
        break;
    case IC_FAULT_DELAY:
        value = static_cast<uint64_t>(vtime_max(
            0, cfg.delay_ps - cfg.jitter_ps +
                   static_cast<vtime_t>(below(amount, 2 * static_cast<uint64_t>(cfg.jitter_ps) + 1))));
        break;
    case IC_FAULT_REORDER:
        value = static_cast<uint64_t>(cfg.delay_ps);
        break;
    case IC_FAULT_CORRUPT:
        value = 8 * static_cast<uint64_t>(header) + below(amount, 8 * static_cast<uint64_t>(len - header));
        fate.frame = fate.frame.with_bit_flipped(value);
        break;
    default:
        return;
    }
    if (cfg.kind == IC_FAULT_DELAY || cfg.kind == IC_FAULT_REORDER)
        fate.late_ps = vtime_add(fate.late_ps, static_cast<vtime_t>(value));
    fault.hit(index_, Hit{start_ps, value, &*fate.frame});
}

vtime_t EndFaults::hold_credit(vtime_t at_ps, uint32_t bytes)
{
    for (size_t i = 0; i < acting_.size(); i++) {
        Fault &fault = *acting_[i].fault;
        if (fault.cfg.kind != IC_FAULT_STARVE || !fault.active(index_, at_ps))
            continue;
        const vtime_t end = fault.end_ps();
        fault.hit(index_, Hit{at_ps, bytes, nullptr});
        at_ps = end;
        i = SIZE_MAX; /* another one, before it in the list, may be active then */
    }
    return at_ps;
}

} // namespace icm
