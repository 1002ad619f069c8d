/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes.hpp - which way packets go through fabric switches, and why they cannot wait for each other for
 * ever.
 *
 * Ways are shortest in hops. Among the links that lead closer to the destination those of the lowest
 * dimension are taken (dimension order, in a torus), and among several of these one is picked by a hash of
 * (switch, src, dst, queue): what one queue sends to one node stays on one way, in order. All is computed
 * when the fabric is built and depends on nothing else.
 *
 * Deadlock. A packet holds room in one buffer while it waits for room in the next, so a circle of buffers,
 * each full of packets for the next, stands still for ever. It is enough that the buffers (link, direction,
 * virtual channel) have an order in which every packet only ever goes upwards. Hence layers: call a hop to a
 * switch of a higher index up, else down. A packet starts in layer 0 of a dimension and goes to the next
 * layer whenever it turns from down to up. Then (dimension, layer, first the up hops by ascending, then the
 * down hops by descending index of the switch left) is such an order. On a ring that is numbered all round
 * there is one such turn, at its end: the classical dateline, two layers. Trees and leaf-spine fabrics have
 * no circles and one layer. That the routes in use have no circle is not taken on trust: has_circle() looks
 * for one.
 *
 * Links to adapters take no part: nothing but new packets comes from there, and adapters take what arrives.
 */
#ifndef COB_INTERCONNECT_ROUTES_HPP
#define COB_INTERCONNECT_ROUTES_HPP

#include "interconnect-model/wire.hpp"
#include <exception>
#include <vector>

namespace icm
{

/* Dimensions given to links by hand for which no order of buffers was found. */
struct RoutesDeadlock : std::exception {
};

class Routes
{
  public:
    /* cfg is valid. Throws RoutesDeadlock. */
    explicit Routes(const ic_config &cfg);

    /* Layers of virtual channels of each class. */
    unsigned layers() const
    {
        return layers_;
    }
    /* The link by which a packet leaves switch `sw`, -1: its destination cannot be reached. */
    int next_link(unsigned sw, const fab_wire &head) const;
    /* The layer of a packet that came to switch `sw` in `layer` of link `in` and leaves it by link `out`. */
    unsigned next_layer(unsigned sw, unsigned in, unsigned layer, unsigned out) const;

  private:
    static constexpr unsigned max_layers = 64;
    static constexpr unsigned unreachable = ~0u;
    struct Hop { /* one direction of a link between two switches */
        unsigned link, from, to, dimension;
    };
    struct Site { /* where a node is */
        unsigned sw, link;
    };
    void find_sites(const ic_config &cfg);
    void find_hops(const ic_config &cfg);
    void find_ways();
    std::vector<unsigned> distances_to(unsigned target) const;
    bool has_circle();
    unsigned turn(const Hop &in, unsigned layer, const Hop &out) const;

    unsigned n_switches_, layers_ = 1;
    bool turns_ = false;
    std::vector<Hop> hops_;
    std::vector<int> hop_of_; /* [2 * link + (from > to)]: index into hops_, -1: leads to a port */
    std::vector<Site> sites_; /* by node id; sw: unreachable if there is no such adapter at a switch */
    std::vector<std::vector<unsigned>> ways_; /* [sw * n_switches + target]: indices of hops */
};

} // namespace icm
#endif
