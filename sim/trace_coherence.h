/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_coherence.h - the checker of pages and threads (coherence.h) over a finished run's trace, whether or
 * not the scenario asked for it.
 */
#ifndef COB_TRACE_COHERENCE_H
#define COB_TRACE_COHERENCE_H

/*
 * Reads trace and scenario of the run in this directory and says on stdout what it found. 0: nothing is
 * wrong; 1: a contradiction; -1 with the reason on stderr: no whole trace, no scenario, or a trace without
 * the event port's records. Blocks on the disk.
 */
int trace_coherence(const char *run);

#endif
