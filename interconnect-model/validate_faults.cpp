/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate_faults.cpp - what faults must satisfy; see validate.cpp, which has checked everything else before.
 */
#include "interconnect-model/fabric.hpp"
#include <algorithm>
#include <set>

namespace icm
{

namespace
{
bool is_valid_match(const ic_match &match)
{
    return match.queue >= -1 && match.queue <= UINT8_MAX && (match.n_bytes == 0 || match.bytes);
}

bool is_any(const ic_match &match)
{
    return match.any_kind && !match.from && !match.to && match.queue < 0;
}

/* The ends exist, and the fault can do there what it is for. */
bool are_valid_ends(const ic_config &cfg, const ic_fault_cfg &fault)
{
    std::set<std::pair<unsigned, unsigned>> seen;
    if (fault.n_ends && !fault.ends)
        return false;
    return std::all_of(fault.ends, fault.ends + fault.n_ends, [&](const ic_link_end_ref &ref) {
        if (ref.link >= cfg.n_links || ref.end > 1 || !seen.insert({ref.link, ref.end}).second)
            return false;
        const ic_link_cfg &link = cfg.links[ref.link];
        if (fault.kind == IC_FAULT_RATE && fault.rate_bps > link.rate_bps)
            return false;
        if (fault.kind == IC_FAULT_STARVE && !link.fabric)
            return false;
        return fault.kind == IC_FAULT_NONE || !fault.match.to || link.fabric ||
               link.end[!ref.end].kind == IC_END_PORT;
    });
}

bool has_valid_times(const ic_fault_cfg &fault)
{
    return fault.from_ps >= 0 && fault.from_ps < fault.until_ps && fault.until_ps <= VTIME_NEVER &&
           (!fault.triggered || (is_valid_match(fault.trigger) && fault.nth > 0 && fault.duration_ps > 0 &&
                                 fault.duration_ps <= VTIME_NEVER));
}

/* What only some kinds look at. */
bool has_valid_action(const ic_fault_cfg &fault)
{
    const bool has_delay = fault.delay_ps >= 0 && fault.delay_ps < VTIME_NEVER;
    const bool has_jitter = fault.jitter_ps >= 0 && fault.jitter_ps < VTIME_NEVER;
    switch (fault.kind) {
    case IC_FAULT_DELAY:
        return has_delay && has_jitter && (fault.delay_ps > 0 || fault.jitter_ps > 0);
    case IC_FAULT_REORDER:
        return has_delay && fault.delay_ps > 0;
    case IC_FAULT_RATE:
        return fault.rate_bps > 0;
    case IC_FAULT_DOWN:
        return fault.period_ps == 0 || (fault.low_ps > 0 && fault.low_ps <= fault.period_ps);
    case IC_FAULT_STARVE:
        return is_any(fault.match);
    default:
        return true;
    }
}

bool is_valid_fault(const ic_config &cfg, const ic_fault_cfg &fault)
{
    if (number_in(fault.kind) >= IC_FAULT_KINDS || !has_valid_times(fault) || fault.ppb > 1000000000)
        return false;
    if (fault.kind != IC_FAULT_NONE && (fault.n_ends == 0 || !is_valid_match(fault.match)))
        return false;
    return has_valid_action(fault) && are_valid_ends(cfg, fault);
}
} // namespace

bool are_valid_faults(const ic_config &cfg)
{
    if (cfg.n_faults && !cfg.faults)
        return false;
    for (unsigned i = 0; i < cfg.n_faults; i++)
        if (!is_valid_fault(cfg, cfg.faults[i]))
            return false;
    return true;
}

} // namespace icm
