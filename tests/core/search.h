/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * search.h - goes through all states that the simulated world (sim.h) can come to, each once (states.h).
 *
 * The real code is run, not a model of it: the world is copied, an action done, the world put back. States
 * are told apart by a 128-bit hash of what matters (contents, not addresses); that two states share a hash is
 * a chance of less than 1 in 10^20 here. A state that comes back on its own path would be a circle in which
 * nothing gets on, and is an error.
 */
#ifndef TESTS_CORE_SEARCH_H
#define TESTS_CORE_SEARCH_H
#include "tests/core/sim.h"
#include "tests/core/states.h"

/* For states_all, from the world as it is. check: in each state: NULL, or what is wrong (sim_check). end:
 * where nothing can happen; may spoil the world (sim_finish). */
struct states search_states(const char *(*check)(void), const char *(*end)(void));
#endif
