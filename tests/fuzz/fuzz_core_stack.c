/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_core_stack.c - one node with messages, membership and pages; whatever its transport brings is the
 * input's: bytes, or packets that know incarnations and sequences (fuzz_core.h). Places for bulk are as large
 * as they say: pieces beyond them, or for those that are closed, would be seen by the sanitizer.
 */
#include "guest-kernel/core/member.h"
#include "guest-kernel/core/msg_bulk.h"
#include "tests/fuzz/fuzz_core.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 5, SELF = 1, PAGES = 10, PAGE = FUZZ_CORE_PAGE, MOST = 200, SLOTS = 40, CALLS = 4, LIFE = 7 };
enum { PLACES = 3, SHIFT = 4 }; /* parts of 16 bytes */

struct slot {
    struct page_fault f;
    uint64_t page;
    bool waits;
};

static struct msg_layer layer;
static struct member member;
static struct page page;
static struct slot slot[SLOTS];
static struct msg_call call[CALLS];
static struct place {
    struct msg_place p;
    void *part[4];
    bool open;
} place[PLACES];
static bool calls[CALLS];
static long blocks;
static uint64_t dead;
static uint8_t mapped[PAGES];

static void on_map(void *ctx, uint64_t number, void *frame, enum page_state state)
{
    (void)ctx;
    assert(number < PAGES && frame);
    mapped[number] = (uint8_t)state;
}

static void on_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    static uint8_t copy[MOST];
    (void)ctx;
    assert(to < NODES && to != SELF && m->from == SELF && m->len == bytes && bytes <= MOST);
    if (bytes)
        memcpy(copy, data, bytes);
}

static void on_page_send(void *ctx, unsigned to, unsigned type, const struct page_wire *w, const void *data,
                         size_t bytes)
{
    uint8_t both[sizeof *w + PAGE];
    (void)ctx;
    memcpy(both, w, sizeof *w);
    if (bytes)
        memcpy(both + sizeof *w, data, bytes);
    msg_post(&layer, to, type, both,
             (uint32_t)(sizeof *w + bytes)); /* the peer will be dead, or has no memory */
}

static void on_deliver(void *ctx, unsigned from, const struct msg *m, const void *data)
{
    (void)ctx;
    assert(from < NODES && from != SELF && m->len <= MOST);
    fuzz_core_counts.delivered++;
    member_heard(&member, from);
    if (m->type == MEMBER_HELLO)
        member_hello(&member, from, data, m->len);
    else if (m->type >= 0x80)
        msg_answer(&layer, from, m->request, m->type, data, m->len);
    else
        page_message(&page, from, m->type, data, m->len);
}

static void on_changed(void *ctx, unsigned node, enum member_state state)
{
    (void)ctx;
    assert(node < NODES && state != MEMBER_UNKNOWN && !(dead & core_bit(node)));
    fuzz_core_counts.opened += state == MEMBER_ALIVE;
    if (state == MEMBER_DEAD)
        dead |= core_bit(node);
    if (state == MEMBER_DEAD && node != SELF)
        page_peer_dead(&page, node);
}

static bool on_initial(void *ctx, uint64_t number, void *frame)
{
    (void)ctx;
    assert(number < PAGES);
    if (number % 2)
        memset(frame, 0x55, PAGE);
    return number % 2;
}

static void on_done(struct page_fault *f, uint64_t number, void *frame, int status)
{
    struct slot *s = (struct slot *)f;
    assert(s->waits && number == s->page && status <= CORE_OK && status >= CORE_ECLOSED);
    assert((frame != NULL) == (status == CORE_OK));
    s->waits = false;
    fuzz_core_counts.ended++;
}

static void on_answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    (void)data;
    assert(calls[c - call] && from < NODES && len <= MOST);
}

static void on_call_done(struct msg_call *c, int status)
{
    assert(calls[c - call] && status <= CORE_OK);
    calls[c - call] = false;
}

static void check_copy(const void *ctx, const struct page_copy *c)
{
    (void)ctx;
    assert(c->page < PAGES && c->state <= PAGE_EXCLUSIVE && c->orders <= NODES + 1);
    assert(mapped[c->page] == c->state && (c->frame != NULL) == (c->state || c->waiting));
    assert(!c->asked || (c->waiting && c->asked_request)), assert(!c->waiting || c->asked || c->orders);
    assert((!c->pins || c->state) && (!c->held || (c->orders && c->state && !c->pins)));
}

