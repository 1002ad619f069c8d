/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.c - the page directory's entrance: tables, messages in and out. Its two halves are page_node.c and
 * page_home.c. */
#include "guest-kernel/core/page_internal.h"

size_t page_copy_bytes(const struct page *p)
{
    return sizeof(struct page_copy) + (p->c.nodes + 1) * sizeof(struct page_order);
}

size_t page_dir_bytes(const struct page *p)
{
    return sizeof(struct page_dir) + p->c.nodes * sizeof(((struct page_dir *)0)->node[0]);
}

uint32_t page_bucket(const struct page *p, uint64_t page)
{
    page = (page ^ page >> 32) * 0x9e3779b97f4a7c15; /* all bits count: objects are in the upper ones */
    page = (page ^ page >> 29) * 0xd6e8feb86659fd93;
    return (uint32_t)(page >> 32) & (p->c.buckets - 1);
}

struct page_copy *page_copy_find(const struct page *p, uint64_t page)
{
    struct page_copy *c = p->copies[page_bucket(p, page)];
    while (c && c->page != page)
        c = c->next;
    return c;
}

struct page_dir *page_dir_find(const struct page *p, uint64_t page)
{
    struct page_dir *d = p->dirs[page_bucket(p, page)];
    while (d && d->page != page)
        d = d->next;
    return d;
}

unsigned page_home(const struct page *p, uint64_t page)
{
    return p->c.home ? p->c.home(p->c.ctx, page) : (unsigned)(page % p->c.nodes);
}

int page_init(struct page *p, const struct page_config *c)
{
    size_t bytes = c->buckets * sizeof(void *);
    core_zero(p, sizeof *p);
    p->c = *c;
    if (c->nodes == 0 || c->nodes > CORE_MAX_NODES || c->self >= c->nodes || c->page_bytes % 8 ||
        c->buckets == 0 || (c->buckets & (c->buckets - 1)))
        return CORE_EINVAL;
    p->copies = c->env->alloc(c->env->ctx, bytes);
    p->dirs = c->env->alloc(c->env->ctx, bytes);
    if (!p->copies || !p->dirs) {
        if (p->copies)
            c->env->free(c->env->ctx, p->copies, bytes);
        if (p->dirs)
            c->env->free(c->env->ctx, p->dirs, bytes);
        return CORE_ENOMEM;
    }
    core_zero(p->copies, bytes);
    core_zero(p->dirs, bytes);
    return CORE_OK;
}

void page_fini(struct page *p)
{
    const struct core_env *env = p->c.env;
    page_node_fini(p);
    for (uint32_t i = 0; i < p->c.buckets; i++)
        while (p->dirs[i]) {
            struct page_dir *d = p->dirs[i];
            p->dirs[i] = d->next;
            env->free(env->ctx, d, page_dir_bytes(p));
        }
    env->free(env->ctx, p->copies, p->c.buckets * sizeof(void *));
    env->free(env->ctx, p->dirs, p->c.buckets * sizeof(void *));
}

static bool for_home(unsigned type)
{
    return type == PAGE_GET || type == PAGE_ACK || type == PAGE_GONE || type == PAGE_KEPT;
}

void page_send(struct page *p, unsigned to, unsigned type, const struct page_wire *w, const void *data)
{
    size_t bytes = data ? p->c.page_bytes : 0;
    if (to == p->c.self) {
        if (for_home(type))
            page_home_message(p, to, type, w);
        else
            page_node_message(p, type, w, data, bytes);
        return;
    }
    if (p->dead & core_bit(to))
        return;
    p->counts.sent++;
    p->counts.sent_data += data != NULL;
    p->counts.sent_zero += type == PAGE_DATA && w->zero;
    p->c.send(p->c.ctx, to, type, w, data, bytes);
}

void page_message(struct page *p, unsigned from, unsigned type, const void *data, size_t bytes)
{
    struct page_wire w;
    if (bytes < sizeof w || from >= p->c.nodes || from == p->c.self) {
        p->counts.bad++;
        return;
    }
    if (p->dead & core_bit(from))
        return;
    core_copy(&w, data, sizeof w);
    unsigned home = page_home(p, w.page);
    if (home >= p->c.nodes) {
        p->counts.refused++; /* perhaps it was there when this was sent */
    } else if (w.node >= p->c.nodes || w.write > 1 || w.zero > PAGE_INITIAL ||
               (type == PAGE_FWD && w.node == p->c.self)) {
        p->counts.bad++;
    } else if (for_home(type)) {
        if (home == p->c.self)
            page_home_message(p, from, type, &w);
        else
            p->counts.bad++;
    } else if (type >= PAGE_FWD && type <= PAGE_CANCEL && (type == PAGE_DATA || from == home)) {
        page_node_message(p, type, &w, (const uint8_t *)data + sizeof w, bytes - sizeof w);
    } else {
        p->counts.bad++;
    }
}

void page_peer_dead(struct page *p, unsigned node)
{
    if (node >= p->c.nodes || node == p->c.self || (p->dead & core_bit(node)))
        return;
    p->dead |= core_bit(node);
    page_node_dead(p, node);
    page_home_dead(p, node);
}

enum page_state page_look(const struct page *p, uint64_t page, void **frame)
{
    const struct page_copy *c = page_copy_find(p, page);
    *frame = c && c->state ? c->frame : NULL;
    return c ? (enum page_state)c->state : PAGE_INVALID;
}

bool page_touched(const struct page *p, uint64_t page)
{
    return page_dir_find(p, page) != NULL;
}
