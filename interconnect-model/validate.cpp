/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate.cpp - what a configuration must satisfy. The caller's own checks (the scenario's) say it in better
 * words and with a line number; here it only protects the model.
 */
#include "interconnect-model/fabric.hpp"
#include <algorithm>
#include <set>

namespace icm
{

namespace
{
bool is_duration(vtime_t ps)
{
    return ps > 0 && ps < VTIME_NEVER;
}

bool is_valid_switch(const ic_switch_cfg &sw)
{
    return number_in(sw.mode) <= IC_CUT_THROUGH && is_duration(sw.latency_ps) &&
           (sw.fabric ? sw.radix > 0 : sw.table_size > 0 && sw.ageing_ps > 0);
}

bool is_valid_end(const ic_config &cfg, const ic_end &end)
{
    return number_in(end.kind) <= IC_END_SWITCH &&
           end.index < (end.kind == IC_END_PORT ? cfg.n_ports : cfg.n_switches);
}

/* Both ends are switches of the link's own world, or ports. */
bool is_of_one_world(const ic_config &cfg, const ic_link_cfg &link)
{
    return std::all_of(link.end, link.end + 2, [&](const ic_end &end) {
        return end.kind == IC_END_PORT || cfg.switches[end.index].fabric == link.fabric;
    });
}

bool is_valid_in_fabric(const ic_link_cfg &link)
{
    return link.mtu_bytes >= packet_header_bytes && link.buffer_bytes >= link.mtu_bytes && link.tx_ps >= 0 &&
           link.tx_ps < VTIME_NEVER && link.rx_ps >= 0 && link.rx_ps < VTIME_NEVER &&
           (link.training_ps == 0 || link.training_ps > link.tx_ps);
}

bool is_valid_link(const ic_config &cfg, const ic_link_cfg &link)
{
    return is_valid_end(cfg, link.end[0]) && is_valid_end(cfg, link.end[1]) &&
           (link.end[0].kind != link.end[1].kind || link.end[0].index != link.end[1].index) &&
           is_duration(link.delay_ps) && link.rate_bps > 0 && link.mtu_bytes > 0 && link.queue_bytes > 0 &&
           link.training_ps >= 0 && link.training_ps < VTIME_NEVER && is_of_one_world(cfg, link) &&
           (!link.fabric || is_valid_in_fabric(link));
}
} // namespace

bool is_valid(const ic_config &cfg)
{
    if (!cfg.ops.deliver || (cfg.n_switches && !cfg.switches) || (cfg.n_links && !cfg.links))
        return false;
    for (unsigned i = 0; i < cfg.n_switches; i++)
        if (!is_valid_switch(cfg.switches[i]))
            return false;
    std::vector<unsigned> uses(cfg.n_ports), links_of(cfg.n_switches);
    std::set<uint16_t> nodes;
    for (unsigned i = 0; i < cfg.n_links; i++) {
        if (!is_valid_link(cfg, cfg.links[i]))
            return false;
        for (unsigned k = 0; k < 2; k++) {
            const ic_end &end = cfg.links[i].end[k];
            if (end.kind == IC_END_SWITCH) {
                links_of[end.index]++;
                continue;
            }
            uses[end.index]++;
            if (cfg.links[i].fabric && !nodes.insert(cfg.links[i].node[k]).second)
                return false;
        }
    }
    for (unsigned i = 0; i < cfg.n_switches; i++)
        if (cfg.switches[i].fabric && links_of[i] > cfg.switches[i].radix)
            return false;
    return std::all_of(uses.begin(), uses.end(), [](unsigned n) { return n == 1; }) && are_valid_faults(cfg);
}

} // namespace icm
