/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kind_parts.c - see kind_parts.h. */
#include "sim/kind_parts.h"
#include "devices/fabric/fabric_wire.h"
#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
    uint16_t src, dst;
    uint32_t queue, epoch, message;
};
_Static_assert(sizeof(struct key) == 16, "it is hashed and compared as bytes: no holes");

struct message { /* of several packets, the first of a kind */
    struct key key;
    int kind; /* -1: the place is free */
};

struct kind_parts {
    const struct scenario *scn;
    char **names;
    struct message *table; /* a place for each message, found from its hash on; at most half full */
    size_t places, used;   /* a power of two */
};

struct kind_parts *kind_parts_new(const struct scenario *s)
{
    struct kind_parts *p = calloc(1, sizeof *p);

    assert(p);
    p->scn = s;
    p->names = calloc(2 * s->n_kinds + 1, sizeof *p->names);
    assert(p->names);
    for (unsigned i = 0; i < 2 * s->n_kinds; i++)
        if (asprintf(&p->names[i], "%s%s", s->kinds[i % s->n_kinds].name, i < s->n_kinds ? "" : "+") < 0)
            abort();
    return p;
}

void kind_parts_free(struct kind_parts *p)
{
    if (!p)
        return;
    free(p->table);
    for (unsigned i = 0; i < kind_parts_names(p); i++)
        free(p->names[i]);
    free(p->names);
    free(p);
}

unsigned kind_parts_names(const struct kind_parts *p)
{
    return 2 * p->scn->n_kinds;
}

const char *kind_parts_name(const struct kind_parts *p, unsigned i)
{
    assert(i < kind_parts_names(p));
    return p->names[i];
}

static struct key key_of(const struct fab_wire *w)
{
    return (struct key){.src = le16toh(w->src),
                        .dst = le16toh(w->dst),
                        .queue = w->queue,
                        .epoch = le32toh(w->epoch),
                        .message = le32toh(w->message)};
}

/* Where the key is, or would be. */
static struct message *place_of(const struct kind_parts *p, const struct key *key)
{
    uint64_t half[2], hash;
    size_t i;

    memcpy(half, key, sizeof half);
    hash = (half[0] ^ half[1] * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    i = (size_t)(hash >> 20) & (p->places - 1);
    while (p->table[i].kind >= 0 && memcmp(&p->table[i].key, key, sizeof *key) != 0)
        i = (i + 1) & (p->places - 1);
    return &p->table[i];
}

static void grow(struct kind_parts *p)
{
    struct message *old = p->table;
    size_t n = p->places;

    p->places = n ? 2 * n : 256;
    p->table = malloc(p->places * sizeof *p->table);
    assert(p->table);
    for (size_t i = 0; i < p->places; i++)
        p->table[i].kind = -1;
    for (size_t i = 0; i < n; i++)
        if (old[i].kind >= 0)
            *place_of(p, &old[i].key) = old[i];
    free(old);
}

/* A first packet: its message's others will be called after it. Sent again, or by a later life of its sender
 * that came to the same number: what was said last counts. */
static void remember(struct kind_parts *p, const struct fab_wire *w, int kind)
{
    struct key key = key_of(w);
    struct message *m;

    if (2 * p->used >= p->places)
        grow(p);
    m = place_of(p, &key);
    p->used += m->kind < 0;
    *m = (struct message){.key = key, .kind = kind};
}

int kind_parts_of(struct kind_parts *p, const uint8_t *bytes, uint32_t len, bool adapter)
{
    int kind = scn_kind_of(p->scn, bytes, len);
    struct fab_wire w;

    if (!adapter || len < sizeof w)
        return kind;
    memcpy(&w, bytes, sizeof w);
    if (w.type != FAB_P_SEND)
        return kind;
    if (w.offset == 0) {
        if (kind >= 0 && !(w.flags & FAB_W_LAST))
            remember(p, &w, kind);
        return kind;
    }
    if (kind >= 0)
        return kind; /* a kind of the scenario's own for such packets */
    struct key key = key_of(&w);
    kind = p->places ? place_of(p, &key)->kind : -1;
    return kind < 0 ? -1 : kind + (int)p->scn->n_kinds;
}
