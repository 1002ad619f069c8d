/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_faults_random.c - random faults on random fabrics, of Ethernet and lossless ones.
 *
 *  - The promises: what is announced after ic_advance(F) is not before F + egress; the books of packets and
 * of buffer space balance at every step; when all faults are over nothing stays in the fabric.
 *  - Steps do not matter: the logs of all callbacks are equal, byte for byte, whether all is injected first
 * and time advances once, or time advances in random steps and each packet comes at the last moment that
 * ingress allows. Two runs of the same are equal.
 *  - A second, naive computation of all arrivals, times and flipped bits on a pair, with dice of its own.
 *
 * Each fabric lives in a process of its own: SystemC elaborates once per process. Longer than usual: the
 * generator, the runner and the reference share their types and nothing else needs them.
 */
#include "devices/fabric/fabric_wire.h"
#include "interconnect-model/interconnect.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_PORTS = 5,
    MAX_SWITCHES = 4,
    MAX_LINKS = 12,
    MAX_FAULTS = 6,
    N_PACKETS = 100,
    HEAD = FAB_HEADER_BYTES
};
enum { ALWAYS = 1000000000, MAX_LEN = HEAD + 256 };

struct shot {
    vtime_t time_ps;
    unsigned port, to;
    uint32_t len;
    uint8_t type, queue, class;
};

struct world {
    uint64_t random;
    bool fabric, starves_for_ever;
    struct ic_switch_cfg switches[MAX_SWITCHES];
    struct ic_link_cfg links[MAX_LINKS];
    struct ic_fault_cfg faults[MAX_FAULTS];
    struct ic_link_end_ref ends[MAX_FAULTS][2 * MAX_LINKS];
    bool ports[MAX_FAULTS][4][MAX_PORTS]; /* of match and trigger: from, to */
    uint8_t bytes[MAX_FAULTS][2][4];      /* the same: bytes, mask */
    struct ic_config cfg;
    struct shot shots[N_PACKETS]; /* in order of time, then port */
    /* the run */
    struct ic *ic;
    FILE *log;
    vtime_t advanced_to;
};

/* ---- random numbers (splitmix64) ---- */

