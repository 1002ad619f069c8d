/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * msg_call.c - requests: to one node or many, with one outcome (msg.h).
 *
 * A call is in the list as long as it waits; it is taken out before done is called, so it may be used again
 * there. Callbacks may make new calls, which go to the front: loops start again after each callback.
 */
#include "guest-kernel/core/msg_internal.h"

static void end(struct msg_layer *m, struct msg_call *c, int status)
{
    struct msg_call **at = &m->calls;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->next = NULL;
    c->waiting = 0;
    c->done(c, status);
}

static bool hopeless(const struct msg_call *c)
{
    return (unsigned)__builtin_popcountll(c->waiting) < c->want;
}

int msg_request(struct msg_layer *m, struct msg_call *c, uint64_t nodes, unsigned want, uint64_t deadline_ns,
                unsigned type, const void *data, uint32_t len)
{
    const struct core_env *env = m->c.env;
    int status = CORE_OK;
    if (want == 0 || (unsigned)__builtin_popcountll(nodes) < want)
        return CORE_EINVAL;
    if (++m->last_request == 0)
        m->last_request = 1;
    c->request = m->last_request;
    c->deadline_ns = deadline_ns;
    c->want = want;
    c->waiting = nodes;
    for (uint64_t left = nodes; left; left &= left - 1) {
        unsigned to = core_first(left);
        int rc = to < m->c.nodes ? msg_sequenced(m, to, type, 0, c->request, data, len) : CORE_EINVAL;
        if (rc == CORE_EDEAD || rc == CORE_EAGAIN)
            c->waiting &= ~core_bit(to);
        else if (rc != CORE_OK)
            status = rc;
    }
    if (status != CORE_OK)
        return status;
    c->next = m->calls;
    m->calls = c;
    if (hopeless(c))
        end(m, c, CORE_EDEAD);
    else
        env->timer(env->ctx, deadline_ns);
    return CORE_OK;
}

void msg_calls_answered(struct msg_layer *m, unsigned from, const struct msg *h, const void *data)
{
    struct msg_call *c = m->calls;
    while (c && c->request != h->request)
        c = c->next;
    if (!c || !(c->waiting & core_bit(from))) {
        m->counts.late++;
        return;
    }
    c->waiting &= ~core_bit(from);
    c->want--;
    c->answered(c, from, data, h->len);
    if (c->want == 0)
        end(m, c, CORE_OK);
}

void msg_calls_closed(struct msg_layer *m, unsigned peer)
{
    for (struct msg_call *c = m->calls; c;) {
        struct msg_call *next = c->next;
        if (c->waiting & core_bit(peer)) {
            c->waiting &= ~core_bit(peer);
            if (hopeless(c)) {
                end(m, c, CORE_EDEAD);
                next = m->calls;
            }
        }
        c = next;
    }
}

void msg_calls_poll(struct msg_layer *m, uint64_t now)
{
    const struct core_env *env = m->c.env;
    for (struct msg_call *c = m->calls; c;) {
        struct msg_call *next = c->next;
        if (c->deadline_ns <= now) {
            end(m, c, CORE_ETIME);
            next = m->calls;
        } else {
            env->timer(env->ctx, c->deadline_ns);
        }
        c = next;
    }
}

void msg_calls_end(struct msg_layer *m)
{
    while (m->calls)
        end(m, m->calls, CORE_ECLOSED);
}