static void check_dir(const void *ctx, const struct page_dir *d)
{
    (void)ctx;
    assert(d->page % NODES == SELF && d->queued <= NODES && !((d->holders | d->unsure) & page.dead));
    assert((!d->busy || d->unacked || d->unsure) && (!d->queued || d->busy || d->unsure));
}

static void check(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        const struct msg_peer *p = &layer.peer[i];
        assert(p->state == MSG_OPEN || (!p->out && !p->early));
        assert((p->state == MSG_CLOSED) == (i != SELF && member_state(&member, i) == MEMBER_DEAD));
        assert(p->state == MSG_UNOPENED || !(dead & core_bit(i)) || p->state == MSG_CLOSED);
    }
    fuzz_core_check_page(&page, check_copy, check_dir, NULL);
}

static void input(const void *packet, size_t bytes)
{
    uint8_t *exact = malloc(bytes ? bytes : 1);
    assert(exact);
    if (bytes)
        memcpy(exact, packet, bytes);
    msg_input(&layer, exact, bytes);
    free(exact);
    fuzz_core_counts.packets++;
}

static void hello(struct msg *h, uint8_t *data, unsigned b)
{
    struct member_hello m = {
        .incarnation = h->incarnation, .arch = (uint16_t)(1 + b % 3), .complete = b / 4 % 2};
    if (b & 128)
        m.dead = core_bit((unsigned)fuzz_core_take(1) % CORE_MAX_NODES);
    if ((b & 96) == 96)
        m.incarnation++;
    h->type = MEMBER_HELLO;
    h->flags = MSG_RAW;
    h->len = sizeof m;
    memcpy(data, &m, sizeof m);
}

static void page_data(struct msg *h, uint8_t *data, unsigned b)
{
    struct page_wire w = {
        .page = fuzz_core_take(1) % (2 * PAGES), .version = 1, .node = (uint16_t)(b % NODES)};
    const struct page_copy *c = page_copy_find(&page, w.page);
    h->type = (uint16_t)(PAGE_GET + fuzz_core_take(1) % 10);
    w.request = c && (b & 8) ? c->asked_request : (uint32_t)fuzz_core_take(1);
    w.holder = c && (b & 16) ? c->request : (uint32_t)fuzz_core_take(1);
    w.write = b >> 5 & 1;
    w.zero = (uint8_t)(b & 64 ? fuzz_core_take(1) % 5 : 0);
    w.status = b & 128 ? (int8_t)fuzz_core_take(1) : 0;
    memcpy(data, &w, sizeof w);
    h->len = sizeof w + (h->type == PAGE_DATA && !w.zero ? PAGE : 0);
}

static void piece_data(struct msg *h, uint8_t *data, unsigned b)
{
    const struct place *l = &place[b % PLACES];
    struct msg_piece m = {.key = l->p.name.key, .offset = (uint32_t)fuzz_core_take(1) % 80};
    if ((b & 12) == 12)
        m.key += (uint32_t)fuzz_core_take(1) - 128;
    if ((b & 48) == 48)
        m.offset = 0u - (uint32_t)fuzz_core_take(1);
    h->type = MSG_PIECE;
    h->flags = b & 128 ? (uint16_t)fuzz_core_take(1) : 0;
    h->len = (uint32_t)fuzz_core_take(1) % (MOST + 1);
    memset(data, 0x77, h->len);
    memcpy(data, &m, h->len < sizeof m ? h->len : sizeof m);
}

static void close_place(struct place *l)
{
    msg_place_close(&layer, &l->p);
    for (unsigned i = 0; i < 4; i++)
        free(l->part[i]);
    l->open = false;
}

/* Opens it, or closes it. Its last part is no longer than it has to be. */
static void change_place(unsigned b)
{
    struct place *l = &place[b % PLACES];
    uint32_t bytes = 1 + (uint32_t)fuzz_core_take(1) % (4 << SHIFT);
    if (l->open) {
        close_place(l);
        return;
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t left = bytes > i << SHIFT ? bytes - (i << SHIFT) : 0;
        l->part[i] = malloc(left < 1 << SHIFT ? left : 1 << SHIFT);
    }
    int rc = msg_place_open(&layer, &l->p, b / 8 % NODES, l->part, SHIFT, bytes);
    assert(rc == CORE_OK || (rc == CORE_EINVAL && b / 8 % NODES == SELF));
    l->open = rc == CORE_OK;
    for (unsigned i = 0; i < 4 && !l->open; i++)
        free(l->part[i]);
}

