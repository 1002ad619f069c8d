/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlist.c - see netlist.h. */
#include "sim/netlist.h"
#include "devices/fabric/fabric_wire.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_OVERHEAD_BYTES = 24 }; /* IEEE 802.3: preamble and start delimiter 8, check sequence 4, gap 12 */

unsigned netlist_nics(const struct scn_node *n)
{
    return n->n_nics + n->adapter;
}

static struct ic_end end_of(const struct netlist *n, const struct scenario *s, const struct scn_end *end)
{
    if (end->is_switch)
        return (struct ic_end){IC_END_SWITCH, end->index};
    unsigned nic = end->adapter ? s->nodes[end->index].n_nics : end->nic;
    return (struct ic_end){IC_END_PORT, n->port_of[end->index][nic]};
}

static struct ic_switch_cfg switch_of(const struct scn_switch *sw)
{
    return (struct ic_switch_cfg){.name = sw->name,
                                  .fabric = sw->fabric,
                                  .radix = sw->radix,
                                  .mode = sw->cut_through ? IC_CUT_THROUGH : IC_STORE_AND_FORWARD,
                                  .latency_ps = sw->latency_ps,
                                  .table_size = sw->table_size,
                                  .ageing_ps = sw->ageing_ps};
}

static struct ic_link_cfg link_of(const struct netlist *n, const struct scenario *s, const struct scn_link *l)
{
    return (struct ic_link_cfg){.name = l->name,
                                .end = {end_of(n, s, &l->end[0]), end_of(n, s, &l->end[1])},
                                .delay_ps = l->delay_ps,
                                .rate_bps = l->rate_bps,
                                .mtu_bytes = l->fabric ? FAB_HEADER_BYTES + l->mtu_bytes : l->mtu_bytes,
                                .queue_bytes = l->queue_bytes,
                                .overhead_bytes = l->fabric ? l->framing_bytes : WIRE_OVERHEAD_BYTES,
                                .training_ps = l->training_ps,
                                .fabric = l->fabric,
                                .node = {(uint16_t)l->end[0].index, (uint16_t)l->end[1].index},
                                .tx_ps = l->tx_ps,
                                .rx_ps = l->rx_ps,
                                .buffer_bytes = l->buffer_bytes,
                                .dimension = l->dimension};
}

struct netlist *netlist_new(const struct scenario *s)
{
    struct netlist *n = calloc(1, sizeof *n);
    assert(n);
    n->switches = calloc(s->n_switches + 1, sizeof *n->switches);
    n->links = calloc(s->n_links + 1, sizeof *n->links);
    assert(n->switches && n->links);
    for (unsigned i = 0; i < s->n_nodes; i++)
        for (unsigned k = 0; k < netlist_nics(&s->nodes[i]); k++) {
            n->owner[n->n_ports].node = i;
            n->owner[n->n_ports].nic = k;
            n->port_of[i][k] = n->n_ports++;
        }
    for (unsigned i = 0; i < s->n_switches; i++)
        n->switches[i] = switch_of(&s->switches[i]);
    for (unsigned i = 0; i < s->n_links; i++)
        n->links[i] = link_of(n, s, &s->links[i]);
    return n;
}

const char *netlist_why(int error)
{
    return error == EDEADLK
               ? "with the dimensions given to its links, packets could wait for each other for ever"
               : strerror(error);
}

void netlist_free(struct netlist *n)
{
    if (!n)
        return;
    free(n->switches);
    free(n->links);
    free(n);
}
