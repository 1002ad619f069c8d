/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msg.c - sequences, acknowledgements and repetition (msg.h). Requests are in msg_call.c. */
#include "guest-kernel/core/msg_bulk.h"
#include "guest-kernel/core/msg_internal.h"

static void timer(struct msg_layer *m, uint64_t at_ns)
{
    m->c.env->timer(m->c.env->ctx, at_ns);
}

uint64_t msg_now(const struct msg_layer *m)
{
    return m->c.env->now_ns(m->c.env->ctx);
}

int msg_init(struct msg_layer *m, const struct msg_config *c)
{
    core_zero(m, sizeof *m);
    m->c = *c;
    return c->nodes == 0 || c->nodes > CORE_MAX_NODES || c->self >= c->nodes || c->incarnation == 0 ||
                   (!c->reliable && (c->tries == 0 || c->retry_ns == 0))
               ? CORE_EINVAL
               : CORE_OK;
}

static struct msg_packet *keep(struct msg_layer *m, const struct msg *h, const void *data)
{
    const struct core_env *env = m->c.env;
    struct msg_packet *k = env->alloc(env->ctx, sizeof *k + h->len);
    if (!k)
        return NULL;
    k->next = NULL;
    k->h = *h;
    core_copy(k->data, data, h->len);
    return k;
}

static void drop_first(struct msg_layer *m, struct msg_packet **list)
{
    const struct core_env *env = m->c.env;
    struct msg_packet *k = *list;
    *list = k->next;
    env->free(env->ctx, k, sizeof *k + k->h.len);
}

static void drop_all(struct msg_layer *m, struct msg_peer *p)
{
    while (p->out)
        drop_first(m, &p->out);
    while (p->early)
        drop_first(m, &p->early);
}

/* Hands a message to the transport, with the newest acknowledgement. */
static void transmit(struct msg_layer *m, unsigned to, const struct msg *h, const void *data)
{
    struct msg now = *h;
    now.ack = m->peer[to].received;
    if (!(h->flags & MSG_RAW))
        m->peer[to].ack_at = 0;
    m->c.env->send(m->c.env->ctx, to, &now, data, h->len);
}

static struct msg header(const struct msg_layer *m, unsigned to, unsigned type, unsigned flags, uint32_t len)
{
    return (struct msg){.version = MSG_VERSION,
                        .type = (uint16_t)type,
                        .incarnation = m->c.incarnation,
                        .to_incarnation = m->peer[to].incarnation,
                        .len = len,
                        .from = (uint16_t)m->c.self,
                        .flags = (uint16_t)flags};
}

static void arm(struct msg_layer *m, struct msg_peer *p)
{
    p->retry_at = msg_now(m) + (m->c.retry_ns << (p->tries < 6 ? p->tries : 6));
    timer(m, p->retry_at);
}

int msg_sequenced(struct msg_layer *m, unsigned to, unsigned type, unsigned flags, uint32_t request,
                  const void *data, uint32_t len)
{
    if (to >= m->c.nodes || to == m->c.self || len > m->c.max_bytes)
        return CORE_EINVAL;
    struct msg_peer *p = &m->peer[to];
    if (p->state != MSG_OPEN)
        return p->state == MSG_CLOSED ? CORE_EDEAD : CORE_EAGAIN;
    struct msg h = header(m, to, type, flags, len);
    h.request = request;
    h.sequence = p->last + 1;
    if (!m->c.reliable) {
        struct msg_packet *k = keep(m, &h, data), **end = &p->out;
        if (!k)
            return CORE_ENOMEM;
        while (*end)
            end = &(*end)->next;
        if (!p->out) {
            p->tries = 0;
            arm(m, p);
        }
        *end = k;
    }
    p->last++;
    m->counts.sent++;
    if (m->c.reliable || p->last - p->acked <= MSG_WINDOW) /* else it waits for its turn */
        transmit(m, to, &h, data);
    return CORE_OK;
}

int msg_post(struct msg_layer *m, unsigned to, unsigned type, const void *data, uint32_t len)
{
    return msg_sequenced(m, to, type, 0, 0, data, len);
}

int msg_answer(struct msg_layer *m, unsigned to, uint32_t request, unsigned type, const void *data,
               uint32_t len)
{
    return msg_sequenced(m, to, type, MSG_ANSWER, request, data, len);
}

void msg_raw(struct msg_layer *m, unsigned to, unsigned type, const void *data, uint32_t len)
{
    struct msg h = header(m, to, type, MSG_RAW, len);
    transmit(m, to, &h, data);
}

void msg_open(struct msg_layer *m, unsigned peer, uint32_t incarnation)
{
    if (m->peer[peer].state == MSG_UNOPENED) {
        m->peer[peer].state = MSG_OPEN;
        m->peer[peer].incarnation = incarnation;
    }
}

void msg_close(struct msg_layer *m, unsigned peer)
{
    struct msg_peer *p = &m->peer[peer];
    if (p->state == MSG_CLOSED)
        return;
    p->state = MSG_CLOSED;
    p->retry_at = p->ack_at = 0;
    drop_all(m, p);
    msg_calls_closed(m, peer);
}

void msg_fini(struct msg_layer *m)
{
    for (unsigned i = 0; i < m->c.nodes; i++) {
        m->peer[i].state = MSG_CLOSED;
        drop_all(m, &m->peer[i]);
    }
    msg_calls_end(m);
}

