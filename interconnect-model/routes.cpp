/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes.cpp - see routes.hpp. */
#include "interconnect-model/routes.hpp"
#include <algorithm>
#include <deque>

namespace icm
{

namespace
{
/* splitmix64's finish: every bit of the result depends on every bit of the key. */
uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
} // namespace

Routes::Routes(const ic_config &cfg) : n_switches_(cfg.n_switches)
{
    find_sites(cfg);
    find_hops(cfg);
    find_ways();
    if (!has_circle() || cfg.may_deadlock)
        return;
    turns_ = true;
    if (has_circle())
        throw RoutesDeadlock();
}

void Routes::find_sites(const ic_config &cfg)
{
    for (unsigned i = 0; i < cfg.n_links; i++)
        for (unsigned end = 0; end < 2; end++) {
            const ic_link_cfg &link = cfg.links[i];
            if (!link.fabric || link.end[end].kind != IC_END_PORT || link.end[!end].kind != IC_END_SWITCH)
                continue;
            if (link.node[end] >= sites_.size())
                sites_.resize(link.node[end] + 1u, Site{unreachable, 0});
            sites_[link.node[end]] = Site{link.end[!end].index, i};
        }
}

void Routes::find_hops(const ic_config &cfg)
{
    hop_of_.resize(2 * cfg.n_links, -1);
    for (unsigned i = 0; i < cfg.n_links; i++) {
        const ic_link_cfg &link = cfg.links[i];
        if (!link.fabric || link.end[0].kind != IC_END_SWITCH || link.end[1].kind != IC_END_SWITCH)
            continue;
        for (unsigned end = 0; end < 2; end++) {
            const unsigned from = link.end[end].index, to = link.end[!end].index;
            hop_of_[2 * i + (from > to)] = static_cast<int>(hops_.size());
            hops_.push_back(Hop{i, from, to, link.dimension});
        }
    }
}

std::vector<unsigned> Routes::distances_to(unsigned target) const
{
    std::vector<unsigned> distance(n_switches_, unreachable);
    std::deque<unsigned> next = {target};
    distance[target] = 0;
    for (; !next.empty(); next.pop_front())
        for (const Hop &hop : hops_)
            if (hop.to == next.front() && distance[hop.from] == unreachable) {
                distance[hop.from] = distance[hop.to] + 1;
                next.push_back(hop.from);
            }
    return distance;
}

void Routes::find_ways()
{
    ways_.resize(static_cast<size_t>(n_switches_) * n_switches_);
    for (unsigned target = 0; target < n_switches_; target++) {
        const std::vector<unsigned> distance = distances_to(target);
        for (unsigned i = 0; i < hops_.size(); i++) {
            const Hop &hop = hops_[i];
            if (distance[hop.to] == unreachable || distance[hop.to] + 1 != distance[hop.from])
                continue;
            std::vector<unsigned> &ways = ways_[hop.from * n_switches_ + target];
            if (!ways.empty() && hops_[ways.front()].dimension > hop.dimension)
                ways.clear();
            if (ways.empty() || hops_[ways.front()].dimension == hop.dimension)
                ways.push_back(i);
        }
    }
}

int Routes::next_link(unsigned sw, const fab_wire &head) const
{
    if (head.dst >= sites_.size() || sites_[head.dst].sw == unreachable)
        return -1;
    const Site &site = sites_[head.dst];
    if (site.sw == sw)
        return static_cast<int>(site.link);
    const std::vector<unsigned> &ways = ways_[sw * n_switches_ + site.sw];
    if (ways.empty())
        return -1;
    const uint64_t flow = static_cast<uint64_t>(sw) << 40 | static_cast<uint64_t>(head.src) << 24 |
                          static_cast<uint64_t>(head.dst) << 8 | head.queue;
    return static_cast<int>(hops_[ways[mix(flow) % ways.size()]].link);
}

unsigned Routes::turn(const Hop &in, unsigned layer, const Hop &out) const
{
    if (!turns_)
        return 0;
    if (out.dimension > in.dimension)
        return 0;
    return layer + (in.to < in.from && out.to > out.from);
}

unsigned Routes::next_layer(unsigned sw, unsigned in, unsigned layer, unsigned out) const
{
    /* Of the two directions of `in` the one that ends here, of those of `out` the one that starts here. */
    int from = hop_of_[2 * in], to = hop_of_[2 * out];
    if (from < 0 || to < 0)
        return 0;
    if (hops_[from].to != sw)
        from = hop_of_[2 * in + 1];
    if (hops_[to].from != sw)
        to = hop_of_[2 * out + 1];
    return turn(hops_[from], layer, hops_[to]);
}

/*
 * Walks all ways from every switch with an adapter to every other one, notes which buffer (hop, layer) waits
 * for which, and looks for a circle. Sets layers_ to what the walks used.
 */
bool Routes::has_circle()
{
    const unsigned n = static_cast<unsigned>(hops_.size()) * max_layers;
    std::vector<std::vector<unsigned>> after(n);
    std::vector<char> is_site(n_switches_);
    layers_ = 1;
    for (const Site &site : sites_)
        if (site.sw != unreachable)
            is_site[site.sw] = 1;
    for (unsigned target = 0; target < n_switches_; target++) {
        std::vector<char> seen(is_site[target] ? n : 0);
        std::vector<unsigned> todo;
        auto visit = [&](unsigned buffer) {
            if (!seen[buffer]) {
                seen[buffer] = 1;
                todo.push_back(buffer);
                layers_ = std::max(layers_, buffer % max_layers + 1);
            }
        };
        for (unsigned sw = 0; is_site[target] && sw < n_switches_; sw++)
            for (unsigned hop : ways_[sw * n_switches_ + target])
                if (is_site[sw])
                    visit(hop * max_layers);
        while (!todo.empty()) {
            const unsigned buffer = todo.back();
            const Hop &in = hops_[buffer / max_layers];
            todo.pop_back();
            for (unsigned hop : ways_[in.to * n_switches_ + target]) {
                const unsigned layer = turn(in, buffer % max_layers, hops_[hop]);
                if (layer == max_layers)
                    return true; /* no order either, as far as we go */
                after[buffer].push_back(hop * max_layers + layer);
                visit(hop * max_layers + layer);
            }
        }
    }
    /* Takes away buffers that nobody waits for; what remains in the end waits in a circle. */
    std::vector<unsigned> before(n), free_ones;
    size_t left = n;
    for (const auto &list : after)
        for (unsigned buffer : list)
            before[buffer]++;
    for (unsigned buffer = 0; buffer < n; buffer++)
        if (before[buffer] == 0)
            free_ones.push_back(buffer);
    for (; !free_ones.empty(); left--) {
        const unsigned buffer = free_ones.back();
        free_ones.pop_back();
        for (unsigned next : after[buffer])
            if (--before[next] == 0)
                free_ones.push_back(next);
    }
    return left > 0;
}

} // namespace icm
