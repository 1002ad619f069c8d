/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - report.html: one page that shows what a run did, made from its run directory alone.
 *
 * The page needs no network and no other file. What a guest wrote is only ever text in it: the HTML is
 * escaped, the data travel as base64, and the page's policy (Content-Security-Policy) lets no other script
 * run than its own. Two identical runs have identical pages but for the run's name and what lies under "host"
 * in result.json. What is not there (a killed run has no result.json, --no-trace no trace) is said so in the
 * page and is no error.
 *
 * From one thread; blocks on the disk.
 */
#ifndef COB_REPORT_H
#define COB_REPORT_H

#include "devices/port/vtime.h"
#include <stddef.h>
#include <stdio.h>

struct report_options {
    vtime_t from, to; /* the timeline shows messages that were sent in [from, to) */
    size_t limit;     /* and no more than so many, the first ones */
    size_t cut;       /* bytes kept of each message; 0: as many as keep the page small */
    const char *path; /* where to write; NULL: <run>/report.html */
};

#define REPORT_LIMIT ((size_t)200000)
#define REPORT_ALL   ((struct report_options){.to = VTIME_NEVER, .limit = REPORT_LIMIT})

/*
 * Writes the page (to a file beside it, then renamed). 0, or -1 errno with path and reason in why[size].
 * Damage found on the way is listed in the page, not here.
 */
int report_write(const char *run, const struct report_options *opt, char *why, size_t size);

#endif
