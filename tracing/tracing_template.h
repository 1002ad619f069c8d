/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_template.h - a record of the event port as text, by a template that the scenario gives for its
 * type.
 *
 *     "page {u64} {arg: none, shared, exclusive} v{u64}"   ->   page 12 exclusive v7
 *
 * Text stands for itself; in braces:
 *   arg, arg.LO-HI       the record's argument, or these bits of it
 *   u8 u16 u32 u64       the next bytes of the data, little endian
 *   text                 the rest of the data, as text
 * and behind a number, at most one of
 *   hex                  in hexadecimal
 *   node                 the name of the node of this index
 *   : NAME, N=NAME, ..   names for values, counted from 0, or on from the last N (decimal or 0x..)
 * A value without a name is shown as a number; data that are not there as "?".
 *
 * No memory, no state; nothing is trusted, neither template nor record.
 */
#ifndef COB_TRACING_TEMPLATE_H
#define COB_TRACING_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Whether it is one; false with a sentence in why[size]. */
bool tracing_template_check(const char *text, char *why, size_t size);
/* nodes: names, n_nodes of them. A template that is none is shown up to its mistake. */
void tracing_template_show(FILE *out, const char *text, uint32_t arg, const uint8_t *data, size_t len,
                           const char *const *nodes, unsigned n_nodes);

#endif
