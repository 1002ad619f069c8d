/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_interconnect_random.c - the fabric on random topologies and traffic.
 *
 * Each fabric lives in a process of its own (SystemC elaborates once per process), which writes a log of all
 * callbacks.
 *  - The promises: what is announced after ic_advance(F) is not before F + egress; deliveries are in order
 * per port; the books balance at every step; nothing stays in flight.
 *  - Steps do not matter: the logs are equal, byte for byte, whether all frames are injected first and time
 * advances once, or time advances in random steps and each frame is injected at the last moment that ingress
 * allows.
 *  - References: naive computations of arrival times, for a pair and for a switch that floods.
 * Longer than usual: the generator, the runner and the references share their types and nothing else needs
 * them.
 */
#include "interconnect-model/interconnect.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PORTS = 8, MAX_SWITCHES = 3, MAX_LINKS = MAX_PORTS + MAX_SWITCHES, N_FRAMES = 60 };
enum { HEADER = 14, BROADCAST = 0xff };

struct shot {
    vtime_t time_ps;
    unsigned port, to; /* to: the first byte of the destination address */
    uint64_t id;
    uint32_t len;
};

struct world {
    uint64_t random;
    struct ic_switch_cfg switches[MAX_SWITCHES];
    struct ic_link_cfg links[MAX_LINKS];
    struct ic_config cfg;
    struct shot shots[N_FRAMES]; /* in order of time, then port */
    /* the run */
    struct ic *ic;
    FILE *log;
    vtime_t advanced_to, last[MAX_PORTS];
    unsigned n_delivered;
};

/* ---- random numbers (splitmix64) ---- */

