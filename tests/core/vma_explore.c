/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vma_explore.c - address ranges and pages over all orders of messages and actions of small worlds
 * (tests/core/vma_sim.h, states.h). The real code is run.
 *
 *     vma_explore              the configurations marked for every build
 *     vma_explore all          all of them
 *     vma_explore NAME         one
 */
#include "tests/core/driver.h"
#include "tests/core/states.h"
#include "tests/core/vma_thread.h"
#include <stdio.h>
#include <string.h>

enum { MOST_STEPS = 400 };

struct script {
    unsigned node;
    const char *steps; /* see plan() */
};

static const struct config {
    struct driver_config d; /* always: small enough for every build */
    unsigned nodes, crashes, cached;
    const char *first; /* what is mapped in the beginning */
    struct script thread[VS_THREADS];
} configs[] = {
    {{"lookup", true}, 2, 0, 9, "M42", {{1, "R4 W5"}, {1, "W4"}}},
    {{"unmap", true}, 2, 0, 9, "M42", {{0, "W4 U42"}, {1, "W4 R5"}}},
    {{"unmap-map", true}, 2, 0, 9, "M41", {{0, "U41 A41 W4"}, {1, "W4 R4 R4"}}},
    {{"map-over", true}, 2, 0, 9, "M41", {{0, "M41 R4"}, {1, "W4 R4"}, {1, "R4"}}},
    {{"protect", true}, 2, 0, 9, "M42", {{0, "P41 Q41"}, {1, "W4 W4 W5"}}},
    {{"place", true}, 2, 0, 9, "M41", {{0, "U41"}, {0, "L1 W4"}, {1, "R4 R4"}}},
    {{"not-mapped", true}, 2, 0, 9, "", {{0, "A41"}, {1, "R4 R4"}, {1, "R4"}}},
    {{"brk", true}, 2, 0, 9, "", {{0, "B3 B2 B3"}, {1, "W2 R2"}}},
    {{"evict", true}, 2, 0, 1, "M41 M51", {{0, "P41"}, {1, "R4 R5 W4"}}},
    {{"file", true}, 2, 0, 9, "F42", {{0, "R4 P42 Q42"}, {1, "W4 R5"}}},
    {{"text", true}, 2, 0, 9, "T42", {{0, "U41 M41"}, {1, "R4 R5 R4"}}},
    {{"two-unmaps", true}, 2, 0, 9, "M43", {{0, "U42"}, {0, "U52"}, {1, "R4 R5 R6"}}},
    {{"several", true}, 2, 0, 9, "M41 M51 M61", {{0, "U43"}, {1, "W4 R5 W6"}, {1, "R6"}}},
    {{"join", true}, 2, 0, 9, "M43", {{0, "P51"}, {0, "P41 Q42"}, {1, "W5 W4"}}},
    {{"join-file", true}, 2, 0, 9, "F43", {{0, "P51 Q43"}, {1, "W4 R5 W6"}}},
    {{"several-crash", true}, 3, 1, 9, "M41 M51", {{0, "U42"}, {1, "W4"}, {2, "R5"}}},
    {{"unmap-crash", true}, 2, 1, 9, "M41", {{0, "U41 A41 R4"}, {1, "W4 R4"}}},
    {{"protect-crash", true}, 3, 1, 9, "M41", {{0, "P41"}, {1, "W4"}, {2, "R4"}}},
    {{"three", true}, 3, 0, 9, "M41", {{0, "U41"}, {1, "W4"}, {2, "R4"}}},
    {{"three-map", true}, 3, 0, 9, "M41", {{0, "M41"}, {1, "W4"}, {2, "R4"}}},
    {{"three-crash", false}, 3, 1, 9, "M41", {{0, "U41 A41"}, {1, "W4 R4"}, {2, "R4"}}},
    {{"three-two", false}, 3, 0, 9, "M42", {{0, "U41 A41"}, {1, "W4 R5"}, {2, "R4 W5"}}},
    {{"three-crashes", false}, 3, 2, 9, "M41", {{0, "M41"}, {1, "W4"}, {2, "R4"}, {2, "W4"}}},
};

