/* SPDX-License-Identifier: GPL-2.0-or-later */
/* random_steps.h - what threads in random worlds do: of vma_sim.h (vma_random.c), of group_sim.h
 * (group_random.c). Each draws from its world's random numbers. */
#ifndef TESTS_CORE_RANDOM_STEPS_H
#define TESTS_CORE_RANDOM_STEPS_H
#include "tests/core/group_sim.h"
#include "tests/core/vma_sim.h"

struct vs_step vs_random_map(void);
/* Of 100 steps so many are calls, of 100 calls so many make something. */
struct vs_step vs_random_step(unsigned calls, unsigned mapping);
/* kinds: letters of steps, each as likely as it is often there. forever: some wait to be killed. */
void gs_random_program(unsigned number, unsigned programs, const char *kinds, bool forever);
#endif
