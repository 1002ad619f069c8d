/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim_check.c - what must hold in the simulated world (sim.h) after each action, and at the end. */
#include "tests/core/sim.h"
#include <string.h>

static const char *check_page(unsigned page)
{
    unsigned readers = 0, writers = 0;
    uint64_t version = 0;
    for (unsigned i = 0; i < sim.nodes; i++) {
        void *frame;
        const struct page *p = &sim.node[i].p;
        enum page_state state = page_look(p, page, &frame);
        if (!sim.node[i].alive)
            continue;
        if (state != sim.node[i].mapped[page])
            return "the mapping is not the state";
        readers += state == PAGE_SHARED;
        writers += state == PAGE_EXCLUSIVE;
        if (state == PAGE_INVALID)
            continue;
        if (*(uint64_t *)frame != sim.value[page])
            return "a copy is not what was written last";
        if (version && page_copy_find(p, page)->version != version)
            return "two copies have different versions";
        version = page_copy_find(p, page)->version;
    }
    if (writers > 1)
        return "two writers";
    if (writers && readers)
        return "a writer and a reader";
    return NULL;
}

/* The home's books: whoever has a copy is in them, if home and holder live. */
static const char *check_books(unsigned page)
{
    unsigned home = page % sim.nodes;
    const struct page_dir *d = page_dir_find(&sim.node[home].p, page);
    if (!sim.node[home].alive)
        return NULL;
    for (unsigned i = 0; i < sim.nodes; i++) {
        const struct page_copy *c = page_copy_find(&sim.node[i].p, page);
        if (!sim.node[i].alive || !c)
            continue;
        if (c->state && !d && !(sim.retired >> page & 1))
            return "a copy of a page without a directory";
        if (c->pins && !c->state)
            return "a pin without a copy";
        if (c->held && (c->pins || !c->orders || !c->state))
            return "held for no reason";
        if (c->orders > sim.nodes)
            return "more orders than can be";
        if ((c->waiting != NULL) != (c->asked != 0) && !c->orders)
            return "somebody waits and nothing is under way, or the reverse";
        if (!c->state && !c->waiting && c->frame)
            return "a frame without use";
    }
    return NULL;
}

/* Pins: as many as threads have. Dropped pages: nothing is left, but for a directory that a dead node's late
 * request made. The list of held copies: exactly those that say so. */
static const char *check_node(const struct sim_node *n)
{
    unsigned pins[SIM_PAGES] = {0}, listed = 0;
    const struct page_copy *before = NULL;
    for (unsigned i = 0; i < sim.threads; i++) {
        const struct sim_thread *t = &sim.thread[i];
        if (t->node == n->number && t->pinned)
            pins[t->script[t->next - 1].page]++;
    }
    for (const struct page_copy *c = n->p.held_first; c; before = c, c = c->held_next, listed++)
        if (!c->held || c->held_before != before || page_copy_find(&n->p, c->page) != c)
            return "the list of held copies is broken";
    if (n->p.held_last != before)
        return "the list of held copies has another end";
    for (unsigned page = 0; page < sim.pages; page++) {
        const struct page_copy *c = page_copy_find(&n->p, page);
        if ((n->dropped >> page & 1) && (c || (page_dir_find(&n->p, page) && !sim.crashed)))
            return "a dropped page is there";
        if (!(n->dropped >> page & 1) && !(n->p.dead & core_bit(page % sim.nodes)) &&
            (c ? c->pins : 0) != pins[page])
            return "more or fewer pins than threads have";
        if (c && c->held)
            listed--;
    }
    return listed ? "a copy is held and not listed, or the reverse" : NULL;
}

const char *sim_check(void)
{
    for (unsigned page = 0; page < sim.pages; page++) {
        const char *wrong = check_page(page);
        if (!wrong)
            wrong = check_books(page);
        if (wrong)
            return wrong;
    }
    for (unsigned i = 0; i < sim.nodes; i++) {
        const char *wrong = sim.node[i].alive ? check_node(&sim.node[i]) : NULL;
        if (wrong)
            return wrong;
        if (sim.node[i].p.counts.bad)
            return "a message that cannot be";
    }
    return NULL;
}

const char *sim_finish(void)
{
    for (unsigned i = 0; i < sim.threads; i++) {
        const struct sim_thread *t = &sim.thread[i];
        if (!sim.node[t->node].alive)
            continue;
        if (t->waits || t->pinned || t->next < t->length)
            return "a thread waits for ever";
        for (unsigned s = 0; s < t->length; s++) {
            int r = t->result[s];
            if (r == CORE_OK || (r == CORE_ENOMEM && sim.fail_in_1024))
                continue;
            if ((r != CORE_ELOST && r != CORE_EDEAD) || !sim.crashed)
                return "a fault failed without a reason";
            if (r == CORE_EDEAD && sim.node[t->script[s].page % sim.nodes].alive)
                return "a page is called dead, and its home lives";
        }
    }
    for (unsigned i = 0; i < sim.nodes; i++) {
        struct sim_node *n = &sim.node[i];
        uint8_t was_alive = n->alive;
        if (was_alive)
            for (unsigned page = 0; page < sim.pages; page++) {
                const struct page_dir *d = page_dir_find(&n->p, page);
                if (d && (d->busy || d->queued || d->unacked || d->unsure))
                    return "a directory is busy and nothing is under way";
            }
        page_fini(&n->p);
        if (n->blocks)
            return "memory is leaked";
        for (unsigned f = 0; f <= SIM_PAGES; f++)
            if (f < SIM_PAGES && n->frame_used[f])
                return "a frame is leaked";
    }
    return NULL;
}
