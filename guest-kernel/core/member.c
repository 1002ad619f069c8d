/* SPDX-License-Identifier: GPL-2.0-or-later */
/* member.c - membership (member.h). */
#include "guest-kernel/core/member.h"

static uint64_t now_ns(const struct member *m)
{
    return m->c.env->now_ns(m->c.env->ctx);
}

/* arg: node in bits 0..15, state in 16..23, architecture in 24..31 */
static void set_state(struct member *m, unsigned node, enum member_state state)
{
    const struct core_env *env = m->c.env;
    m->peer[node].state = (uint8_t)state;
    if (env->event)
        env->event(env->ctx, CORE_EVENT_MEMBER,
                   node | (uint32_t)state << 16 | (uint32_t)m->peer[node].arch << 24, NULL, 0);
    m->c.changed(m->c.ctx, node, state);
}

void member_declare_dead(struct member *m, unsigned node)
{
    if (node >= m->c.msg->c.nodes || node == m->c.msg->c.self || m->peer[node].state == MEMBER_DEAD)
        return;
    m->dead |= core_bit(node);
    m->peer[node].state = MEMBER_DEAD; /* before anybody is told */
    msg_close(m->c.msg, node);
    set_state(m, node, MEMBER_DEAD);
}

static bool knows_all(const struct member *m)
{
    for (unsigned i = 0; i < m->c.msg->c.nodes; i++)
        if (m->peer[i].state == MEMBER_UNKNOWN)
            return false;
    return true;
}

bool member_complete(const struct member *m)
{
    for (unsigned i = 0; i < m->c.msg->c.nodes; i++)
        if (i != m->c.msg->c.self && m->peer[i].state == MEMBER_ALIVE && !m->peer[i].complete)
            return false;
    return knows_all(m);
}

static void say_hello(struct member *m)
{
    const struct msg_config *c = &m->c.msg->c;
    struct member_hello h = {.complete = knows_all(m),
                             .dead = m->dead,
                             .incarnation = c->incarnation,
                             .arch = (uint16_t)m->c.arch};
    for (unsigned i = 0; i < c->nodes; i++)
        if (i != c->self && m->peer[i].state != MEMBER_DEAD)
            msg_raw(m->c.msg, i, MEMBER_HELLO, &h, sizeof h);
    m->beat_at = now_ns(m) + m->c.beat_ns;
    m->c.env->timer(m->c.env->ctx, m->beat_at);
}

int member_init(struct member *m, const struct member_config *c)
{
    core_zero(m, sizeof *m);
    m->c = *c;
    if (c->arch == CORE_ARCH_NONE || c->beat_ns == 0 || c->silence_ns <= c->beat_ns)
        return CORE_EINVAL;
    for (unsigned i = 0; i < c->msg->c.nodes; i++)
        m->peer[i].heard_ns = now_ns(m);
    m->peer[c->msg->c.self].state = MEMBER_ALIVE;
    m->peer[c->msg->c.self].arch = (uint8_t)c->arch;
    say_hello(m);
    return CORE_OK;
}

void member_heard(struct member *m, unsigned from)
{
    if (from < m->c.msg->c.nodes)
        m->peer[from].heard_ns = now_ns(m);
}

void member_hello(struct member *m, unsigned from, const void *data, size_t bytes)
{
    const struct msg_config *c = &m->c.msg->c;
    struct member_hello h;
    if (bytes != sizeof h || from >= c->nodes || from == c->self || m->peer[from].state == MEMBER_DEAD)
        return;
    core_copy(&h, data, sizeof h);
    if (h.arch == CORE_ARCH_NONE || h.arch > CORE_ARCH_RISCV64 || h.incarnation == 0)
        return;
    if (m->peer[from].state == MEMBER_ALIVE && m->c.msg->peer[from].incarnation != h.incarnation) {
        member_declare_dead(m, from);
        return;
    }
    member_heard(m, from);
    if (m->peer[from].state == MEMBER_UNKNOWN) {
        m->peer[from].arch = (uint8_t)h.arch;
        msg_open(m->c.msg, from, h.incarnation);
        set_state(m, from, MEMBER_ALIVE);
    }
    m->peer[from].complete = h.complete == 1;
    if ((h.dead & core_bit(c->self)) && !m->expelled) {
        m->expelled = true;
        set_state(m, c->self, MEMBER_DEAD);
    }
    for (unsigned i = 0; i < c->nodes && !m->expelled; i++)
        if (h.dead & core_bit(i))
            member_declare_dead(m, i);
}

void member_poll(struct member *m)
{
    uint64_t now = now_ns(m);
    for (unsigned i = 0; i < m->c.msg->c.nodes; i++) {
        uint64_t limit = m->peer[i].state == MEMBER_ALIVE ? m->c.silence_ns : m->c.join_ns;
        if (i != m->c.msg->c.self && limit && now - m->peer[i].heard_ns >= limit)
            member_declare_dead(m, i);
    }
    if (m->beat_at <= now)
        say_hello(m);
    else
        m->c.env->timer(m->c.env->ctx, m->beat_at);
}

enum member_state member_state(const struct member *m, unsigned node)
{
    return (enum member_state)m->peer[node].state;
}

enum core_arch member_arch(const struct member *m, unsigned node)
{
    return (enum core_arch)m->peer[node].arch;
}
