/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_server.h - the server's half of the GDB remote protocol for a whole rack: each node a process (1 + its
 * index), each of its vCPUs a thread (1 + its index). All-stop: either all of the rack stands, or none of it.
 *
 *   bytes from gdb -> gdb_server_input -> struct gdb_target (the rack) -> send
 *   the rack stops -> gdb_server_stopped -> send
 *
 * Pure protocol: no sockets, no clock, no waiting. Input may be anything; what is no protocol ends the
 * connection with a sentence and nothing else. One thread.
 */
#ifndef COB_GDB_SERVER_H
#define COB_GDB_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_MAX_NODES 64u
#define GDB_MAX_CPUS  8u

enum gdb_go { GDB_STAY, GDB_CONTINUE, GDB_STEP };
struct gdb_orders {
    uint8_t go[GDB_MAX_NODES][GDB_MAX_CPUS]; /* enum gdb_go */
};

enum gdb_why { GDB_WHY_NONE, GDB_WHY_BREAK, GDB_WHY_WATCH, GDB_WHY_BEGIN /* of history */, GDB_WHY_EXIT };
struct gdb_stop {
    unsigned node, cpu;
    int signal;
    enum gdb_why why;
    unsigned watch_kind; /* Z packet: 2, 3, 4 */
    uint64_t watch_addr;
    int exit_status; /* GDB_WHY_EXIT */
    const char *say; /* for the user, before the stop is reported; NULL: nothing */
};

/* Functions that return int give -1 when it cannot be done, else 0 or the number of bytes. None may block for
 * long. */
struct gdb_target {
    void *ctx;
    unsigned n_nodes;
    unsigned (*cpus)(void *ctx, unsigned node);
    /* A file of the node's target description, "target.xml" first; NULL if there is none. */
    const char *(*description)(void *ctx, unsigned node, const char *annex);
    unsigned (*core_registers)(void *ctx, unsigned node); /* how many the 'g' packet has */
    int (*read_registers)(void *ctx, unsigned node, unsigned cpu, unsigned first, unsigned count,
                          uint8_t *buf, size_t size);
    int (*write_register)(void *ctx, unsigned node, unsigned cpu, unsigned number, const uint8_t *buf,
                          size_t len);
    int (*read_memory)(void *ctx, unsigned node, unsigned cpu, uint64_t addr, uint8_t *buf, size_t len);
    int (*write_memory)(void *ctx, unsigned node, unsigned cpu, uint64_t addr, const uint8_t *buf,
                        size_t len);
    /* kind as in the Z packets. */
    int (*point)(void *ctx, unsigned node, bool insert, unsigned kind, uint64_t addr, unsigned len);
    void (*thread_name)(void *ctx, unsigned node, unsigned cpu, char *buf, size_t size);
    void (*thread_state)(void *ctx, unsigned node, unsigned cpu, char *buf, size_t size);
    /* The following let the rack go. gdb_server_stopped() is called when it has come to rest, perhaps from
     * inside. */
    void (*resume)(void *ctx, const struct gdb_orders *orders); /* NULL: nobody looks any more, for ever */
    int (*reverse)(void *ctx, unsigned node, unsigned cpu, bool step);
    void (*interrupt)(void *ctx);
    /* Nobody looks at this node any more: its points go. */
    void (*detach)(void *ctx, unsigned node);
    /* A command of the user's; say() is to be called with the answer's text. */
    void (*monitor)(void *ctx, unsigned node, const char *command, void (*say)(void *to, const char *text),
                    void *to);
};

struct gdb_server;

/* target is copied. send() takes bytes for gdb. */
struct gdb_server *gdb_server_create(const struct gdb_target *target,
                                     void (*send)(void *ctx, const void *bytes, size_t len), void *ctx);
/* A new gdb: forgets everything about the last one. */
void gdb_server_connected(struct gdb_server *s);
/* -1 with a sentence in why[size]: the connection is to be closed. 1: gdb has taken its leave, likewise. */
int gdb_server_input(struct gdb_server *s, const uint8_t *bytes, size_t len, char *why, size_t size);
/* The rack has come to rest. Ignored if gdb has not let it go. */
void gdb_server_stopped(struct gdb_server *s, const struct gdb_stop *stop);
/* True while gdb waits for a stop. */
bool gdb_server_running(const struct gdb_server *s);
bool gdb_server_attached(const struct gdb_server *s, unsigned node);
void gdb_server_free(struct gdb_server *s); /* NULL is allowed */

#endif