/* R4 W4: touches of page 4. U42 P42 Q42: unmap, protect to read, to read and write 2 pages from 4. M A F T:
 * map over, map where nothing is, a file's, text. L2: place 2. B3: brk. */
static struct vs_step plan(const char *s)
{
    uint8_t n = (uint8_t)(s[1] - '0');
    struct vs_step step = {.page = n, .pages = 1, .prot = VS_READ | VS_WRITE};
    if (*s != 'R' && *s != 'W' && *s != 'B' && *s != 'L')
        step.pages = (uint8_t)(s[2] - '0');
    step.what = *s == 'R' || *s == 'W'   ? VS_TOUCH
                : *s == 'U'              ? VS_UNMAP
                : *s == 'P' || *s == 'Q' ? VS_PROTECT
                : *s == 'A'              ? VS_ADD
                : *s == 'L'              ? VS_PLACE
                : *s == 'B'              ? VS_BRK
                                         : VS_MAP;
    if (*s == 'R' || *s == 'P' || *s == 'T')
        step.prot = VS_READ;
    step.file = *s == 'F' || *s == 'T';
    step.text = *s == 'T';
    if (*s == 'L') {
        step.page = 1;
        step.pages = n;
    }
    return step;
}

static const char *next_word(const char *s)
{
    s += strcspn(s, " ");
    return s + strspn(s, " ");
}

/* ---- a state's hash ---- */

static uint64_t thread_of(const void *part, size_t offset)
{
    return part ? (uint64_t)(((const char *)part - offset - (const char *)vs.thread) /
                             (ptrdiff_t)sizeof vs.thread[0]) +
                      1
                : 0;
}

static void mix_area(const struct vma_area *a)
{
    states_mix_number(a->begin);
    states_mix_number(a->end);
    states_mix_number(a->first);
    states_mix_number(a->offset);
    states_mix_number((uint64_t)a->object << 32 | a->file << 8 | a->prot);
}

static void mix_space(const struct vs_node *n, const struct vma_space *s)
{
    for (const struct vma_range *r = vma_tree_from(s, 0); r; r = vma_tree_from(s, r->a.end)) {
        mix_area(&r->a);
        states_mix_number((uint64_t)r->going << 1 | r->tail);
    }
    states_mix_number((uint64_t)s->last_object << 32 | s->last_number);
    states_mix_number(s->evict_at << 32 | s->brk);
    for (const struct vma_op *op = s->ops; op; op = op->next) {
        states_mix_number(thread_of(op, offsetof(struct vs_thread, op)));
        states_mix_number((uint64_t)op->pieces << 32 | op->state << 1 | (op->add != NULL));
        states_mix_number(op->begin << 32 | op->end);
        mix_area(&op->area);
    }
    for (const struct vma_lookup *l = s->lookups; l; l = l->next)
        states_mix_number(thread_of(l, 0) << 32 | l->asked);
    for (unsigned i = 0; i < VMA_SLOTS; i++) {
        const struct vma_slot *slot = &s->slot[i];
        if (!slot->op && !slot->used)
            continue;
        states_mix_number(thread_of(slot->op, offsetof(struct vs_thread, op)) << 32 | i);
        states_mix_number(slot->begin << 32 | slot->end);
        states_mix_number(slot->awaited);
        states_mix_number(slot->nodes);
        states_mix_number((uint64_t)slot->number << 32 | slot->dropping << 1 | slot->used);
    }
    (void)n;
}

static void mix_page(const struct vs_node *n, uint64_t key)
{
    const struct page_copy *c = page_copy_find(&n->p, key);
    const struct page_dir *d = page_dir_find(&n->p, key);
    if (c) {
        states_mix_number(key);
        states_mix_number(c->version << 32 | c->request);
        states_mix_number((uint64_t)c->asked_request << 32 | c->state << 24 | c->asked << 16 | c->orders);
        states_mix_number((uint64_t)c->held << 32 | c->pins);
        states_mix_number(c->frame ? *(const uint64_t *)c->frame : 0xffff);
        for (const struct page_fault *f = c->waiting; f; f = f->next)
            states_mix_number(thread_of(f, offsetof(struct vs_thread, fault)));
        states_mix(c->order, c->orders * sizeof c->order[0]);
    }
    if (d) { /* all but the link */
        states_mix_number(~key);
        states_mix(&d->page, sizeof *d - offsetof(struct page_dir, page));
        states_mix(d->node, vs.nodes * sizeof d->node[0]);
    }
}

