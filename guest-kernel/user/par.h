/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par.h - what the parallel programs (npb_*.c, par_*.c) are written against: workers, meetings, memory.
 *
 * A job runs as
 *     par_start(workers);  memory = par_alloc(bytes);  par_run(work);  look at memory;  par_end();
 * and work(worker) runs once for each worker, at the same time, each on the node of its number modulo the
 * number of nodes. Rules, which hold on the host as on nodes that share nothing but the memory of
 * par_alloc():
 *   - What is outside par_run() may run on every node: the same calls with the same arguments everywhere.
 *   - What one worker writes and another reads is in memory of par_alloc(); globals are written outside
 *     par_run() only.
 *   - Whatever is added in floating point is added per block (par_blocks()) and then by par_reduce(), so
 *     that results are the same bits for any number of workers.
 *
 * par.c has the meetings. One of these has the rest: par_kernel.c (threads of one process, on the nodes of
 * their numbers), par_shared.c (one process on each node, memory that all nodes share), par_host.c (threads
 * of the host, for tests).
 */
#ifndef PAR_H
#define PAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAR_WORKERS = 32, PAR_BLOCKS = 32, PAR_COLUMNS = 12, PAR_PAGE = 4096 };

/* ---- the environment: par_kernel.c, par_shared.c or par_host.c ---- */

/* As many workers, 1 to PAR_WORKERS; 0: one for each node. False if there cannot be as many. */
bool par_start(unsigned workers);
/* After each par_start() that was true: memory of par_alloc() goes. */
void par_end(void);
/* Returns when all workers have returned. False: they could not all be made, and none has run. */
bool par_run(void (*work)(unsigned worker));
/* Zeroed, on pages of its own, shared; outside par_run(). NULL if there is no more. */
void *par_alloc(size_t bytes);
/* The same for the calling worker alone; given back with the same size. */
void *par_private(size_t bytes);
void par_private_free(void *memory, size_t bytes);
uint64_t par_now_ns(void);
/* Lets others run; for loops that wait. */
void par_relax(void);

/* ---- par.c ---- */

struct par_range {
    size_t first, last; /* without last */
};
unsigned par_count(void);                             /* workers */
struct par_range par_part(size_t n, unsigned worker); /* a worker's share of n things */
struct par_range par_blocks(unsigned worker);         /* the numbers of its blocks */
struct par_range par_block(size_t n, unsigned block); /* a block's share; shares are their blocks' */
/* Where thing i of n is in an array in which each worker's share begins on a page of its own. */
size_t par_place(size_t n, size_t size, size_t i);
size_t par_place_bytes(size_t n, size_t size); /* of that array */

/* All workers wait for all. */
void par_barrier(unsigned worker);
/*
 * All workers wait for all; part[column][block] is what each of the caller's blocks adds. sum[column], the
 * same for all: the sum over all blocks, in their order. At most PAR_COLUMNS columns.
 */
void par_reduce(unsigned worker, unsigned columns, double part[][PAR_BLOCKS], double *sum);
/* For the environment: the memory in which workers meet, of PAR_MEETING_BYTES, zeroed. */
enum { PAR_MEETING_BYTES = 2 * PAR_PAGE };
void par_meet_in(void *memory, unsigned workers);

/* ---- jobs: the files of their names ---- */

enum { PAR_VALUES = 12 };
struct par_report {
    uint64_t ns;               /* of the timed part */
    double value[PAR_VALUES];  /* results, the same bits everywhere */
    unsigned n_values, failed; /* failed: how many things are wrong; 0 is verified */
};
/* 'T' is small and our own, 'S' is as published where there is something published. False: no memory,
 * or no workers. */
bool npb_is(char class_letter, struct par_report *r);
bool npb_ep(char class_letter, struct par_report *r);
bool npb_cg(char class_letter, struct par_report *r);
bool par_sum(char class_letter, struct par_report *r);
bool par_matrix(char class_letter, struct par_report *r);
bool par_sort(char class_letter, struct par_report *r);
bool par_words(char class_letter, struct par_report *r);

#endif