static uint64_t next(struct world *w)
{
    uint64_t z = w->random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
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

static struct ic_link_cfg random_link(struct world *w)
{
    return (struct ic_link_cfg){
        .name = "link",
        .delay_ps = (vtime_t)ONE_OF(w, 1, 1000, 100 * VTIME_NS, 500 * VTIME_NS, between(w, 1, 2 * VTIME_US)),
        .rate_bps =
            ONE_OF(w, 10000000, 1000000000, 1000000000, 7000000001, between(w, 1000000, 100000000000)),
        .mtu_bytes = (uint32_t)ONE_OF(w, 1514, 1514, between(w, 100, 1600)),
        .queue_bytes = (uint32_t)ONE_OF(w, 100000, between(w, 200, 6000)),
        .overhead_bytes = (uint32_t)ONE_OF(w, 0, 24, between(w, 0, 40)),
        .training_ps = (vtime_t)ONE_OF(w, 0, 0, VTIME_NS, 20 * VTIME_US, between(w, 1, 3 * VTIME_US))};
}

static struct ic_switch_cfg random_switch(struct world *w)
{
    return (struct ic_switch_cfg){.name = "switch",
                                  .mode = next(w) & 1 ? IC_CUT_THROUGH : IC_STORE_AND_FORWARD,
                                  .latency_ps =
                                      (vtime_t)ONE_OF(w, 1, 300 * VTIME_NS, between(w, 1, VTIME_US)),
                                  .table_size = (uint32_t)ONE_OF(w, 1024, between(w, 1, 4)),
                                  .ageing_ps = (vtime_t)ONE_OF(w, VTIME_NEVER, between(w, 1, 20 * VTIME_US))};
}

/* Equal times are frequent: many lie on a grid. */
static void random_shots(struct world *w, bool broadcast_only)
{
    vtime_t t = 0;
    unsigned port = 0;

    for (unsigned i = 0; i < N_FRAMES; i++) {
        vtime_t step = (vtime_t)ONE_OF(w, 0, 0, 0, 100 * VTIME_NS, 992 * VTIME_NS, between(w, 0, VTIME_US),
                                       between(w, 0, 10 * VTIME_US));
        if (step > 0 || port + 1 >= w->cfg.n_ports)
            port = 0, t += step;
        else
            port = (unsigned)between(w, port, w->cfg.n_ports - 1);
        uint32_t len =
            (uint32_t)ONE_OF(w, 60, 100, 1514, between(w, HEADER, 1600), between(w, 1, 2 * HEADER));
        if (broadcast_only && len < HEADER)
            len = HEADER;
        unsigned to =
            next(w) % 4 == 0 || broadcast_only ? BROADCAST : 2 * (unsigned)between(w, 0, w->cfg.n_ports);
        w->shots[i] = (struct shot){t, port, to, i, len};
    }
}

static void finish_config(struct world *w, unsigned ports, unsigned switches, unsigned links)
{
    w->cfg.n_ports = ports;
    w->cfg.n_switches = switches;
    w->cfg.switches = w->switches;
    w->cfg.n_links = links;
    w->cfg.links = w->links;
}

static void join(struct world *w, unsigned link, struct ic_end a, struct ic_end b)
{
    bool swap = next(w) & 1;

    w->links[link] = random_link(w);
    w->links[link].end[swap] = a;
    w->links[link].end[!swap] = b;
}

static void make_pair(struct world *w, uint64_t seed)
{
    *w = (struct world){.random = seed};
    join(w, 0, (struct ic_end){IC_END_PORT, 0}, (struct ic_end){IC_END_PORT, 1});
    finish_config(w, 2, 0, 1);
    random_shots(w, false);
}

/* One switch, everything flooded, no training: what the reference for switches understands. */
static void make_flooded_star(struct world *w, uint64_t seed)
{
    *w = (struct world){.random = seed};
    unsigned ports = (unsigned)between(w, 2, MAX_PORTS);

    w->switches[0] = random_switch(w);
    for (unsigned i = 0; i < ports; i++) {
        join(w, i, (struct ic_end){IC_END_PORT, i}, (struct ic_end){IC_END_SWITCH, 0});
        w->links[i].training_ps = 0;
    }
    finish_config(w, ports, 1, ports);
    random_shots(w, true);
}

/* A random tree of switches with ports on them, or a pair. */
static void make_tree(struct world *w, uint64_t seed)
{
    *w = (struct world){.random = seed};
    unsigned switches = (unsigned)between(w, 0, MAX_SWITCHES), ports = (unsigned)between(w, 2, MAX_PORTS);
    unsigned links = 0;

    if (switches == 0) {
        make_pair(w, seed);
        return;
    }
    for (unsigned i = 0; i < switches; i++) {
        w->switches[i] = random_switch(w);
        if (i > 0)
            join(w, links++, (struct ic_end){IC_END_SWITCH, i},
                 (struct ic_end){IC_END_SWITCH, (unsigned)between(w, 0, i - 1)});
    }
    for (unsigned i = 0; i < ports; i++)
        join(w, links++, (struct ic_end){IC_END_PORT, i},
             (struct ic_end){IC_END_SWITCH, (unsigned)between(w, 0, switches - 1)});
    finish_config(w, ports, switches, links);
    random_shots(w, false);
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

static void on_deliver(void *ctx, unsigned port, vtime_t time_ps, uint64_t id, const uint8_t *data,
                       uint32_t len)
{
    struct world *w = ctx;

    if (time_ps < vtime_add(w->advanced_to, ic_egress_ps(w->ic, port)))
        broken("port %u: %lld announced after the fabric came to %lld", port, (long long)time_ps,
               (long long)w->advanced_to);
    if (time_ps < w->last[port])
        broken("port %u: %lld announced after %lld", port, (long long)time_ps, (long long)w->last[port]);
    if (id >= N_FRAMES || len != w->shots[id].len || data[0] != w->shots[id].to)
        broken("port %u: frame %llu is not what was sent", port, (unsigned long long)id);
    w->last[port] = time_ps;
    w->n_delivered++;
    fprintf(w->log, "D %u %lld %llu\n", port, (long long)time_ps, (unsigned long long)id);
}

static void on_event(void *ctx, const struct ic_event *ev)
{
    struct world *w = ctx;

    fprintf(w->log, "E %lld kind %d drop %d link %u.%u frame %llu queue %u len %u\n", (long long)ev->time_ps,
            (int)ev->kind, (int)ev->drop, ev->link, ev->end, (unsigned long long)ev->frame_id,
            ev->queue_bytes, ev->len);
}

static void inject(struct world *w, const struct shot *shot)
{
    /* The address of port p is 2p 0 0 0 0 0 (odd first bytes are group addresses); nobody has 2n. */
    uint8_t bytes[1600] = {(uint8_t)shot->to, 0, 0, 0, 0, 0, (uint8_t)(2 * shot->port)};

    if (ic_inject(w->ic, shot->port, shot->time_ps, shot->id, bytes, shot->len) != 0)
        broken("frame %llu: refused at %lld, the fabric is at %lld", (unsigned long long)shot->id,
               (long long)shot->time_ps, (long long)ic_now_ps(w->ic));
}

static void advance(struct world *w, vtime_t until)
{
    char why[200];

    if (ic_advance(w->ic, until) != 0)
        broken("ic_advance(%lld) failed", (long long)until);
    w->advanced_to = until;
    if (ic_check(w->ic, why, sizeof why) != 0)
        broken("%s", why);
    if (ic_next_event_ps(w->ic) < until)
        broken("an event before %lld was left", (long long)until);
}

/* Injects each frame as late as possible, in random steps of time. */
static void run_late(struct world *w, uint64_t step_seed)
{
    struct world steps = {.random = step_seed};
    bool done[N_FRAMES] = {false};
    unsigned left = N_FRAMES;

    for (vtime_t until = 0; left > 0;
         until += (vtime_t)ONE_OF(&steps, 1, 100 * VTIME_NS, between(&steps, 1, VTIME_US),
                                  between(&steps, 1, 10 * VTIME_US))) {
        for (unsigned i = 0; i < N_FRAMES; i++) {
            vtime_t last_chance = w->shots[i].time_ps + ic_ingress_ps(w->ic, w->shots[i].port);
            if (!done[i] && last_chance < until) {
                inject(w, &w->shots[i]);
                done[i] = true;
                left--;
            }
        }
        advance(w, until);
    }
}

/* Runs the world to its end, with all frames first (steps 0) or late (a seed of the steps); writes the log to
 * fd. */
static void run_here(struct world *w, uint64_t step_seed, int fd)
{
    struct ic_totals sum;

    w->log = fdopen(fd, "w");
    w->cfg.ops = (struct ic_ops){.deliver = on_deliver, .event = on_event};
    w->cfg.ctx = w;
    w->ic = ic_create(&w->cfg);
    if (!w->log || !w->ic)
        broken("cannot build the fabric");
    if (step_seed != 0)
        run_late(w, step_seed);
    else
        for (unsigned i = 0; i < N_FRAMES; i++)
            inject(w, &w->shots[i]);
    advance(w, VTIME_NEVER);
    ic_totals(w->ic, &sum);
    if (sum.injected != N_FRAMES || sum.delivered != w->n_delivered || sum.in_flight != 0)
        broken("at the end: %llu injected, %llu delivered, %llu in flight", (unsigned long long)sum.injected,
               (unsigned long long)sum.delivered, (unsigned long long)sum.in_flight);
    ic_destroy(w->ic);
    if (fclose(w->log) != 0)
        broken("cannot write the log");
}

/* The same in a process of its own. Returns the log, to be freed. */
static char *run(struct world *w, uint64_t step_seed)
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
    ck_assert_msg(status == 0, "the run ended with status %#x", (unsigned)status);
    return log;
}

/* ---- naive references ---- */

struct hop {
    vtime_t start_ps, end_ps; /* of the transmission; start VTIME_NEVER: dropped */
};

static vtime_t naive_serialisation(const struct ic_link_cfg *link, uint32_t len)
{
    /* Long division in two steps, so that 64 bits suffice: whole seconds never occur here. */
    uint64_t bits = 8ull * (len + link->overhead_bytes), ps = 0, rest = bits;

    for (int digit = 0; digit < 12; digit++) {
        rest *= 10;
        ps = ps * 10 + rest / link->rate_bps;
        rest %= link->rate_bps;
    }
    return (vtime_t)(ps + (rest != 0));
}

/* One more frame for a queue whose earlier frames are hops[0..n); lens alike. */
static struct hop naive_send(const struct ic_link_cfg *link, const struct hop *hops, const uint32_t *lens,
                             unsigned n, vtime_t t, vtime_t not_before, uint32_t len)
{
    uint64_t held = 0;
    vtime_t start = vtime_max(t, not_before);

    for (unsigned i = 0; i < n; i++)
        if (hops[i].start_ps < VTIME_NEVER && hops[i].end_ps > t) {
            held += lens[i];
            start = vtime_max(start, hops[i].end_ps);
        }
    if (len > link->mtu_bytes || held + len > link->queue_bytes)
        return (struct hop){VTIME_NEVER, VTIME_NEVER};
    return (struct hop){start, start + naive_serialisation(link, len)};
}

struct arrival {
    vtime_t time_ps;
    uint64_t id;
};

/* Compares the deliveries at `port` in the log with the reference's list. */
static void compare(const char *log, unsigned port, const struct arrival *expected, unsigned n, uint64_t seed)
{
    unsigned at = 0;

    for (const char *line = log; *line; line = strchr(line, '\n') + 1) {
        unsigned p;
        long long t;
        unsigned long long id;
        if (sscanf(line, "D %u %lld %llu", &p, &t, &id) != 3 || p != port)
            continue;
        ck_assert_msg(at < n && expected[at].time_ps == t && expected[at].id == id,
                      "seed %llu port %u delivery %u: %lld frame %llu, expected %lld frame %llu",
                      (unsigned long long)seed, port, at, t, id,
                      at < n ? (long long)expected[at].time_ps : -1,
                      at < n ? (unsigned long long)expected[at].id : 0ull);
        at++;
    }
    ck_assert_msg(at == n, "seed %llu port %u: %u deliveries, expected %u", (unsigned long long)seed, port,
                  at, n);
}

START_TEST(pairs_like_the_reference)
{
    const uint64_t seed = 1000 + (uint64_t)_i;
    static struct world w;

    make_pair(&w, seed);
    char *log = run(&w, 0);
    const struct ic_link_cfg *link = &w.links[0];
    vtime_t up = VTIME_NEVER;
    for (unsigned i = 0; i < N_FRAMES; i++)
        if (w.shots[i].len <= link->mtu_bytes && w.shots[i].len <= link->queue_bytes)
            up = vtime_min(up, w.shots[i].time_ps + link->training_ps);
    if (link->training_ps == 0)
        up = 0;
    for (unsigned from = 0; from < 2; from++) {
        struct hop hops[N_FRAMES];
        uint32_t lens[N_FRAMES];
        struct arrival expected[N_FRAMES];
        unsigned n = 0, arrivals = 0;
        for (unsigned i = 0; i < N_FRAMES; i++) {
            const struct shot *shot = &w.shots[i];
            if (shot->port != from)
                continue;
            lens[n] = shot->len;
            hops[n] = naive_send(link, hops, lens, n, shot->time_ps, up, shot->len);
            if (hops[n].start_ps < VTIME_NEVER)
                expected[arrivals++] = (struct arrival){hops[n].end_ps + link->delay_ps, shot->id};
            n++;
        }
        compare(log, !from, expected, arrivals, seed);
    }
    free(log);
}
END_TEST

struct lookup {
    vtime_t time_ps, last_ps;
    unsigned from;
    const struct shot *shot;
};

static int by_time_then_link(const void *a, const void *b)
{
    const struct lookup *x = a, *y = b;

    if (x->time_ps != y->time_ps)
        return x->time_ps < y->time_ps ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->shot < y->shot ? -1 : 1;
}

/* When each frame is looked up in the switch. Port p is on link p. Returns how many get there. */
static unsigned naive_lookups(const struct world *w, struct lookup *lookups)
{
    const struct ic_switch_cfg *sw = &w->switches[0];
    unsigned count = 0;

    for (unsigned from = 0; from < w->cfg.n_ports; from++) {
        const struct ic_link_cfg *link = &w->links[from];
        struct hop hops[N_FRAMES];
        uint32_t lens[N_FRAMES];
        unsigned n = 0;
        for (unsigned i = 0; i < N_FRAMES; i++) {
            const struct shot *shot = &w->shots[i];
            if (shot->port != from)
                continue;
            lens[n] = shot->len;
            hops[n] = naive_send(link, hops, lens, n, shot->time_ps, 0, shot->len);
            if (hops[n].start_ps < VTIME_NEVER) {
                vtime_t last = hops[n].end_ps + link->delay_ps;
                vtime_t header = hops[n].start_ps + naive_serialisation(link, HEADER) + link->delay_ps;
                vtime_t in = sw->mode == IC_CUT_THROUGH ? header : last;
                lookups[count++] = (struct lookup){in + sw->latency_ps, last, from, shot};
            }
            n++;
        }
    }
    qsort(lookups, count, sizeof *lookups, by_time_then_link);
    return count;
}

START_TEST(floods_like_the_reference)
{
    const uint64_t seed = 2000 + (uint64_t)_i;
    static struct world w;
    struct lookup lookups[N_FRAMES] = {0};

    make_flooded_star(&w, seed);
    char *log = run(&w, 0);
    unsigned count = naive_lookups(&w, lookups);
    for (unsigned to = 0; to < w.cfg.n_ports; to++) {
        const struct ic_link_cfg *link = &w.links[to];
        struct hop hops[N_FRAMES];
        uint32_t lens[N_FRAMES];
        struct arrival expected[N_FRAMES];
        unsigned n = 0, arrivals = 0;
        for (unsigned i = 0; i < count; i++) {
            if (lookups[i].from == to)
                continue;
            lens[n] = lookups[i].shot->len;
            vtime_t all_in =
                lookups[i].last_ps + w.switches[0].latency_ps - naive_serialisation(link, lens[n]);
            hops[n] = naive_send(link, hops, lens, n, lookups[i].time_ps, all_in, lens[n]);
            if (hops[n].start_ps < VTIME_NEVER)
                expected[arrivals++] = (struct arrival){hops[n].end_ps + link->delay_ps, lookups[i].shot->id};
            n++;
        }
        compare(log, to, expected, arrivals, seed);
    }
    free(log);
}
END_TEST

/* Where two logs differ first, for the message. */
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

START_TEST(steps_do_not_matter)
{
    const uint64_t seed = 3000 + (uint64_t)_i;
    static struct world w;

    make_tree(&w, seed);
    char *once = run(&w, 0);
    char *late = run(&w, seed);
    expect_equal_logs(once, late, seed);
    if (_i % 4 == 0) {
        char *again = run(&w, 0), *other = run(&w, seed + 77);
        expect_equal_logs(once, again, seed);
        expect_equal_logs(once, other, seed);
        free(again);
        free(other);
    }
    free(once);
    free(late);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interconnect, random");
    TCase *tc = tcase_create("random");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, pairs_like_the_reference, 0, 100);
    tcase_add_loop_test(tc, floods_like_the_reference, 0, 100);
    tcase_add_loop_test(tc, steps_do_not_matter, 0, 150);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