static uint64_t scramble(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t next(struct world *w)
{
    return scramble(w->random += 0x9e3779b97f4a7c15);
}

static uint64_t between(struct world *w, uint64_t low, uint64_t high)
{
    return low + next(w) % (high - low + 1);
}

static uint64_t one_of(struct world *w, unsigned n, const uint64_t *choices)
{
    return choices[next(w) % n];
}
#define ONE_OF(w, ...) one_of(w, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (const uint64_t[]){__VA_ARGS__})

/* ---- random worlds ---- */

static void join(struct world *w, struct ic_end a, struct ic_end b)
{
    bool swap = next(w) & 1;
    struct ic_link_cfg *l = &w->links[w->cfg.n_links++];

    *l = (struct ic_link_cfg){
        .name = "link",
        .delay_ps = (vtime_t)ONE_OF(w, 1000, 100 * VTIME_NS, 100 * VTIME_NS, between(w, 1, VTIME_US)),
        .rate_bps = ONE_OF(w, 8000000000, 8000000000, 16000000000, between(w, 1000000000, 100000000000)),
        .mtu_bytes = MAX_LEN,
        .queue_bytes = w->fabric ? 1 << 24 : (uint32_t)ONE_OF(w, 100000, between(w, 600, 3000)),
        .overhead_bytes = (uint32_t)ONE_OF(w, 0, 24, between(w, 0, 40)),
        .fabric = w->fabric,
        .tx_ps = (vtime_t)ONE_OF(w, 0, 30 * VTIME_NS),
        .rx_ps = (vtime_t)ONE_OF(w, 0, 40 * VTIME_NS),
        .buffer_bytes = (uint32_t)ONE_OF(w, MAX_LEN, 2 * MAX_LEN, between(w, MAX_LEN, 4096))};
    l->training_ps = next(w) % 4 ? 0 : l->tx_ps + (vtime_t)between(w, 1, VTIME_US);
    l->end[swap] = a;
    l->end[!swap] = b;
    for (unsigned k = 0; k < 2; k++)
        l->node[k] = (uint16_t)(10 + l->end[k].index);
}

static struct ic_end port(unsigned index)
{
    return (struct ic_end){IC_END_PORT, index};
}

static struct ic_end sw(unsigned index)
{
    return (struct ic_end){IC_END_SWITCH, index};
}

static void random_traffic(struct world *w)
{
    vtime_t t = 0;
    unsigned at = 0;

    for (unsigned i = 0; i < N_PACKETS; i++) {
        vtime_t step = (vtime_t)ONE_OF(w, 0, 0, 0, 50 * VTIME_NS, 306 * VTIME_NS,
                                       between(w, 0, 400 * VTIME_NS), between(w, 0, VTIME_US));
        if (step > 0 || at + 1 >= w->cfg.n_ports)
            at = 0, t += step;
        else
            at = (unsigned)between(w, at, w->cfg.n_ports - 1);
        w->shots[i] =
            (struct shot){.time_ps = t,
                          .port = at,
                          .to = (unsigned)between(w, 0, w->cfg.n_ports - 1),
                          .len = (uint32_t)ONE_OF(w, HEAD, HEAD + 1, 100, MAX_LEN, between(w, HEAD, MAX_LEN)),
                          .type = (uint8_t)between(w, 1, 3),
                          .queue = (uint8_t)between(w, 0, 2),
                          .class = (uint8_t)(next(w) % FAB_VCS)};
    }
}

/* ---- random faults ---- */

static struct ic_match random_match(struct world *w, unsigned fault, unsigned which, bool may_to)
{
    struct ic_match m = IC_MATCH_ANY;
    bool *from = w->ports[fault][2 * which], *to = w->ports[fault][2 * which + 1];

    for (unsigned p = 0; p < w->cfg.n_ports; p++)
        from[p] = next(w) % 3 > 0, to[p] = next(w) % 3 > 0;
    if (next(w) % 3 == 0)
        m.from = from;
    if (may_to && next(w) % 3 == 0)
        m.to = to;
    if (w->fabric && next(w) % 5 == 0)
        m.queue = (int)between(w, 0, 2);
    if (next(w) % 3 == 0) {
        m.any_kind = false;
        m.type = (uint8_t)between(w, 1, 3);
        if (!w->fabric || next(w) & 1) { /* the low bits of the packet's number */
            m.offset = HEAD - 1;
            m.n_bytes = 1;
            w->bytes[fault][which][0] = (uint8_t)next(w);
            w->bytes[fault][which][1] = (uint8_t)ONE_OF(w, 1, 3, 5);
            m.bytes = &w->bytes[fault][which][0];
            m.mask = &w->bytes[fault][which][1];
        }
    }
    return m;
}

static void random_fault(struct world *w, unsigned i, vtime_t span)
{
    struct ic_fault_cfg *f = &w->faults[i];
    bool may_to = true;

    *f = (struct ic_fault_cfg){.kind =
                                   (enum ic_fault_kind)between(w, w->fabric ? IC_FAULT_NONE : IC_FAULT_LOSS,
                                                               w->fabric ? IC_FAULT_STARVE : IC_FAULT_DOWN),
                               .ends = w->ends[i],
                               .from_ps = (vtime_t)ONE_OF(w, 0, between(w, 0, (uint64_t)span)),
                               .count = ONE_OF(w, 0, 0, 1, between(w, 1, 20)),
                               .triggered = next(w) % 3 == 0,
                               .nth = between(w, 1, 20),
                               .duration_ps = (vtime_t)ONE_OF(w, VTIME_NEVER, between(w, 1, (uint64_t)span)),
                               .ppb = (uint32_t)ONE_OF(w, ALWAYS, 500000000, 100000000),
                               .seed = next(w),
                               .delay_ps = (vtime_t)between(w, 1, VTIME_US),
                               .jitter_ps = (vtime_t)ONE_OF(w, 0, 300 * VTIME_NS),
                               .rate_bps = between(w, 100000000, 1000000000),
                               .period_ps = (vtime_t)ONE_OF(w, 0, 2 * VTIME_US),
                               .low_ps = (vtime_t)between(w, 1, 2 * VTIME_US)};
    f->until_ps = f->from_ps + (vtime_t)between(w, 1, (uint64_t)span);
    if (next(w) & 1)
        f->until_ps = VTIME_NEVER;
    for (unsigned e = 0; e < 2 * w->cfg.n_links; e++)
        if (next(w) % 3 == 0 || (f->n_ends == 0 && e + 1 == 2 * w->cfg.n_links)) {
            w->ends[i][f->n_ends++] = (struct ic_link_end_ref){e / 2, e & 1};
            may_to &= w->fabric || w->links[e / 2].end[!(e & 1)].kind == IC_END_PORT;
        }
    f->match = random_match(w, i, 0, may_to);
    f->trigger = random_match(w, i, 1, true);
    if (f->kind == IC_FAULT_STARVE) {
        f->match = (struct ic_match)IC_MATCH_ANY;
        if (next(w) % 4)
            f->until_ps = vtime_min(f->until_ps, 2 * span);
        w->starves_for_ever |= f->until_ps == VTIME_NEVER;
    }
}

static void random_faults(struct world *w)
{
    w->cfg.n_faults = (unsigned)between(w, 1, MAX_FAULTS);
    w->cfg.faults = w->faults;
    for (unsigned i = 0; i < w->cfg.n_faults; i++)
        random_fault(w, i, w->shots[N_PACKETS - 1].time_ps + VTIME_US);
}

static void start_world(struct world *w, uint64_t seed, bool fabric, unsigned ports, unsigned switches)
{
    *w = (struct world){.random = seed * 77777, .fabric = fabric};
    w->cfg = (struct ic_config){
        .n_ports = ports, .n_switches = switches, .switches = w->switches, .links = w->links, .ctx = w};
}

static void make_world(struct world *w, uint64_t seed, bool fabric)
{
    const unsigned n = seed % 5 % (MAX_SWITCHES + 1),
                   ports = n ? 2 + (unsigned)(seed / 5 % (MAX_PORTS - 1)) : 2;

    start_world(w, seed, fabric, ports, n);
    for (unsigned i = 0; i < n; i++)
        w->switches[i] = (struct ic_switch_cfg){
            .name = "switch",
            .fabric = fabric,
            .mode = next(w) & 1 ? IC_CUT_THROUGH : IC_STORE_AND_FORWARD,
            .latency_ps = (vtime_t)ONE_OF(w, 1, 100 * VTIME_NS, between(w, 1, 500 * VTIME_NS)),
            .table_size = (uint32_t)ONE_OF(w, 1024, 3),
            .ageing_ps = VTIME_NEVER,
            .radix = 64};
    if (n == 0)
        join(w, port(0), port(1));
    for (unsigned i = 0; n && i < ports; i++)
        join(w, port(i), sw((unsigned)between(w, 0, n - 1)));
    for (unsigned i = 1; i < n; i++)
        join(w, sw(i), sw(i - 1));
    if (fabric && n > 2) /* a ring */
        join(w, sw(n - 1), sw(0));
    random_traffic(w);
    random_faults(w);
}

/* ---- one run in this process ---- */

static void __attribute__((format(printf, 1, 2), noreturn)) broken(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    _exit(3);
}

static void make_bytes(const struct world *w, unsigned i, uint8_t *bytes)
{
    const struct shot *s = &w->shots[i];
    struct fab_wire head = {.type = s->type,
                            .vc = s->class,
                            .dst = (uint16_t)(10 + s->to),
                            .src = (uint16_t)(10 + s->port),
                            .queue = s->queue};

    memset(bytes, 0, MAX_LEN);
    if (w->fabric) {
        memcpy(bytes, &head, sizeof head);
    } else {
        bytes[0] = s->type == 1 ? 0xff : (uint8_t)(2 * s->to); /* odd: a group address */
        bytes[6] = (uint8_t)(2 * s->port);
    }
    bytes[HEAD - 1] = (uint8_t)i;
}

static void on_deliver(void *ctx, unsigned at, vtime_t time_ps, uint64_t id, const uint8_t *data,
                       uint32_t len)
{
    struct world *w = ctx;
    uint8_t sent[MAX_LEN];
    const unsigned head = w->fabric ? HEAD : 14;

    if (time_ps < vtime_add(w->advanced_to, ic_egress_ps(w->ic, at)))
        broken("port %u: %lld announced after the fabric came to %lld", at, (long long)time_ps,
               (long long)w->advanced_to);
    make_bytes(w, (unsigned)id, sent);
    if (id >= N_PACKETS || len != w->shots[id].len || memcmp(data, sent, head) != 0)
        broken("port %u: packet %llu is not what was sent", at, (unsigned long long)id);
    fprintf(w->log, "D %u %lld %llu", at, (long long)time_ps, (unsigned long long)id);
    for (unsigned bit = 8 * head; bit < 8 * len; bit++)
        if ((data[bit / 8] ^ sent[bit / 8]) >> bit % 8 & 1)
            fprintf(w->log, " ~%u", bit);
    fputc('\n', w->log);
}

static void on_event(void *ctx, const struct ic_event *ev)
{
    struct world *w = ctx;

    fprintf(w->log, "E %lld kind %d drop %d link %u.%u packet %llu queue %u len %u fault %u %d %llu\n",
            (long long)ev->time_ps, (int)ev->kind, (int)ev->drop, ev->link, ev->end,
            (unsigned long long)ev->frame_id, ev->queue_bytes, ev->len, ev->fault.index, (int)ev->fault.phase,
            (unsigned long long)ev->fault.value);
}

static void on_trigger(void *ctx, unsigned fault, vtime_t at_ps)
{
    struct world *w = ctx;

    if (at_ps < w->advanced_to)
        broken("fault %u was triggered at %lld, the fabric is at %lld", fault, (long long)at_ps,
               (long long)w->advanced_to);
    fprintf(w->log, "T %u %lld\n", fault, (long long)at_ps);
}

static void inject(struct world *w, unsigned i)
{
    uint8_t bytes[MAX_LEN];

    make_bytes(w, i, bytes);
    if (ic_inject(w->ic, w->shots[i].port, w->shots[i].time_ps, i, bytes, w->shots[i].len) != 0)
        broken("packet %u: refused at %lld, the fabric is at %lld", i, (long long)w->shots[i].time_ps,
               (long long)ic_now_ps(w->ic));
}

static void advance(struct world *w, vtime_t until)
{
    char why[300];

    if (ic_advance(w->ic, until) != 0)
        broken("ic_advance(%lld) failed", (long long)until);
    w->advanced_to = until;
    if (ic_check(w->ic, why, sizeof why) != 0)
        broken("%s", why);
}

/* Everything as late as possible, in random steps of time. */
static void run_late(struct world *w, uint64_t step_seed)
{
    struct world steps = {.random = step_seed};
    bool done[N_PACKETS] = {false};
    unsigned left = N_PACKETS;

    for (vtime_t until = 0; left > 0;
         until += (vtime_t)ONE_OF(&steps, 1, 10 * VTIME_NS, between(&steps, 1, VTIME_US))) {
        for (unsigned i = 0; i < N_PACKETS; i++)
            if (!done[i] && w->shots[i].time_ps + ic_ingress_ps(w->ic, w->shots[i].port) < until) {
                inject(w, i);
                done[i] = true;
                left--;
            }
        advance(w, until);
    }
}

static void run_here(struct world *w, uint64_t step_seed, int fd)
{
    struct ic_totals sum;

    w->log = fdopen(fd, "w");
    w->cfg.ops = (struct ic_ops){on_deliver, on_event, on_trigger};
    w->ic = ic_create(&w->cfg);
    if (!w->log || !w->ic)
        broken("cannot build the fabric");
    if (step_seed != 0)
        run_late(w, step_seed);
    else
        for (unsigned i = 0; i < N_PACKETS; i++)
            inject(w, i);
    advance(w, VTIME_NEVER);
    ic_totals(w->ic, &sum);
    if (sum.injected != N_PACKETS || (sum.in_flight != 0 && !w->starves_for_ever))
        broken("at the end: %llu injected, %llu in flight", (unsigned long long)sum.injected,
               (unsigned long long)sum.in_flight);
    for (unsigned i = 0; i < w->cfg.n_faults; i++)
        fprintf(w->log, "H %u %llu\n", i, (unsigned long long)ic_fault_hits(w->ic, i));
    ic_destroy(w->ic);
    if (fclose(w->log) != 0)
        broken("cannot write the log");
}

/* The same in a process of its own. Returns the log, to be freed. */
static char *run(struct world *w, uint64_t step_seed, uint64_t seed)
{
    int ends[2], status;
    char *log = NULL, part[4096];
    size_t size;
    ssize_t got;

    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(ends[0]);
        run_here(w, step_seed, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    FILE *memory = open_memstream(&log, &size);
    ck_assert_ptr_nonnull(memory);
    while ((got = read(ends[0], part, sizeof part)) > 0)
        fwrite(part, 1, (size_t)got, memory);
    ck_assert_int_eq(fclose(memory), 0);
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(status == 0, "seed %llu: the run ended with status %#x", (unsigned long long)seed,
                  (unsigned)status);
    return log;
}

/* ---- steps ---- */

static void expect_equal_logs(const char *a, const char *b, uint64_t seed)
{
    unsigned line = 1;
    size_t start = 0, i = 0;

    for (; a[i] && a[i] == b[i]; i++)
        if (a[i] == '\n')
            line++, start = i + 1;
    ck_assert_msg(a[i] == b[i], "seed %llu: the logs differ in line %u: %.100s / %.100s",
                  (unsigned long long)seed, line, a + start, b + start);
    ck_assert_uint_gt(i, 0);
}

/* _i: odd ones are fabrics */
START_TEST(steps_do_not_matter)
{
    static struct world w;
    const uint64_t seed = (uint64_t)_i / 2 + 1;

    make_world(&w, seed, _i & 1);
    char *once = run(&w, 0, seed), *again = run(&w, 0, seed), *late = run(&w, seed + 1000, seed);
    expect_equal_logs(once, again, seed);
    expect_equal_logs(once, late, seed);
    free(once);
    free(again);
    free(late);
}
END_TEST

/* ---- the naive reference: a pair ---- */

struct arrival {
    unsigned port;
    vtime_t time_ps;
    unsigned id;
    unsigned bits[MAX_FAULTS], n_bits; /* flipped */
};

struct naive {
    const struct world *w;
    vtime_t begin[MAX_FAULTS], end[MAX_FAULTS];
    uint64_t hits[MAX_FAULTS], counted[MAX_FAULTS], eligible[MAX_FAULTS];
    struct arrival arrivals[N_PACKETS * (MAX_FAULTS + 1)];
    unsigned n;
};

static bool naive_matches(const struct world *w, const struct ic_match *m, unsigned id)
{
    uint8_t bytes[MAX_LEN];
    const struct shot *s = &w->shots[id];

    make_bytes(w, id, bytes);
    return (!m->from || m->from[s->port]) && (!m->to || m->to[!s->port]) && m->queue < 0 &&
           (m->any_kind || (m->n_bytes && (bytes[m->offset] & *m->mask) == (*m->bytes & *m->mask)));
}

/* How long a packet takes on the wire: long division, digit by digit. */
static vtime_t naive_serialisation(const struct ic_link_cfg *link, uint64_t rate, uint32_t len)
{
    uint64_t rest = 8ull * (len + link->overhead_bytes), ps = 0;

    for (int digit = 0; digit < 12; digit++) {
        rest *= 10;
        ps = ps * 10 + rest / rate;
        rest %= rate;
    }
    return (vtime_t)(ps + (rest != 0));
}

/* The n-th number of a fault, scaled to [0, bound). */
static uint64_t naive_draw(const struct ic_fault_cfg *f, uint64_t n, uint64_t bound)
{
    const uint64_t golden = 0x9e3779b97f4a7c15, end = 2 * f->ends[0].link + f->ends[0].end;
    const uint64_t drawn = scramble(scramble(scramble(f->seed + golden) + end) + (n + 1) * golden);
    const uint64_t high = (drawn >> 32) * bound, low = (drawn & UINT32_MAX) * bound; /* bound < 2^32 */

    return (high + (low >> 32)) >> 32;
}

static bool naive_active(const struct naive *v, unsigned i, vtime_t t)
{
    const struct ic_fault_cfg *f = &v->w->faults[i];
    return v->begin[i] <= t && t < v->end[i] && (f->count == 0 || v->hits[i] < f->count);
}

/* Is a moment of [start, last) in which the link is down? A picosecond at the edges of its periods decides.
 */
static bool naive_down(const struct naive *v, unsigned i, vtime_t start, vtime_t last)
{
    const struct ic_fault_cfg *f = &v->w->faults[i];

    if ((f->count && v->hits[i] >= f->count) || v->begin[i] == VTIME_NEVER ||
        (f->triggered && start < v->begin[i]))
        return false;
    if (!f->period_ps)
        return v->begin[i] < last && start < v->end[i];
    for (vtime_t low = v->begin[i]; low < v->end[i] && low < last; low += f->period_ps)
        if (vtime_min(low + f->low_ps, v->end[i]) > start)
            return true;
    return false;
}

/* One packet or copy starts; returns when the wire is free again. Adds to *copies. */
static vtime_t naive_fly(struct naive *v, unsigned id, unsigned from, vtime_t start, bool is_copy,
                         unsigned *copies)
{
    static const enum ic_fault_kind order[] = {IC_FAULT_RATE, IC_FAULT_DELAY,   IC_FAULT_REORDER,
                                               IC_FAULT_LOSS, IC_FAULT_CORRUPT, IC_FAULT_DOWN};
    const struct world *w = v->w;
    const struct ic_link_cfg *link = &w->links[0];
    const unsigned side = link->end[1].index == from, len = w->shots[id].len;
    struct arrival a = {.port = !from, .id = id};
    uint64_t rate = link->rate_bps;
    vtime_t late = 0;
    bool lost = false;

    for (unsigned i = 0; i < w->cfg.n_faults && !is_copy; i++)
        if (w->faults[i].kind == IC_FAULT_DUPLICATE && w->faults[i].ends[0].end == side &&
            naive_matches(w, &w->faults[i].match, id) && naive_active(v, i, start))
            *copies |= (naive_draw(&w->faults[i], 2 * v->eligible[i]++, ALWAYS) < w->faults[i].ppb) << i;
    for (unsigned turn = 0; turn < sizeof order / sizeof order[0]; turn++)
        for (unsigned i = 0; i < w->cfg.n_faults; i++) {
            const struct ic_fault_cfg *f = &w->faults[i];
            if (f->kind != order[turn] || f->ends[0].end != side || !naive_matches(w, &f->match, id))
                continue;
            const vtime_t last = start + naive_serialisation(link, rate, len) + link->delay_ps + late;
            if (f->kind == IC_FAULT_DOWN) {
                if (!lost && naive_down(v, i, start, last))
                    lost = true, v->hits[i]++;
                continue;
            }
            if (!naive_active(v, i, start) || (f->kind == IC_FAULT_CORRUPT && len <= 14))
                continue;
            const uint64_t n = v->eligible[i]++;
            bool acts = !lost;
            if (f->kind != IC_FAULT_RATE && f->kind != IC_FAULT_DELAY)
                acts = acts && naive_draw(f, 2 * n, ALWAYS) < f->ppb;
            if (f->kind == IC_FAULT_RATE)
                acts = acts && f->rate_bps < rate;
            if (!acts)
                continue;
            v->hits[i]++;
            if (f->kind == IC_FAULT_RATE)
                rate = f->rate_bps;
            else if (f->kind == IC_FAULT_REORDER)
                late += f->delay_ps;
            else if (f->kind == IC_FAULT_DELAY)
                late += vtime_max(0, f->delay_ps - f->jitter_ps +
                                         (vtime_t)naive_draw(f, 2 * n + 1, 2 * (uint64_t)f->jitter_ps + 1));
            else if (f->kind == IC_FAULT_CORRUPT)
                a.bits[a.n_bits++] = 8 * 14 + (unsigned)naive_draw(f, 2 * n + 1, 8 * (len - 14));
            else
                lost = true;
        }
    const vtime_t free_at = start + naive_serialisation(link, rate, len);
    a.time_ps = free_at + link->delay_ps + late;
    if (!lost)
        v->arrivals[v->n++] = a;
    return free_at;
}

/* All that one port sends, in order. */
static void naive_side(struct naive *v, unsigned from)
{
    const struct world *w = v->w;
    const unsigned side = w->links[0].end[1].index == from;
    vtime_t free_at = 0;

    for (unsigned id = 0; id < N_PACKETS; id++) {
        if (w->shots[id].port != from)
            continue;
        const vtime_t start = vtime_max(free_at, w->shots[id].time_ps);
        for (unsigned i = 0; i < w->cfg.n_faults; i++) {
            const struct ic_fault_cfg *f = &w->faults[i];
            if (f->triggered && f->ends[0].end == side && v->begin[i] == VTIME_NEVER && start >= f->from_ps &&
                start < f->until_ps && naive_matches(w, &f->trigger, id) && ++v->counted[i] == f->nth) {
                v->begin[i] = start;
                v->end[i] = vtime_min(vtime_add(start, f->duration_ps), f->until_ps);
            }
        }
        unsigned copies = 0;
        free_at = naive_fly(v, id, from, start, false, &copies);
        for (unsigned i = 0; i < w->cfg.n_faults; i++)
            if (copies >> i & 1) {
                v->hits[i]++;
                free_at = naive_fly(v, id, from, free_at, true, &copies);
            }
    }
}

/* A pair of Ethernet with room for all; each fault is about one end and what is sent there. */
static void make_pair(struct world *w, uint64_t seed)
{
    start_world(w, seed, false, 2, 0);
    join(w, port(0), port(1));
    w->links[0].training_ps = 0;
    w->links[0].queue_bytes = 1 << 24;
    random_traffic(w);
    random_faults(w);
    for (unsigned i = 0; i < w->cfg.n_faults; i++) {
        struct ic_fault_cfg *f = &w->faults[i];
        const unsigned from = w->links[0].end[f->ends[0].end].index;
        f->n_ends = 1;
        for (unsigned p = 0; p < 2; p++)
            w->ports[i][2][p] = p == from;
        f->trigger.from = w->ports[i][2];
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text that start with D or H, sorted. */
static char *sorted(char *text)
{
    static char *lines[2 * N_PACKETS * (MAX_FAULTS + 1)];
    char *out = NULL;
    size_t size, n = 0;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (*line == 'D' || *line == 'H')
            lines[n++] = line;
    qsort(lines, n, sizeof lines[0], by_text);
    FILE *f = open_memstream(&out, &size);
    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s\n", lines[i]);
    ck_assert_int_eq(fclose(f), 0);
    return out;
}

static int by_number(const void *a, const void *b)
{
    return (int)*(const unsigned *)a - (int)*(const unsigned *)b;
}

/* In the words of the log. A bit that is flipped twice is not flipped. */
static char *naive_log(struct naive *v)
{
    char *out = NULL;
    size_t size;
    FILE *f = open_memstream(&out, &size);

    ck_assert_ptr_nonnull(f);
    for (unsigned k = 0; k < v->n; k++) {
        struct arrival *a = &v->arrivals[k];
        fprintf(f, "D %u %lld %u", a->port, (long long)a->time_ps, a->id);
        qsort(a->bits, a->n_bits, sizeof a->bits[0], by_number);
        for (unsigned b = 0; b < a->n_bits; b++)
            if (b + 1 < a->n_bits && a->bits[b] == a->bits[b + 1])
                b++;
            else
                fprintf(f, " ~%u", a->bits[b]);
        fputc('\n', f);
    }
    for (unsigned i = 0; i < v->w->cfg.n_faults; i++)
        fprintf(f, "H %u %llu\n", i, (unsigned long long)v->hits[i]);
    ck_assert_int_eq(fclose(f), 0);
    return out;
}

START_TEST(pairs_like_the_reference)
{
    static struct world w;
    static struct naive v;
    const uint64_t seed = 5000 + (uint64_t)_i;

    make_pair(&w, seed);
    v = (struct naive){.w = &w};
    for (unsigned i = 0; i < w.cfg.n_faults; i++) {
        v.begin[i] = w.faults[i].triggered ? VTIME_NEVER : w.faults[i].from_ps;
        v.end[i] = w.faults[i].triggered ? VTIME_NEVER : w.faults[i].until_ps;
    }
    naive_side(&v, 0);
    naive_side(&v, 1);
    char *log = run(&w, 0, seed), *naive = naive_log(&v);
    char *have = sorted(log), *want = sorted(naive);
    expect_equal_logs(want, have, seed);
    free(log);
    free(naive);
    free(have);
    free(want);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults, random");
    TCase *tc = tcase_create("random");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, steps_do_not_matter, 0, 300);
    tcase_add_loop_test(tc, pairs_like_the_reference, 0, 200);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
