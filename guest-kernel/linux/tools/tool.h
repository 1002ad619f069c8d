/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tool.h - what the tools share. Errors end the program: a sentence on stderr, exit status 1 (2: wrong
 * usage). */
#ifndef COB_TOOL_H
#define COB_TOOL_H

#include "cobfab.h"
#include <stdbool.h>

int pingpong_main(int argc, char **argv);
int bandwidth_main(int argc, char **argv);
int all2all_main(int argc, char **argv);

extern const char *tool_name;

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A number in lowest..highest; the whole word must be one. */
unsigned long number(const char *text, unsigned long lowest, unsigned long highest);

/* Sizes separated by commas; how many. */
unsigned sizes(const char *text, uint32_t *out, unsigned max);

/* Page-aligned zeroed memory. */
void *pages(size_t len);

/* One queue with memory registered for peers, 0..size-1 of it for the tool. */
struct station {
    struct cobfab *f;
    struct cobfab_info info;
    struct cobfab_memory m;
    uint8_t *memory;
};

void station_open(struct station *s, unsigned queue, unsigned n_send, unsigned n_recv, size_t size);
void station_close(struct station *s);

/* Posts a receive buffer / sends; dies on errors. */
void post_recv(struct station *s, uint64_t offset, uint32_t len, uint64_t cookie);
/* The next completion, which must have come within a minute and be OK. *now_ns: when it was found (may be
 * NULL). */
struct cobfab_done next(struct station *s, uint64_t *now_ns);

/* An operation ended like this because the peer is not there yet. */
bool not_yet(unsigned status);

/*
 * Meets the peer: exchanges a first message with it, which has value as its contents, trying again until it
 * has opened its queue too (a minute at most). Returns the peer's value. Uses 16 bytes at offset and leaves
 * no receive buffer.
 */
uint64_t meet(struct station *s, unsigned peer, uint64_t offset, uint64_t value);

/* TCP to or from node `peer` over its fab0, by node id; no delay. The lower node listens. */
int tcp_meet(unsigned own, unsigned peer, uint16_t port);
void tcp_send(int fd, const void *data, size_t len);
void tcp_recv(int fd, void *data, size_t len);

/* Smallest, greatest, sum. */
struct stat {
    uint64_t n, sum, least, most;
};
void stat_add(struct stat *s, uint64_t value);
uint64_t stat_mean(const struct stat *s);

#endif
