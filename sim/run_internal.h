/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_internal.h - between the files of a run that know JSON (run_result.c, run_checks.c, run_events.c). */
#ifndef COB_RUN_INTERNAL_H
#define COB_RUN_INTERNAL_H

#include "sim/run.h"
#include <jansson.h>

/* The expectations of a node: [{"check": "exit status 0", "ok": false, "why": ".."}, ..]. New reference. */
json_t *run_checks_json(const struct run *r, unsigned node);

#endif
