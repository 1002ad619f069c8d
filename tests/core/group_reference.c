/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group_reference.c - what should be so in the world of group_sim.h: each process that there ever was, whose
 * child it is, what it has to end with, whether it was waited for; and ids, which are given once.
 */
#include "tests/core/group_thread.h"
#include <stdio.h>
#include <stdlib.h>

static const char *failure; /* told by the next gs_check */

void gs_wrong(const char *what)
{
    if (!failure)
        failure = what;
}

bool gs_fails(void)
{
    return gs.fail_in_1024 && gs_random() % 1024 < gs.fail_in_1024;
}

const char *gs_broken(void)
{
    const char *was = failure;
    failure = NULL;
    return was;
}

struct gs_process *gs_reference(int32_t id)
{
    for (unsigned i = 0; i < gs.processes; i++)
        if (gs.process[i].id == id)
            return &gs.process[i];
    return NULL;
}

void gs_id_given(int32_t id, unsigned node, unsigned program)
{
    if (id <= 0 || (unsigned)(id - 1) % gs.nodes != node)
        gs_wrong("an id that does not name its origin");
    for (unsigned i = 0; i < gs.ids; i++)
        if (gs.begun_thread[i].id == id)
            gs_wrong("an id is given twice");
    if (gs.ids == GS_IDS) {
        fprintf(stderr, "group_sim: more threads than there is room for\n");
        abort();
    }
    gs.begun_thread[gs.ids].id = id;
    gs.begun_thread[gs.ids++].program = program;
}

void gs_process_made(const struct group_process *p, unsigned node, unsigned program)
{
    gs_id_given(p->id, node, program);
    if (gs.processes == GS_PROCESSES) {
        fprintf(stderr, "group_sim: more processes than there is room for\n");
        abort();
    }
    gs.process[gs.processes++] =
        (struct gs_process){.id = p->id, .parent = p->parent, .origin = (uint8_t)node};
}

/* Something ends it, of which the origin has just heard; too late if no thread is left, only work. */
void gs_truth_end(int32_t id, int32_t status)
{
    struct gs_process *r = gs_reference(id);
    const struct group_process *p = r ? group_find(&gs.node[r->origin].g, id) : NULL;
    if (!p || r->ending || r->ended || r->discarded)
        return;
    r->ending = 1;
    r->status = p->threads || p->elsewhere ? status : r->last;
}

void gs_truth_left(int32_t id, int32_t status)
{
    struct gs_process *r = gs_reference(id);
    if (r)
        r->last = status;
}
