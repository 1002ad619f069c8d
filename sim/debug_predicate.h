/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_predicate.h - which message or fault to stop at, in words: the language of `monitor break` and of
 * `cob debug --at-message`.
 *
 *   message [sent|received] [from NODE] [to NODE] [nth N]
 *   fault [NAME] [begins|hits|ends] [nth N]          NAME with asterisks; without a verb: begins or hits
 */
#ifndef COB_DEBUG_PREDICATE_H
#define COB_DEBUG_PREDICATE_H

#include "devices/port/debug.h"
#include "sim/scenario.h"

/* words[0]: "message" or "fault". 0 with *f filled in (active and after_ps: 0), or -1 with the reason in
 * why[size]. */
int debug_predicate(const struct scenario *scn, unsigned n, char *const words[], struct debug_filter *f,
                    char *why, size_t size);
/* The same of a line of words, `text` standing behind "message" or "fault" (`first`). */
int debug_predicate_text(const struct scenario *scn, const char *first, const char *text,
                         struct debug_filter *f, char *why, size_t size);
/* "message received from alpha nth 3". Returns buf. */
char *debug_predicate_show(const struct scenario *scn, const struct debug_filter *f, char *buf, size_t size);
/* "begins", "ends", "hits". */
const char *debug_phase_name(unsigned phase);

#endif
