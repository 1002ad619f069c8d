/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explore_litmus.c - the guests' litmus shapes (litmus_shapes.c) over all orders of messages and accesses, by
 * the real page directory (search.h).
 *
 * What one machine with one memory can show is computed apart, from all orders of the accesses alone. Each
 * exploration must reach exactly these outcomes; and the shape's own opinion of what is forbidden must be all
 * others. x has its home at node 0, y at node 1. Ways to begin: cold, nobody has touched a page; warm, each
 * node that plays a role has read both; pinned, warm, and each access pins its page as the kernel does.
 *
 * Controls, in which the forbidden outcome must be found: `swapped`, each role makes its accesses in the
 * opposite order; and one of two planted errors of the protocol: `deaf`, nodes acknowledge INV and keep their
 * copy, and `stale`, a node passes on the page as it was before its last write. LB cannot show these: who
 * accesses in order cannot read what is written only because of what it read.
 *
 * No arguments. Under the address sanitizer only some of the placements of four roles are gone through.
 */
#include "guest-kernel/user/litmus.h"
#include "tests/core/search.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum way { COLD, WARM, PINNED, SWAPPED, DEAF, STALE, WAYS };
static const char *const way_name[] = {"cold", "warm", "pinned", "swapped", "deaf", "stale"};

/* Which node plays which role. All: every way to place two roles on three nodes; for four roles, each on a
 * node of its own in every order, and every way on two nodes. Few: enough for the controls. */
static const char *const few[] = {"0123", "2301", "3012", "0101", "0011", "1000", NULL};

#ifdef __SANITIZE_ADDRESS__
enum { ALWAYS_ALL = 0 };
#else
enum { ALWAYS_ALL = 1 };
#endif

struct sums {
    unsigned placements;
    uint64_t states, transitions;
};

static const struct litmus_shape *shape;
static unsigned roles;
static bool allowed[LITMUS_OUTCOMES], reached[LITMUS_OUTCOMES];

/* ---- what one memory allows ---- */

static void interleave(const unsigned *next, const unsigned *memory, unsigned outcome)
{
    bool over = true;
    for (unsigned i = 0; i < roles; i++) {
        unsigned n[LITMUS_ROLES], m[2] = {memory[0], memory[1]}, o = outcome;
        const struct litmus_access *a = &shape->access[i][next[i]];
        if (next[i] == LITMUS_ACCESSES || a->kind == LITMUS_NONE)
            continue;
        over = false;
        memcpy(n, next, sizeof n);
        n[i]++;
        if (a->kind == LITMUS_WRITE)
            m[a->variable] = a->value;
        else
            o |= m[a->variable] << LITMUS_BITS * a->value;
        interleave(n, m, o);
    }
    if (over)
        allowed[outcome] = true;
}

/* Outcomes with values that somebody writes: the shape forbids exactly those that are not allowed. */
static bool agrees(void)
{
    unsigned most = 1;
    for (unsigned i = 0; i < roles; i++)
        for (unsigned k = 0; k < LITMUS_ACCESSES; k++)
            if (shape->access[i][k].kind == LITMUS_WRITE && shape->access[i][k].value > most)
                most = shape->access[i][k].value;
    for (unsigned o = 0; o < 1u << LITMUS_BITS * shape->registers; o++) {
        bool possible = true;
        for (unsigned r = 0; r < shape->registers; r++)
            possible &= litmus_register(o, r) <= most;
        if (possible && allowed[o] == shape->forbidden(o))
            return false;
    }
    return true;
}

/* ---- one exploration ---- */

static const char *nothing(void)
{
    return NULL;
}

static const char *at_end(void)
{
    unsigned outcome = 0;
    for (unsigned i = 0; i < sim.threads; i++) {
        const struct sim_thread *t = &sim.thread[i];
        for (unsigned s = 0; s < t->length; s++)
            if (!t->script[s].write)
                outcome |= (unsigned)t->seen[s] << LITMUS_BITS * t->script[s].value;
    }
    reached[outcome] = true;
    return sim.planted ? NULL : sim_finish();
}

/* Every node that plays a role has read both pages. */
static const char *warm(const char *placement)
{
    unsigned warmed = 0;
    for (unsigned i = 0; i < roles; i++) {
        unsigned node = (unsigned)(placement[i] - '0');
        if (warmed >> node & 1)
            continue;
        warmed |= 1u << node;
        unsigned t = sim_thread(node);
        sim_plan(t, 0, false);
        sim_plan(t, 1, false);
    }
    const char *wrong = sim_run();
    memset(sim.thread, 0, sizeof sim.thread);
    sim.threads = 0;
    return wrong;
}

static void plan(unsigned role, unsigned node, enum way way)
{
    unsigned t = sim_thread(node);
    for (unsigned k = 0; k < LITMUS_ACCESSES; k++) {
        const struct litmus_access *a = &shape->access[role][way == SWAPPED ? LITMUS_ACCESSES - 1 - k : k];
        if (a->kind == LITMUS_NONE)
            continue;
        (way == PINNED ? sim_plan_pin : sim_plan)(t, a->variable, a->kind == LITMUS_WRITE);
        sim_plan_value(t, a->value);
    }
}

