/* SPDX-License-Identifier: GPL-2.0-or-later */
/* states.c - depth-first search over all states of a small world; see states.h. */
#include "tests/core/states.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
    uint64_t a, b;
    uint32_t on_path;
};
struct step {
    uint8_t *world, *list;
    unsigned count, next;
    uint64_t a, b;
};
static struct key *seen;
static uint64_t capacity;
static uint64_t hash[2];

void states_mix(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    while (bytes > 0) {
        uint64_t word = 0;
        size_t n = bytes < 8 ? bytes : 8;
        memcpy(&word, p, n);
        hash[0] = (hash[0] ^ word) * 0x9e3779b97f4a7c15;
        hash[0] ^= hash[0] >> 29;
        hash[1] = (hash[1] + word) * 0xd6e8feb86659fd93;
        hash[1] ^= hash[1] >> 32;
        p += n;
        bytes -= n;
    }
}

void states_mix_number(uint64_t v)
{
    states_mix(&v, sizeof v);
}

static void *allocate(size_t count, size_t size)
{
    void *m = calloc(count, size);
    if (!m) {
        fprintf(stderr, "states: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return m;
}

static struct key *look_up(uint64_t a, uint64_t b)
{
    uint64_t i = a & (capacity - 1);
    while ((seen[i].a || seen[i].b) && (seen[i].a != a || seen[i].b != b))
        i = (i + 1) & (capacity - 1);
    return &seen[i];
}

static void grow(void)
{
    struct key *old = seen;
    uint64_t n = capacity;
    capacity = n ? n * 2 : 1 << 16;
    seen = allocate(capacity, sizeof *seen);
    for (uint64_t i = 0; i < n; i++)
        if (old[i].a || old[i].b)
            *look_up(old[i].a, old[i].b) = old[i];
    free(old);
}

/* Enters the present state. 1: new; 0: known; -1: *wrong says why not. */
static int enter(struct states *s, struct step *path, unsigned depth, const char **wrong)
{
    struct step *here = &path[depth];
    if ((*wrong = s->check()))
        return -1;
    hash[0] = hash[1] = 1;
    s->hash();
    if (hash[0] == 0 && hash[1] == 0)
        hash[0] = 1;
    if (2 * s->states >= capacity)
        grow();
    struct key *k = look_up(hash[0], hash[1]);
    if (k->on_path) {
        *wrong = "a circle: nothing gets on";
        return -1;
    }
    if (k->a || k->b)
        return 0;
    *k = (struct key){hash[0], hash[1], 1};
    s->states++;
    s->deepest = depth > s->deepest ? depth : s->deepest;
    here->a = hash[0];
    here->b = hash[1];
    memcpy(here->world, s->world, s->world_bytes);
    here->next = 0;
    here->count = s->actions(here->list);
    if (s->needed(here->list, here->count) > 0)
        return 1;
    s->ends++;
    *wrong = s->finish();
    memcpy(s->world, here->world, s->world_bytes);
    return *wrong ? -1 : 1;
}

static const char *states_from(struct states *s, struct step *path, unsigned *depth)
{
    const char *wrong = NULL;
    if (enter(s, path, 0, &wrong) < 0)
        return wrong;
    for (;;) {
        struct step *here = &path[*depth];
        if (here->next == here->count) {
            look_up(here->a, here->b)->on_path = 0;
            if ((*depth)-- == 0)
                return NULL;
            continue;
        }
        memcpy(s->world, here->world, s->world_bytes);
        s->act(here->list + here->next++ * s->action_bytes);
        s->transitions++;
        int rc = *depth + 2 < s->most_steps ? enter(s, path, *depth + 1, &wrong) : -1;
        if (rc < 0) {
            ++*depth;
            return wrong ? wrong : "deeper than can be";
        }
        *depth += (unsigned)rc;
    }
}

const char *states_all(struct states *s)
{
    struct step *path = allocate(s->most_steps, sizeof *path);
    unsigned depth = 0;
    s->states = s->transitions = s->ends = s->deepest = 0;
    for (unsigned i = 0; i < s->most_steps; i++) {
        path[i].world = allocate(1, s->world_bytes);
        path[i].list = allocate(s->most_actions, s->action_bytes);
    }
    const char *wrong = states_from(s, path, &depth);
    for (unsigned i = 0; wrong && i < depth; i++) {
        memcpy(s->world, path[i].world, s->world_bytes);
        s->print(path[i].list + (path[i].next - 1) * s->action_bytes);
    }
    for (unsigned i = 0; i < s->most_steps; i++) {
        free(path[i].world);
        free(path[i].list);
    }
    free(path);
    free(seen);
    seen = NULL;
    capacity = 0;
    return wrong;
}
