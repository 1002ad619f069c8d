/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fabric.cpp - builds the modules and binds their sockets, in the order of the configuration. */
#include "interconnect-model/fabric.hpp"

namespace icm
{

namespace
{
std::string numbered(const char *what, size_t index)
{
    return what + std::to_string(index);
}
} // namespace

Fabric::Fabric(const ic_config &cfg, Routes routes_)
    : outside{cfg.ops, cfg.ctx}, routes(std::move(routes_)), agenda("agenda")
{
    add_links(cfg);
    add_ports(cfg);
    add_switches(cfg);
    if (cfg.n_faults)
        faults = std::make_unique<Faults>(cfg, agenda, outside, links);
    sc_core::sc_start(sc_core::SC_ZERO_TIME); /* elaborates */
}

void Fabric::add_links(const ic_config &cfg)
{
    for (unsigned i = 0; i < cfg.n_links; i++) {
        const ic_link_cfg &link = cfg.links[i];
        vtime_t lag_ps[2] = {0, 0};
        for (unsigned end = 0; end < 2; end++)
            if (link.end[end].kind == IC_END_PORT && link.end[!end].kind == IC_END_SWITCH)
                lag_ps[end] = port_lag_ps(link, cfg.switches[link.end[!end].index]);
        links.push_back(std::make_unique<Link>(numbered("link", i).c_str(), agenda, outside, i, link, lag_ps,
                                               routes.layers()));
    }
}

void Fabric::add_ports(const ic_config &cfg)
{
    for (unsigned i = 0; i < cfg.n_ports; i++)
        ports.push_back(std::make_unique<Port>(numbered("port", i).c_str(), agenda, outside, i));
    for (const auto &link : links)
        for (unsigned end = 0; end < 2; end++) {
            const ic_end &here = link->cfg.end[end], &there = link->cfg.end[!end];
            if (here.kind == IC_END_PORT) /* a switch passes no runts on */
                ports[here.index]->attach(*link, end,
                                          link->cfg.fabric            ? packet_header_bytes
                                          : there.kind == IC_END_PORT ? 1
                                                                      : header_bytes);
        }
}

void Fabric::add_switches(const ic_config &cfg)
{
    std::vector<std::vector<Attachment>> attachments(cfg.n_switches);
    for (const auto &link : links)
        for (unsigned end = 0; end < 2; end++)
            if (link->cfg.end[end].kind == IC_END_SWITCH)
                attachments[link->cfg.end[end].index].push_back({*link, link->end(end), link->end(!end)});
    for (unsigned i = 0; i < cfg.n_switches; i++) {
        const std::string name = numbered("switch", i);
        fabric_switch_of_.push_back(nullptr);
        if (cfg.switches[i].fabric) {
            fabric_switches.push_back(std::make_unique<FabricSwitch>(name.c_str(), agenda, routes, i,
                                                                     cfg.switches[i], attachments[i]));
            fabric_switch_of_.back() = fabric_switches.back().get();
        } else {
            switches.push_back(
                std::make_unique<Switch>(name.c_str(), agenda, cfg.switches[i], attachments[i]));
        }
    }
}

const FabricSwitch *Fabric::fabric_switch(const ic_link_cfg &link, unsigned end) const
{
    return link.fabric && link.end[end].kind == IC_END_SWITCH ? fabric_switch_of_[link.end[end].index]
                                                              : nullptr;
}

} // namespace icm