static int explore(const char *placement, enum way way, struct sums *sums)
{
    struct states s = search_states(way >= DEAF ? nothing : sim_check, at_end);
    const char *wrong = NULL;
    unsigned nodes = 2;
    for (unsigned i = 0; i < roles; i++)
        if ((unsigned)(placement[i] - '0') >= nodes)
            nodes = (unsigned)(placement[i] - '0') + 1;
    sim_start(nodes, 2, 0);
    sim.litmus = true;
    if (way != COLD)
        wrong = warm(placement);
    for (unsigned i = 0; i < roles; i++)
        plan(i, (unsigned)(placement[i] - '0'), way);
    sim.planted = way == DEAF ? SIM_DEAF : way == STALE ? SIM_STALE : SIM_SOUND;
    if (wrong)
        printf("core: litmus: before it begins: %s\n", wrong);
    else if ((wrong = states_all(&s)))
        printf("core: litmus: %s\n", wrong);
    if (wrong)
        return -1;
    sums->placements++;
    sums->states += s.states;
    sums->transitions += s.transitions;
    return 0;
}

/* ---- one shape ---- */

/* Explores one placement; without a control all that is allowed must have been reached, and nothing else. */
static int place(const char *placement, enum way way, struct sums *sums)
{
    if (way < SWAPPED)
        memset(reached, 0, sizeof reached);
    if (explore(placement, way, sums) < 0) {
        printf("core: litmus: in %s, %s, nodes %.*s\n", shape->name, way_name[way], (int)roles, placement);
        return -1;
    }
    for (unsigned o = 0; o < LITMUS_OUTCOMES && way < SWAPPED; o++)
        if (reached[o] != allowed[o]) {
            printf("core: litmus: %s, %s, nodes %.*s: outcome %#x is %s\n", shape->name, way_name[way],
                   (int)roles, placement, o, allowed[o] ? "never reached" : "forbidden, and was reached");
            return -1;
        }
    return 0;
}

/* Does it belong to all? */
static bool wanted(const char *placement)
{
    unsigned used = 0, count = 0;
    for (unsigned i = 0; i < roles; i++)
        used |= 1u << (placement[i] - '0');
    for (unsigned i = 0; i < LITMUS_ROLES; i++)
        count += used >> i & 1;
    return roles == 2 ? !(used >> 3) : count == LITMUS_ROLES || !(used >> 2);
}

static void placement_of(unsigned n, char placement[LITMUS_ROLES + 1])
{
    for (unsigned i = 0; i < LITMUS_ROLES; i++)
        placement[i] = (char)('0' + (n >> 2 * i & 3));
    placement[roles] = 0;
}

static int places(enum way way, bool all, struct sums *sums)
{
    char placement[LITMUS_ROLES + 1];
    memset(reached, 0, sizeof reached);
    for (unsigned n = 0; all && n < 1u << 2 * roles; n++) {
        placement_of(n, placement);
        if (wanted(placement) && place(placement, way, sums) < 0)
            return -1;
    }
    for (unsigned i = 0; !all && few[i]; i++)
        if (place(few[i], way, sums) < 0)
            return -1;
    return 0;
}

/* 1: something forbidden was seen; 0: it was not; -1: wrong, told. */
static int explore_way(enum way way, bool all)
{
    struct sums sums = {0};
    unsigned forbidden = 0, seen = 0, expected = 0;
    if (places(way, all, &sums) < 0)
        return -1;
    for (unsigned o = 0; o < LITMUS_OUTCOMES; o++) {
        forbidden += reached[o] && !allowed[o];
        seen += reached[o] && allowed[o];
        expected += allowed[o];
    }
    printf(
        "core: litmus: %-4s %-7s %2u placements %9llu states %10llu transitions, allowed %u of %u, "
        "forbidden %u\n",
        shape->name, way_name[way], sums.placements, (unsigned long long)sums.states,
        (unsigned long long)sums.transitions, seen, expected, forbidden);
    fflush(stdout);
    return forbidden > 0;
}

static int explore_shape(void)
{
    const unsigned zero[LITMUS_ROLES] = {0};
    int found[WAYS];
    for (roles = 0; roles < LITMUS_ROLES && shape->access[roles][0].kind != LITMUS_NONE;)
        roles++;
    memset(allowed, 0, sizeof allowed);
    interleave(zero, zero, 0);
    if (!agrees()) {
        printf("core: litmus: %s: what it forbids is not what one memory cannot show\n", shape->name);
        return -1;
    }
    for (enum way way = COLD; way < WAYS; way++)
        if ((found[way] = explore_way(way, way < SWAPPED && (ALWAYS_ALL || roles == 2))) < 0)
            return -1;
    if (!found[SWAPPED] || (found[DEAF] || found[STALE]) == !strcmp(shape->name, "LB")) {
        printf("core: litmus: %s: the controls do not show what they should\n", shape->name);
        return -1;
    }
    return 0;
}

int main(void)
{
    for (unsigned i = 0; i < litmus_n_shapes; i++) {
        shape = &litmus_shapes[i];
        if (explore_shape() < 0)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
