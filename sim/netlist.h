/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlist.h - a scenario's switches and links as the interconnect model wants them. */
#ifndef COB_NETLIST_H
#define COB_NETLIST_H

#include "interconnect-model/interconnect.h"
#include "sim/scenario.h"

struct netlist {
    struct ic_switch_cfg *switches;
    struct ic_link_cfg *links;
    unsigned n_ports;
    struct {
        unsigned node, nic; /* whose: nic counts the node's Ethernet interfaces, then its adapter */
    } owner[SCN_MAX_NODES * SCN_MAX_NICS];
    unsigned port_of[SCN_MAX_NODES][SCN_MAX_NICS];
};

/* Ports are numbered by node, then interface. The caller frees; names are the scenario's. */
struct netlist *netlist_new(const struct scenario *s);
void netlist_free(struct netlist *n); /* NULL is allowed */
/* Why ic_create() refused a netlist, from its errno. */
const char *netlist_why(int error);
/* Interfaces of a node in the netlist: those of Ethernet first, then the adapter. */
unsigned netlist_nics(const struct scn_node *n);

#endif
