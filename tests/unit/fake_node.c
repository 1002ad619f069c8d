/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_node.c - the program of a fake node; see fake_node.h. */
#include "tests/unit/fake_node.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Frame: destination 6, source 6, type 2, hops left 1, padding 1, a number 8, filling. */
enum { AT_HOPS = 14, AT_NUMBER = 16 };
#define STEP 0x9e3779b97f4a7c15u

uint64_t fake_hash(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint64_t peek(const struct fake *f)
{
    return fake_hash(f->stream + STEP + f->heard);
}

static uint64_t draw(struct fake *f)
{
    uint64_t x = peek(f);
    f->stream += STEP;
    return x;
}

static bool chance(struct fake *f, uint8_t of_256)
{
    return draw(f) % 256 < of_256;
}

static void note(struct fake *f, enum fake_kind kind, unsigned nic, uint64_t hash)
{
    assert(f->log->n < FAKE_EVENTS);
    f->log->event[f->log->n++] = (struct fake_event){f->now_ns, kind, nic, hash};
}

static void arm(struct fake *f, struct fake_timer t)
{
    unsigned i = f->n_timers++;
    assert(i < FAKE_TIMERS && t.at_ns > f->now_ns);
    for (; i > 0 && (f->timer[i - 1].at_ns > t.at_ns ||
                     (f->timer[i - 1].at_ns == t.at_ns && f->timer[i - 1].key > t.key));
         i--)
        f->timer[i] = f->timer[i - 1];
    f->timer[i] = t;
}

static uint64_t hash_of(const uint8_t *data, uint32_t len, uint64_t with)
{
    uint64_t h = with * STEP + len;
    for (uint32_t i = 0; i < len; i++)
        h = (h ^ data[i]) * 0x100000001b3;
    return fake_hash(h);
}

static void emit(struct fake *f, unsigned nic, bool broadcast, unsigned to_node, unsigned to_nic,
                 unsigned hops)
{
    uint8_t data[FAKE_MAX_LEN] = {2,
                                  0,
                                  0,
                                  0,
                                  (uint8_t)to_node,
                                  (uint8_t)to_nic,
                                  2,
                                  0,
                                  0,
                                  0,
                                  (uint8_t)f->index,
                                  (uint8_t)nic,
                                  0x88,
                                  0xb5,
                                  (uint8_t)hops};
    uint32_t len = f->profile.shortest_len +
                   (uint32_t)(draw(f) % (f->profile.longest_len - f->profile.shortest_len + 1));
    uint64_t number = draw(f);

    if (broadcast)
        memset(data, 0xff, 6);
    memcpy(data + AT_NUMBER, &number, sizeof number);
    memset(data + FAKE_MIN_LEN, (int)(number & 0xff), len - FAKE_MIN_LEN);
    note(f, FAKE_SENT, nic, hash_of(data, len, nic));
    f->send(f, nic, data, len);
}

static void send_something(struct fake *f)
{
    if (f->n_nics == 0)
        return;
    uint64_t x = draw(f);
    emit(f, x % f->n_nics, (x >> 8) % 4 == 0, (x >> 16) % f->n_nodes, (x >> 24) % FAKE_NICS, (x >> 32) % 4);
}

static void arm_in(struct fake *f, int what)
{
    uint64_t x = draw(f);
    arm(f, (struct fake_timer){.at_ns = f->now_ns + 1 + (int64_t)((x >> 16) % f->profile.longest_sleep_ns),
                               .key = x,
                               .what = what});
}

void fake_start(struct fake *f, uint64_t seed, unsigned index, unsigned n_nodes, unsigned n_nics)
{
    static const uint8_t sends[] = {10, 60, 120, 240}, halts[] = {0, 20, 100, 230}, ends[] = {0, 0, 0, 0, 1};
    static const uint32_t blocks[] = {3, 40, 200, 512}, sleeps[] = {20, 400, 3000, 20000},
                          lens[] = {FAKE_MIN_LEN, 64, 200, 1500};
    *f = (struct fake){
        .stream = fake_hash(seed + index * STEP), .index = index, .n_nodes = n_nodes, .n_nics = n_nics};
    f->profile = (struct fake_profile){.longest_block_ns = blocks[draw(f) % 4],
                                       .longest_sleep_ns = sleeps[draw(f) % 4],
                                       .shortest_len = FAKE_MIN_LEN,
                                       .longest_len = lens[draw(f) % 4],
                                       .send = sends[draw(f) % 4],
                                       .halt = halts[draw(f) % 4],
                                       .tick = (uint8_t)(draw(f) % 40),
                                       .end = ends[draw(f) % 5],
                                       .no_wake = (uint8_t)(draw(f) % 3 ? 0 : 60)};
}

int64_t fake_rest_ns(const struct fake *f)
{
    return f->left_ns ? f->left_ns : 1 + (int64_t)(peek(f) % f->profile.longest_block_ns);
}

static void block_ended(struct fake *f)
{
    note(f, FAKE_BLOCK_END, 0, f->stream + f->heard);
    if (chance(f, f->profile.send))
        send_something(f);
    if (chance(f, f->profile.send / 4))
        send_something(f);
    if (f->n_timers < FAKE_TIMERS / 4 && chance(f, f->profile.tick))
        arm_in(f, FAKE_TICK);
    if (f->n_timers < FAKE_TIMERS / 4 && chance(f, f->profile.halt)) {
        f->idle = true;
        if (!chance(f, f->profile.no_wake))
            arm_in(f, FAKE_WAKE);
    }
    if (chance(f, f->profile.end)) {
        f->ended = true;
        note(f, FAKE_END, 0, 0);
    }
}

void fake_execute(struct fake *f, int64_t n)
{
    assert(!f->idle && !f->ended && n >= 1 && n <= fake_rest_ns(f));
    if (!f->left_ns) {
        f->left_ns = fake_rest_ns(f);
        draw(f);
    }
    f->now_ns += n;
    f->left_ns -= n;
    if (!f->left_ns)
        block_ended(f);
}

int64_t fake_next_timer_ns(const struct fake *f)
{
    return f->n_timers ? f->timer[0].at_ns : INT64_MAX;
}

static void wake(struct fake *f)
{
    if (f->idle) {
        f->idle = false;
        f->left_ns = 0;
    }
}

void fake_timers(struct fake *f)
{
    while (!f->ended && f->n_timers && f->timer[0].at_ns <= f->now_ns) {
        struct fake_timer t = f->timer[0];
        f->n_timers--;
        memmove(f->timer, f->timer + 1, f->n_timers * sizeof t);
        note(f, FAKE_TIMER, t.nic, t.key);
        switch (t.what) {
        case FAKE_WAKE:
            wake(f);
            break;
        case FAKE_TICK:
            if (chance(f, f->profile.send))
                send_something(f);
            break;
        case FAKE_REPLY:
            emit(f, t.nic, false, t.to_node, t.to_nic, t.hops);
            break;
        }
    }
}

void fake_receive(struct fake *f, unsigned nic, const uint8_t *data, uint32_t len)
{
    if (f->ended)
        return;
    uint64_t h = hash_of(data, len, nic);
    note(f, FAKE_RECEIVED, nic, h);
    f->heard += fake_hash(h + (uint64_t)f->now_ns);
    if (data[AT_HOPS] > 0 && f->n_timers < FAKE_TIMERS / 2)
        arm(f, (struct fake_timer){.at_ns = f->now_ns + 1 + (int64_t)((h >> 8) % 600),
                                   .key = h,
                                   .what = FAKE_REPLY,
                                   .nic = (uint8_t)nic,
                                   .to_node = data[10],
                                   .to_nic = data[11],
                                   .hops = (uint8_t)(data[AT_HOPS] - 1)});
    if (h % 4)
        wake(f);
}

static int compare(const void *x, const void *y)
{
    const struct fake_event *a = x, *b = y;
    if (a->at_ns != b->at_ns)
        return a->at_ns < b->at_ns ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->nic != b->nic)
        return a->nic < b->nic ? -1 : 1;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

void fake_log_sort(struct fake_log *log)
{
    qsort(log->event, log->n, sizeof log->event[0], compare);
}