/* Into a place that a peer has named, whatever it said. */
static void write_place(unsigned b)
{
    static const uint8_t data[255];
    struct msg_bulk name = {.key = (uint32_t)fuzz_core_take(2), .bytes = (uint32_t)fuzz_core_take(1)};
    msg_write(&layer, b % (NODES + 1), &name, (uint32_t)fuzz_core_take(1), data, (uint32_t)fuzz_core_take(1));
}

static void packet(void)
{
    unsigned b = (unsigned)fuzz_core_take(1), from = b % NODES;
    struct {
        struct msg h;
        uint8_t data[256];
    } p = {.h = {.version = MSG_VERSION, .from = (uint16_t)from, .to_incarnation = LIFE}};
    struct msg_peer *peer = &layer.peer[from];
    p.h.incarnation = peer->incarnation ? peer->incarnation : from + 1;
    p.h.sequence = peer->received + 1;
    p.h.ack = peer->last;
    unsigned kind = (unsigned)fuzz_core_take(1), change = b / 8 & 7;
    if ((kind & 0xf0) == 0xf0) {
        piece_data(&p.h, p.data, (unsigned)fuzz_core_take(1));
    } else if (kind % 4 == 0) {
        hello(&p.h, p.data, (unsigned)fuzz_core_take(1));
    } else if (kind % 4 < 3) {
        page_data(&p.h, p.data, (unsigned)fuzz_core_take(1));
    } else {
        p.h.type = (uint16_t)fuzz_core_take(1);
        p.h.request = kind & 4 ? layer.last_request : (uint32_t)fuzz_core_take(1);
        p.h.flags = (uint16_t)(kind & 8 ? MSG_ANSWER : kind >> 4);
        p.h.len = (uint32_t)fuzz_core_take(1) % 210;
    }
    size_t bytes = sizeof p.h + p.h.len;
    if (change & 1)
        p.h.sequence += (uint32_t)fuzz_core_take(1) % 40 - 3;
    if (change & 2)
        p.h.ack -= (uint32_t)fuzz_core_take(1) - 1;
    if (change == 4)
        ((uint8_t *)&p)[fuzz_core_take(1) % bytes] = (uint8_t)fuzz_core_take(1);
    if (change == 5)
        bytes = fuzz_core_take(1) % bytes;
    input(&p, bytes);
}

static void fault(unsigned number, bool write, bool pin)
{
    struct slot *s = slot;
    while (s < slot + SLOTS && s->waits)
        s++;
    if (s == slot + SLOTS)
        return;
    *s = (struct slot){.f = {.done = on_done, .write = write, .pin = pin}, .page = number, .waits = true};
    int rc = page_fault(&page, number, &s->f);
    fuzz_core_counts.waited += rc == 1;
    fuzz_core_counts.had += rc == 0;
    fuzz_core_counts.refused += rc < 0;
    if (rc != 1)
        s->waits = false;
}

static void request(unsigned b)
{
    unsigned k = b % CALLS;
    if (calls[k])
        return;
    call[k] = (struct msg_call){.answered = on_answered, .done = on_call_done};
    calls[k] = true;
    uint64_t nodes = b >> 3;
    if (msg_request(&layer, &call[k], nodes, 1 + (b & 4) / 4, fuzz_core_now + 3000, 0x80, "question", 8) !=
        CORE_OK)
        calls[k] = false;
}

