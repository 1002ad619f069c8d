/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_session.h - one debugging session: a run in a process of its own, a socket for gdb, perhaps a gdb.
 *
 *   gdb <--- socket ---> session (gdb_server.c, debug_rack.c) <--- mailbox ---> run, QEMUs
 *
 * The run ends when it ends, not when gdb does; while nobody looks, it goes on. It is started again when gdb
 * goes back in time.
 */
#ifndef COB_DEBUG_SESSION_H
#define COB_DEBUG_SESSION_H

#include "sim/debug_rack.h"

struct session_config {
    struct scenario *scn;                /* gdb may add faults */
    char *const *run_args;               /* of `cob run` or `cob replay`, that word first; NULL at the end */
    int only_node;                       /* it is a replay of this node alone; -1: a run */
    const char *socket;                  /* path; NULL: a port of the loopback interface */
    unsigned port;                       /* 0: any */
    bool start_stopped;                  /* else the run goes on until gdb connects */
    vtime_t at_ps;                       /* stop there first; 0: at the start */
    const struct debug_filter *at_event; /* or at this message or fault; NULL: none */
    char *const *gdb;                    /* command line of gdb, NULL: none is started */
    const char *commands;                /* file to be written for gdb: how to connect, symbols */
    const char *kernel_symbols[PORT_MAX_NODES]; /* of nodes with a stock kernel; NULL: none */
};

/* Blocks until the run has ended. Its exit status, or EXIT_ENVIRONMENT with a message on stderr. */
int session_run(const struct session_config *c);

#endif