static void acknowledged(struct msg_layer *m, unsigned from, uint32_t ack)
{
    struct msg_peer *p = &m->peer[from];
    uint32_t before = p->acked;
    if ((int32_t)(ack - p->acked) <= 0 || (int32_t)(ack - p->last) > 0)
        return;
    while (p->out && (int32_t)(p->out->h.sequence - ack) <= 0)
        drop_first(m, &p->out);
    p->acked = ack;
    p->tries = 0;
    p->retry_at = 0;
    if (p->out)
        arm(m, p);
    for (struct msg_packet *k = p->out; k && k->h.sequence - p->acked <= MSG_WINDOW; k = k->next)
        if (k->h.sequence - before > MSG_WINDOW) /* its turn has come */
            transmit(m, from, &k->h, k->data);
}

static void hand_over(struct msg_layer *m, unsigned from, const struct msg *h, const void *data)
{
    m->peer[from].received++;
    m->counts.received++;
    if (h->flags & MSG_ANSWER)
        msg_calls_answered(m, from, h, data);
    else if (h->type == MSG_PIECE)
        msg_piece_input(m, from, h, data);
    else
        m->c.deliver(m->c.ctx, from, h, data);
}

/* One that is before its turn is kept in its place, if there is memory; if not, it will come again. */
static void keep_early(struct msg_layer *m, struct msg_peer *p, const struct msg *h, const void *data)
{
    struct msg_packet **at = &p->early, *k;
    while (*at && (int32_t)((*at)->h.sequence - h->sequence) < 0)
        at = &(*at)->next;
    if (*at && (*at)->h.sequence == h->sequence) {
        m->counts.duplicates++;
        return;
    }
    if (!(k = keep(m, h, data)))
        return;
    m->counts.early++;
    k->next = *at;
    *at = k;
}

static void sequenced_input(struct msg_layer *m, unsigned from, const struct msg *h, const void *data)
{
    struct msg_peer *p = &m->peer[from];
    uint32_t ahead = h->sequence - p->received;
    if (!m->c.reliable && p->ack_at == 0) {
        p->ack_at = msg_now(m) + m->c.ack_ns + 1;
        timer(m, p->ack_at);
    }
    if ((int32_t)ahead <= 0) {
        m->counts.duplicates++;
    } else if (ahead > MSG_WINDOW || (m->c.reliable && ahead != 1)) {
        m->counts.bad++;
    } else if (ahead > 1) {
        keep_early(m, p, h, data);
    } else {
        hand_over(m, from, h, data);
        while (p->early && p->early->h.sequence == p->received + 1) {
            struct msg_packet *k = p->early;
            p->early = k->next;
            k->next = NULL;
            hand_over(m, from, &k->h, k->data);
            drop_first(m, &k);
        }
    }
}

void msg_input(struct msg_layer *m, const void *packet, size_t bytes)
{
    struct msg h = {0};
    const void *data = (const uint8_t *)packet + (bytes < sizeof h ? bytes : sizeof h);
    if (bytes >= sizeof h)
        core_copy(&h, packet, sizeof h);
    if (bytes < sizeof h || h.version != MSG_VERSION || h.len != bytes - sizeof h || h.len > m->c.max_bytes ||
        h.from >= m->c.nodes || h.from == m->c.self || h.incarnation == 0) {
        m->counts.bad++;
        return;
    }
    struct msg_peer *p = &m->peer[h.from];
    if (h.flags & MSG_RAW) {
        if (h.flags != MSG_RAW || h.type >= MSG_TYPES_RAW || h.type == MSG_PIECE) {
            m->counts.bad++;
            return;
        }
        m->c.deliver(m->c.ctx, h.from, &h, data);
        return;
    }
    if (p->state != MSG_OPEN || h.incarnation != p->incarnation || h.to_incarnation != m->c.incarnation)
        return; /* from another life, or before we know it: it will come again */
    acknowledged(m, h.from, h.ack);
    if (!(h.flags & MSG_ACK))
        sequenced_input(m, h.from, &h, data);
}

/* What is due to a peer. Returns whether it has failed. */
static bool poll_peer(struct msg_layer *m, unsigned peer, uint64_t now)
{
    struct msg_peer *p = &m->peer[peer];
    if (p->retry_at && p->retry_at <= now) {
        if (p->tries + 1 >= m->c.tries) {
            p->retry_at = 0;
            return true;
        }
        p->tries++;
        m->counts.repeated++;
        arm(m, p);
        transmit(m, peer, &p->out->h, p->out->data);
    }
    if (p->ack_at && p->ack_at <= now) {
        struct msg h = header(m, peer, 0, MSG_ACK, 0);
        m->counts.acks++;
        transmit(m, peer, &h, NULL);
    }
    if (p->retry_at)
        timer(m, p->retry_at);
    if (p->ack_at)
        timer(m, p->ack_at);
    return false;
}

uint64_t msg_poll(struct msg_layer *m)
{
    uint64_t failed = 0, now = msg_now(m);
    for (unsigned i = 0; i < m->c.nodes; i++)
        if (m->peer[i].state == MSG_OPEN && poll_peer(m, i, now))
            failed |= core_bit(i);
    msg_calls_poll(m, now);
    return failed;
}
