/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_lossless_random.c - adapters and fabric switches on random topologies and traffic.
 *
 *  - The promises: what is announced after ic_advance(F) is not before F + egress, in order per port; the
 * books balance at every step; each flow is in order; nothing is lost and nothing stays.
 *  - Steps do not matter: the logs of all callbacks are equal, byte for byte, whether everything is injected
 * first and time advances once, or time advances in random steps and each packet and each request for
 * training comes at the last moment that ingress allows.
 *  - Every delivery is that of the naive model (naive_lossless.c), to the picosecond.
 *
 * Each fabric lives in a process of its own: SystemC elaborates once per process.
 */
#include "devices/fabric/fabric_wire.h"
#include "tests/unit/naive_lossless.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_PORTS = 6,
    MAX_SWITCHES = 5,
    MAX_LINKS = 16,
    N_PACKETS = 120,
    MAX_TRAINS = 4,
    HEAD = FAB_HEADER_BYTES
};

struct world {
    uint64_t random;
    struct ic_switch_cfg switches[MAX_SWITCHES];
    struct ic_link_cfg links[MAX_LINKS];
    struct ic_config cfg;
    struct naive_packet packets[N_PACKETS]; /* in order of time, then port */
    struct naive_train trains[MAX_TRAINS];
    unsigned n_trains;
    /* the run */
    struct ic *ic;
    FILE *log;
    vtime_t advanced_to, last[MAX_PORTS];
    unsigned layers;
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

static void join(struct world *w, struct ic_end a, struct ic_end b)
{
    bool swap = next(w) & 1;
    struct ic_link_cfg *l = &w->links[w->cfg.n_links++];

    ck_assert_uint_le(w->cfg.n_links, MAX_LINKS);
    *l = (struct ic_link_cfg){
        .name = "link",
        .delay_ps = (vtime_t)ONE_OF(w, 1, 1000, 100 * VTIME_NS, 100 * VTIME_NS, between(w, 1, VTIME_US)),
        .rate_bps =
            ONE_OF(w, 8000000000, 8000000000, 16000000000, 7000000001, between(w, 1000000, 100000000000)),
        .mtu_bytes = HEAD + 256,
        .queue_bytes = 1 << 24,
        .overhead_bytes = (uint32_t)ONE_OF(w, 0, 2, between(w, 0, 40)),
        .fabric = true,
        .tx_ps = (vtime_t)ONE_OF(w, 0, 30 * VTIME_NS, between(w, 0, 100 * VTIME_NS)),
        .rx_ps = (vtime_t)ONE_OF(w, 0, 40 * VTIME_NS, between(w, 0, 100 * VTIME_NS)),
        .buffer_bytes = (uint32_t)ONE_OF(w, HEAD + 256, 2 * (HEAD + 256), between(w, HEAD + 256, 4096))};
    l->training_ps = l->tx_ps + (vtime_t)ONE_OF(w, 1, 5 * VTIME_US, between(w, 1, VTIME_US));
    if (next(w) % 3)
        l->training_ps = 0;
    l->end[swap] = a;
    l->end[!swap] = b;
    for (unsigned k = 0; k < 2; k++)
        l->node[k] = (uint16_t)(10 + l->end[k].index); /* of a port; else of no meaning */
}

static struct ic_end port(unsigned index)
{
    return (struct ic_end){IC_END_PORT, index};
}

static struct ic_end sw(unsigned index)
{
    return (struct ic_end){IC_END_SWITCH, index};
}

/* Equal times are frequent: many lie on a grid. Destinations: mostly somebody, sometimes nobody. */
static void random_traffic(struct world *w)
{
    vtime_t t = 0;
    unsigned at = 0;
    unsigned hot = (unsigned)between(w, 0, w->cfg.n_ports - 1);

    for (unsigned i = 0; i < N_PACKETS; i++) {
        vtime_t step = (vtime_t)ONE_OF(w, 0, 0, 0, 0, 50 * VTIME_NS, 306 * VTIME_NS,
                                       between(w, 0, 400 * VTIME_NS), between(w, 0, VTIME_US));
        if (step > 0 || at + 1 >= w->cfg.n_ports)
            at = 0, t += step;
        else
            at = (unsigned)between(w, at, w->cfg.n_ports - 1);
        unsigned to = next(w) & 1 ? hot : (unsigned)between(w, 0, w->cfg.n_ports - (next(w) % 16 != 0));
        w->packets[i] =
            (struct naive_packet){.inject_ps = t,
                                  .port = at,
                                  .src = (uint16_t)(10 + at),
                                  .dst = (uint16_t)(10 + to),
                                  .queue = (uint8_t)between(w, 0, 3),
                                  .class = (uint8_t)(next(w) % FAB_VCS),
                                  .len = HEAD + (uint32_t)ONE_OF(w, 0, 16, 256, 256, between(w, 0, 256))};
    }
    for (w->n_trains = 0; w->n_trains < MAX_TRAINS && next(w) % 4; w->n_trains++)
        w->trains[w->n_trains] = (struct naive_train){(vtime_t)between(w, 0, 5 * VTIME_US),
                                                      (unsigned)between(w, 0, w->cfg.n_ports - 1)};
}

static void make_world(struct world *w, uint64_t seed)
{
    *w = (struct world){.random = seed * 77777};
    unsigned n = (unsigned)between(w, 0, MAX_SWITCHES), ports = n ? (unsigned)between(w, 2, MAX_PORTS) : 2;
    bool ring = next(w) & 1;

    w->cfg =
        (struct ic_config){.n_ports = ports, .n_switches = n, .switches = w->switches, .links = w->links};
    for (unsigned i = 0; i < n; i++)
        w->switches[i] =
            (struct ic_switch_cfg){.name = "switch",
                                   .fabric = true,
                                   .mode = next(w) & 1 ? IC_CUT_THROUGH : IC_STORE_AND_FORWARD,
                                   .latency_ps = (vtime_t)ONE_OF(w, 1, 100 * VTIME_NS, 200 * VTIME_NS,
                                                                 between(w, 1, 500 * VTIME_NS)),
                                   .radix = 64};
    if (n == 0)
        join(w, port(0), port(1));
    for (unsigned i = 0; n && i < ports; i++)
        join(w, port(i), sw((unsigned)between(w, 0, n - 1)));
    for (unsigned i = 1; i < n; i++)
        join(w, sw(i), sw(ring ? i - 1 : (unsigned)between(w, 0, i - 1)));
    if (ring && n > 2)
        join(w, sw(n - 1), sw(0));
    for (unsigned extra = n > 2 ? (unsigned)between(w, 0, 4) : 0; extra > 0; extra--) {
        unsigned a = (unsigned)between(w, 0, n - 1), b = (unsigned)between(w, 0, n - 1);
        if (a != b)
            join(w, sw(a), sw(b));
    }
    random_traffic(w);
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

static void on_deliver(void *ctx, unsigned at, vtime_t time_ps, uint64_t id, const uint8_t *data,
                       uint32_t len)
{
    struct world *w = ctx;
    struct fab_wire head;

    memcpy(&head, data, sizeof head);
    if (time_ps < vtime_add(w->advanced_to, ic_egress_ps(w->ic, at)))
        broken("port %u: %lld announced after the fabric came to %lld", at, (long long)time_ps,
               (long long)w->advanced_to);
    if (time_ps < w->last[at])
        broken("port %u: %lld announced after %lld", at, (long long)time_ps, (long long)w->last[at]);
    if (id >= N_PACKETS || len != w->packets[id].len || head.src != w->packets[id].src || head.dst != 10 + at)
        broken("port %u: packet %llu is not what was sent", at, (unsigned long long)id);
    w->last[at] = time_ps;
    fprintf(w->log, "D %u %lld %llu\n", at, (long long)time_ps, (unsigned long long)id);
}

static void on_event(void *ctx, const struct ic_event *ev)
{
    struct world *w = ctx;

    fprintf(w->log, "E %lld kind %d drop %d link %u.%u packet %llu queue %u len %u\n", (long long)ev->time_ps,
            (int)ev->kind, (int)ev->drop, ev->link, ev->end, (unsigned long long)ev->frame_id,
            ev->queue_bytes, ev->len);
}

static void inject(struct world *w, unsigned i)
{
    const struct naive_packet *p = &w->packets[i];
    uint8_t bytes[HEAD + 256] = {0};
    struct fab_wire head = {.vc = p->class, .dst = p->dst, .src = p->src, .queue = p->queue};

    memcpy(bytes, &head, sizeof head);
    if (ic_inject(w->ic, p->port, p->inject_ps, i, bytes, p->len) != 0)
        broken("packet %u: refused at %lld, the fabric is at %lld", i, (long long)p->inject_ps,
               (long long)ic_now_ps(w->ic));
}

static void train(struct world *w, unsigned i)
{
    if (ic_train(w->ic, w->trains[i].port, w->trains[i].time_ps) != 0)
        broken("training %u: refused", i);
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

/* Everything as late as possible, in random steps of time. */
static void run_late(struct world *w, uint64_t step_seed)
{
    struct world steps = {.random = step_seed};
    bool done[N_PACKETS] = {false}, trained[MAX_TRAINS] = {false};
    unsigned left = N_PACKETS + w->n_trains;

    for (vtime_t until = 0; left > 0;
         until += (vtime_t)ONE_OF(&steps, 1, 10 * VTIME_NS, between(&steps, 1, 100 * VTIME_NS),
                                  between(&steps, 1, VTIME_US))) {
        for (unsigned i = 0; i < w->n_trains; i++)
            if (!trained[i] && w->trains[i].time_ps + ic_ingress_ps(w->ic, w->trains[i].port) < until) {
                train(w, i);
                trained[i] = true;
                left--;
            }
        for (unsigned i = 0; i < N_PACKETS; i++)
            if (!done[i] && w->packets[i].inject_ps + ic_ingress_ps(w->ic, w->packets[i].port) < until) {
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
    w->cfg.ops = (struct ic_ops){.deliver = on_deliver, .event = on_event};
    w->cfg.ctx = w;
    w->ic = ic_create(&w->cfg);
    if (!w->log || !w->ic)
        broken("cannot build the fabric");
    fprintf(w->log, "%u layers\n", ic_n_vcs(w->ic, 0) / FAB_VCS);
    if (step_seed != 0) {
        run_late(w, step_seed);
    } else {
        for (unsigned i = 0; i < w->n_trains; i++)
            train(w, i);
        for (unsigned i = 0; i < N_PACKETS; i++)
            inject(w, i);
    }
    advance(w, VTIME_NEVER);
    ic_totals(w->ic, &sum);
    if (sum.injected != N_PACKETS || sum.in_flight != 0)
        broken("at the end: %llu injected, %llu in flight", (unsigned long long)sum.injected,
               (unsigned long long)sum.in_flight);
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

/* ---- tests ---- */

/* The deliveries in a log, against what the naive model says. */
static void compare(struct world *w, char *log)
{
    bool seen[N_PACKETS] = {false};
    unsigned long long id;
    long long at;
    unsigned layers, to;

    ck_assert_int_eq(sscanf(log, "%u layers", &layers), 1);
    naive_lossless(&w->cfg, layers, w->packets, N_PACKETS, w->trains, w->n_trains);
    for (const char *line = log; *line; line = strchr(line, '\n') + 1) {
        if (sscanf(line, "D %u %lld %llu", &to, &at, &id) != 3)
            continue;
        const struct naive_packet *p = &w->packets[id];
        ck_assert_msg(!seen[id], "packet %llu came twice", id);
        seen[id] = true;
        ck_assert_msg(p->delivered && p->at == to && p->deliver_ps == at,
                      "packet %llu came to %u at %lld; the reference: %s %u at %lld", id, to, at,
                      p->delivered ? "to" : "never, to", p->at, (long long)p->deliver_ps);
    }
    for (unsigned i = 0; i < N_PACKETS; i++)
        ck_assert_msg(seen[i] == w->packets[i].delivered, "packet %u came only in the reference", i);
}

/* What one queue sends to one node in one class arrives in its order. */
static void check_order(const struct world *w, const char *log)
{
    int last[MAX_PORTS][MAX_PORTS][4][FAB_VCS];
    unsigned long long id;

    memset(last, -1, sizeof last);
    for (const char *line = log; *line; line = strchr(line, '\n') + 1) {
        if (sscanf(line, "D %*u %*d %llu", &id) != 1)
            continue;
        const struct naive_packet *p = &w->packets[id];
        int *before = &last[p->src - 10][p->dst - 10][p->queue][p->class];
        ck_assert_int_lt(*before, (int)id);
        *before = (int)id;
    }
}

START_TEST(like_the_reference)
{
    static struct world w;

    make_world(&w, (uint64_t)_i);
    char *log = run(&w, 0);
    check_order(&w, log);
    compare(&w, log);
    free(log);
}
END_TEST

START_TEST(steps_do_not_matter)
{
    static struct world w;

    make_world(&w, (uint64_t)_i);
    char *whole = run(&w, 0), *late = run(&w, (uint64_t)_i + 1);
    ck_assert_str_eq(whole, late);
    free(whole);
    free(late);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interconnect, lossless, random");
    TCase *tc = tcase_create("random");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, like_the_reference, 0, 150);
    tcase_add_loop_test(tc, steps_do_not_matter, 0, 150);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