static void step(void)
{
    unsigned op = (unsigned)fuzz_core_take(1), n;
    uint8_t bytes[256];
    switch (op % 16) {
    case 0:
    case 1:
    case 2:
        n = (unsigned)fuzz_core_take(1);
        fault(n % PAGES, n & 128, n & 64);
        break;
    case 3:
        request((unsigned)fuzz_core_take(1));
        break;
    case 4:
        fuzz_core_now += fuzz_core_take(1) * (op & 16 ? 40 : 1);
        for (uint64_t failed = msg_poll(&layer); failed; failed &= failed - 1)
            member_declare_dead(&member, core_first(failed));
        member_poll(&member);
        page_poll(&page);
        break;
    case 5:
        fuzz_core_fail_in = (unsigned)fuzz_core_take(1) % 16;
        break;
    case 6:
        n = (unsigned)fuzz_core_take(1);
        for (unsigned i = 0; i < n; i++)
            bytes[i] = (uint8_t)fuzz_core_take(1);
        input(bytes, n);
        break;
    case 7: /* without a message layer that looks at the sender */
        n = (unsigned)fuzz_core_take(1);
        for (unsigned i = 0; i < n % 64; i++)
            bytes[i] = (uint8_t)fuzz_core_take(1);
        member_heard(&member, op & 16 ? n : n % NODES);
        member_hello(&member, op & 16 ? (unsigned)fuzz_core_take(2) : n % NODES, bytes, n % 64);
        break;
    case 8:
        n = (unsigned)fuzz_core_take(1);
        if (op & 16)
            page_unpin(&page, n % (2 * PAGES));
        else if (n % 8 == 0)
            page_drop(&page, n / 8 % PAGES, n & 128 ? UINT64_MAX : n / 8 % PAGES + 1);
        else
            page_busy(&page, n / 8, UINT64_MAX);
        break;
    case 9:
        n = (unsigned)fuzz_core_take(1);
        if (op & 16)
            write_place(n);
        else
            change_place(n);
        break;
    default:
        packet();
    }
    check();
}

void fuzz_core_stack(void)
{
    static struct core_env env = {.ctx = &blocks,
                                  .send = on_send,
                                  .now_ns = fuzz_core_time,
                                  .timer = fuzz_core_timer,
                                  .alloc = fuzz_core_alloc,
                                  .free = fuzz_core_free};
    unsigned b = (unsigned)fuzz_core_take(1);
    struct msg_config mc = {.env = &env,
                            .self = SELF,
                            .nodes = NODES,
                            .incarnation = LIFE,
                            .max_bytes = MOST,
                            .reliable = b & 1,
                            .retry_ns = 200,
                            .ack_ns = 50,
                            .tries = 5,
                            .deliver = on_deliver};
    struct member_config bc = {.env = &env,
                               .msg = &layer,
                               .arch = CORE_ARCH_X86_64,
                               .beat_ns = 1000,
                               .silence_ns = 20000,
                               .changed = on_changed};
    struct page_config pc = {.env = &env,
                             .self = SELF,
                             .nodes = NODES,
                             .page_bytes = PAGE,
                             .buckets = 4,
                             .hold_ns = b & 2 ? 500 : 0,
                             .ctx = &blocks,
                             .initial = on_initial,
                             .send = on_page_send,
                             .map = on_map,
                             .frame_alloc = fuzz_core_frame_alloc,
                             .frame_free = fuzz_core_frame_free};
    memset(slot, 0, sizeof slot);
    memset(calls, 0, sizeof calls);
    memset(place, 0, sizeof place);
    memset(mapped, 0, sizeof mapped);
    fuzz_core_now = dead = 0;
    blocks = 0;
    fuzz_core_fail_in = 0;
    assert(msg_init(&layer, &mc) == CORE_OK && page_init(&page, &pc) == CORE_OK);
    assert(member_init(&member, &bc) == CORE_OK);
    while (fuzz_core_more())
        step();
    fuzz_core_fail_in = 0;
    for (unsigned i = 0; i < NODES; i++) /* nobody is left: all that waits for somebody ends */
        member_declare_dead(&member, i);
    fuzz_core_now += 1000;
    page_poll(&page);
    for (uint64_t number = 0; number < PAGES; number++)
        while (page_pinned(&page, number)) { /* others may pin then */
            page_unpin(&page, number);
            fuzz_core_now += 1000;
            page_poll(&page);
        }
    check();
    for (unsigned i = 0; i < SLOTS; i++)
        assert(!slot[i].waits);
    for (unsigned i = 0; i < CALLS; i++)
        assert(!calls[i]);
    page_fini(&page);
    msg_fini(&layer);
    for (unsigned i = 0; i < PLACES; i++)
        if (place[i].open)
            close_place(&place[i]);
    assert(blocks == 0);
}
