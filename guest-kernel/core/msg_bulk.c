/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msg_bulk.c - places, and writes into those of peers (msg_bulk.h). */
#include "guest-kernel/core/msg_bulk.h"
#include "guest-kernel/core/msg_internal.h"

static bool one_sided(const struct msg_layer *m)
{
    return m->c.reliable && m->c.env->write;
}

static unsigned slot(uint32_t key)
{
    return key % MSG_PLACES;
}

int msg_place_open(struct msg_layer *m, struct msg_place *p, unsigned peer, void *const *part, unsigned shift,
                   uint32_t bytes)
{
    const struct core_env *env = m->c.env;
    unsigned at = 0;
    if (peer >= m->c.nodes || peer == m->c.self || bytes == 0)
        return CORE_EINVAL;
    while (at < MSG_PLACES && m->place[at])
        at++;
    if (at == MSG_PLACES)
        return CORE_ENOMEM;
    m->last_place += MSG_PLACES; /* in the upper bits: no key is the one before in its slot */
    if (m->last_place == 0)
        m->last_place = MSG_PLACES;
    p->name = (struct msg_bulk){.key = m->last_place | at, .bytes = bytes};
    p->peer = peer;
    p->part = part;
    p->shift = shift;
    if (one_sided(m) && env->expose(env->ctx, p->name.key, part, shift, bytes) != CORE_OK)
        return CORE_ENOMEM;
    m->place[at] = p;
    return CORE_OK;
}

void msg_place_close(struct msg_layer *m, struct msg_place *p)
{
    const struct core_env *env = m->c.env;
    m->place[slot(p->name.key)] = NULL;
    if (one_sided(m))
        env->hide(env->ctx, p->name.key);
}

static int pieces(struct msg_layer *m, unsigned to, const struct msg_bulk *place, uint32_t offset,
                  const uint8_t *data, uint32_t bytes)
{
    const struct core_env *env = m->c.env;
    const uint32_t most = m->c.max_bytes;
    int status = CORE_OK;
    struct {
        struct msg_piece head;
        uint8_t data[];
    } *piece = most > sizeof *piece ? env->alloc(env->ctx, most) : NULL;
    if (!piece)
        return CORE_ENOMEM;
    while (bytes && status == CORE_OK) {
        uint32_t now = bytes < most - sizeof *piece ? bytes : most - (uint32_t)sizeof *piece;
        piece->head = (struct msg_piece){.key = place->key, .offset = offset};
        core_copy(piece->data, data, now);
        status = msg_sequenced(m, to, MSG_PIECE, 0, 0, piece, (uint32_t)sizeof *piece + now);
        offset += now;
        data += now;
        bytes -= now;
    }
    env->free(env->ctx, piece, most);
    return status;
}

int msg_write(struct msg_layer *m, unsigned to, const struct msg_bulk *place, uint32_t offset,
              const void *data, uint32_t bytes)
{
    const struct core_env *env = m->c.env;
    if (to >= m->c.nodes || to == m->c.self || offset > place->bytes || bytes > place->bytes - offset)
        return CORE_EINVAL;
    if (m->peer[to].state != MSG_OPEN)
        return m->peer[to].state == MSG_CLOSED ? CORE_EDEAD : CORE_EAGAIN;
    if (bytes == 0)
        return CORE_OK;
    if (!one_sided(m))
        return pieces(m, to, place, offset, data, bytes);
    env->write(env->ctx, to, place->key, offset, data, bytes);
    return CORE_OK;
}

void msg_piece_input(struct msg_layer *m, unsigned from, const struct msg *h, const void *data)
{
    struct msg_piece piece;
    const uint8_t *bytes = (const uint8_t *)data + sizeof piece;
    if (h->len < sizeof piece) {
        m->counts.bad++;
        return;
    }
    core_copy(&piece, data, sizeof piece);
    const struct msg_place *p = m->place[slot(piece.key)];
    uint32_t left = h->len - (uint32_t)sizeof piece, at = piece.offset;
    if (!p || p->name.key != piece.key || p->peer != from || at > p->name.bytes ||
        left > p->name.bytes - at) {
        m->counts.refused++;
        return;
    }
    while (left) {
        uint32_t size = (uint32_t)1 << p->shift, in = at & (size - 1),
                 now = left < size - in ? left : size - in;
        core_copy((uint8_t *)p->part[at >> p->shift] + in, bytes, now);
        at += now;
        bytes += now;
        left -= now;
    }
}