static void mix_node(const struct vs_node *n)
{
    states_mix_number((uint64_t)n->p.last_request << 32 | n->has[0]);
    states_mix_number(n->v.dead);
    if (n->has[0])
        mix_space(n, &n->space[0]);
    for (unsigned i = 0; i <= VS_PLACES; i++) {
        const struct vs_translation *t = &n->tr[0][i];
        states_mix_number(t->prot ? t->key << 3 | t->prot << 1 | t->text : 0);
    }
    uint32_t last = 0;
    for (unsigned i = 0; i < vs.nodes; i++)
        if (vs.node[i].has[0] && vs.node[i].space[0].last_object > last)
            last = vs.node[i].space[0].last_object;
    for (uint32_t object = 1; object <= last; object++)
        for (unsigned page = 0; page <= VS_PLACES; page++)
            mix_page(n, vs_key(0, object, page));
}

static void mix(void)
{
    states_mix_number(vs.crashes);
    states_mix_number(vs.value_modulo ? vs.values % vs.value_modulo : vs.values);
    states_mix(vs.truth[0], sizeof vs.truth[0]);
    for (unsigned i = 0; i < vs.nodes; i++) {
        states_mix_number(vs.node[i].alive);
        if (vs.node[i].alive) /* what the dead know matters no more */
            mix_node(&vs.node[i]);
    }
    for (unsigned i = 0; i < vs.threads; i++) {
        const struct vs_thread *t = &vs.thread[i];
        states_mix_number((uint64_t)t->next << 32 | t->state << 16 | t->woken << 8 | t->excused);
        if (t->woken)
            states_mix_number((uint64_t)(uint32_t)t->status);
        if (t->state == VS_WAITING || t->state == VS_PINNED) {
            states_mix_number(t->key);
            mix_area(&t->area);
        }
    }
    for (unsigned a = 0; a < vs.nodes; a++)
        for (unsigned b = 0; b < vs.nodes; b++) {
            states_mix_number(vs.queued[a][b]);
            states_mix(vs.channel[a][b], vs.queued[a][b] * sizeof(struct vs_packet));
        }
}

/* ---- the search ---- */

static unsigned actions(void *list)
{
    return vs_actions(list);
}

/* Crashes need not come. */
static unsigned needed(const void *list, unsigned n)
{
    const struct vs_action *a = list;
    unsigned count = 0;
    while (count < n && a[count].kind != VS_CRASH)
        count++;
    return count;
}

static void act(const void *action)
{
    vs_act(action);
}

static void print(const void *action)
{
    vs_print(action);
}

static void begin(const void *config, struct states *s, char *text, size_t bytes)
{
    const struct config *c = config;
    *s = (struct states){.world = &vs,
                         .world_bytes = sizeof vs,
                         .action_bytes = sizeof(struct vs_action),
                         .most_actions = VS_ACTIONS,
                         .most_steps = MOST_STEPS,
                         .actions = actions,
                         .needed = needed,
                         .act = act,
                         .print = print,
                         .check = vs_check,
                         .finish = vs_finish,
                         .hash = mix};
    vs_start(c->nodes, 1, c->cached, 100, 1);
    vs.value_modulo = 3;
    for (const char *w = c->first; *w; w = next_word(w))
        vs_map_first(0, plan(w));
    for (unsigned i = 0; i < VS_THREADS && c->thread[i].steps; i++) {
        unsigned t = vs_thread(c->thread[i].node, 0);
        for (const char *w = c->thread[i].steps; *w; w = next_word(w))
            vs_plan(t, plan(w));
    }
    vs.crashes = c->crashes;
    snprintf(text, bytes, "%u nodes %u crashes", c->nodes, c->crashes);
}

int main(int argc, char **argv)
{
    const struct driver_explore e = {.part = "vma",
                                     .configs = configs,
                                     .count = sizeof configs / sizeof configs[0],
                                     .bytes = sizeof configs[0],
                                     .begin = begin};
    return driver_explore(argc, argv, &e);
}
