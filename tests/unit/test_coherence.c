/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_coherence.c - the coherence checker: each rule by a case; random histories that a right kernel could
 * have told, none of which is flagged in whatever order the nodes' records come; the same histories with one
 * wrong record, which is; garbage.
 */
#include "devices/fabric/fabric_abi.h"
#include "sim/coherence.h"
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES = 5,
    PAGES = 6,
    MOST = 400,
    NONE = COHERENCE_NONE,
    READER = COHERENCE_READER,
    WRITER = COHERENCE_WRITER
};

static const char *const names[NODES] = {"alpha", "beta", "gamma", "delta", "eps"};
static struct coherence *c;

static void begin(void)
{
    c = coherence_new(names, NODES, NULL);
}

static void end(void)
{
    coherence_free(c);
}

static void say(unsigned node, vtime_t at, uint64_t page, uint32_t state, uint64_t version)
{
    struct {
        struct fab_event head;
        uint64_t data[2];
    } r = {{COHERENCE_EVENT, sizeof r, state}, {page, version}};
    coherence_record(c, node, at, &r, sizeof r);
}

/* Everything is judged: the kind is this one, and the sentence (if any) has the words in it. */
static void expect(enum coherence_kind want, const char *words)
{
    enum coherence_kind kind;
    coherence_commit(c, VTIME_NEVER);
    const char *why = coherence_wrong(c, &kind);
    ck_assert_msg(kind == want, "kind %d instead of %d: %s", kind, want, why ? why : "nothing wrong");
    ck_assert(!why == !want);
    if (why && words)
        ck_assert_msg(strstr(why, words) != NULL, "%s", why);
}

START_TEST(legal)
{
    say(0, 10, 7, READER, 0); /* first touch */
    say(0, 20, 7, WRITER, 1); /* upgrade */
    say(0, 30, 7, READER, 1); /* a reader comes */
    say(1, 40, 7, READER, 1);
    say(0, 50, 7, NONE, 1);
    say(1, 50, 7, NONE, 1);
    say(1, 50, 9, WRITER, 1); /* another page */
    say(2, 60, 7, WRITER, 4); /* grants that nobody lived to see */
    say(2, 60, 7, WRITER, 4); /* said again */
    say(3, 61, 7, NONE, 0);   /* never had it */
    expect(COHERENCE_OK, NULL);
    ck_assert_uint_eq(coherence_counted(c).changes, 10);
    ck_assert_uint_eq(coherence_counted(c).pages, 2);
}
END_TEST

START_TEST(two_writers)
{
    say(0, 1000, 7, WRITER, 1);
    say(2, 5001, 7, WRITER, 2);
    expect(COHERENCE_TWO_WRITERS,
           "at 0.000000005001 s: page 7: gamma (has no copy) becomes writer of version 2 "
           "while alpha is writer of version 1");
}
END_TEST

START_TEST(writer_beside_readers)
{
    for (unsigned i = 0; i < NODES; i++)
        say(i, 1000 + i, 7, READER, 3);
    say(1, 2000, 7, WRITER, 4);
    expect(
        COHERENCE_WRITER_AND_READER,
        "beta (reader) becomes writer of version 4 while alpha, gamma, delta, eps are readers of version 3");
}
END_TEST

START_TEST(reader_beside_writer)
{
    say(4, 1000, 7, WRITER, 1);
    say(1, 2000, 7, READER, 1);
    expect(COHERENCE_WRITER_AND_READER, "beta (has no copy) becomes reader of version 1 while eps is writer");
}
END_TEST

START_TEST(versions)
{
    static const struct {
        uint32_t state;
        uint64_t version;
        enum coherence_kind kind;
        const char *words;
    } cases[] = {
        {READER, 4, COHERENCE_VERSION_BACK, "reader of version 4, but the last one granted is 5"},
        {READER, 6, COHERENCE_VERSION_UNKNOWN, "reader of version 6, but the last one that was granted is 5"},
        {WRITER, 5, COHERENCE_VERSION_BACK, "writer of version 5, but version 5 was granted before"},
        {WRITER, 4, COHERENCE_VERSION_BACK, "writer of version 4, but version 5 was granted before"},
        {READER, 5, COHERENCE_OK, NULL},
        {WRITER, 6, COHERENCE_OK, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        say(0, 10, 7, WRITER, 5);
        say(0, 20, 7, NONE, 5);
        say(1, 30, 7, cases[i].state, cases[i].version);
        expect(cases[i].kind, cases[i].words);
        end();
        begin();
    }
    say(0, 10, 7, WRITER, 5);
    say(0, 20, 7, NONE, 4);
    expect(COHERENCE_VERSION_BACK, "alpha gives up version 4, but was writer of version 5");
    end();
    begin();
    say(0, 10, 7, READER, 5);
    say(1, 11, 7, READER, 5);
    say(1, 12, 7, READER, 6); /* another version without losing its copy */
    expect(COHERENCE_VERSION_UNKNOWN, "beta (reader) becomes reader of version 6");
}
END_TEST

START_TEST(same_instant)
{
    /* given up and taken: no instant has both, in whichever order they are told */
    say(0, 10, 7, WRITER, 1);
    say(0, 20, 7, NONE, 1);
    say(1, 20, 7, WRITER, 2);
    say(2, 30, 7, WRITER, 3);
    say(1, 30, 7, NONE, 2);
    say(2, 40, 7, READER, 3);
    say(0, 40, 7, READER, 3);
    expect(COHERENCE_OK, NULL);
    end();
    begin();
    say(2, 10, 7, WRITER, 1); /* taken at one instant by two */
    say(1, 10, 7, WRITER, 2);
    expect(COHERENCE_TWO_WRITERS, "at 0.000000000010 s");
    end();
    begin();
    say(0, 10, 7, WRITER,
        1); /* a node's own order counts: it had it, at the instant at which the other got it */
    say(0, 10, 7, NONE, 1);
    say(0, 10, 7, WRITER, 2);
    say(1, 10, 7, WRITER, 3);
    expect(COHERENCE_TWO_WRITERS, "beta");
}
END_TEST

START_TEST(gone)
{
    say(0, 10, 7, WRITER, 3);
    say(1, 11, 8, READER, 1);
    coherence_gone(c, 0, 20);
    say(1, 20, 7, WRITER, 4); /* the same instant */
    coherence_gone(c, 0, 25); /* told twice */
    say(0, 30, 7, NONE, 0);   /* it has started again and knows nothing */
    say(0, 40, 7, READER, 3);
    expect(COHERENCE_WRITER_AND_READER, "alpha (has no copy)");
    end();
    begin();
    say(0, 10, 7, WRITER, 3);
    say(1, 15, 8, READER, 1);
    coherence_gone(c, 0, 20);
    coherence_gone(c, 1, 30); /* now nobody remembers anything */
    say(0, 40, 7, READER, 0);
    say(1, 50, 7, READER, 0);
    expect(COHERENCE_OK, NULL);
    ck_assert_uint_eq(coherence_counted(c).pages, 3);
}
END_TEST

START_TEST(malformed)
{
    static const uint8_t zero[256];
    struct fab_event head = {COHERENCE_EVENT, 0, 1};
    uint8_t record[256] = {0};

    memcpy(record, &head, sizeof head);
    for (unsigned len = 0; len <= sizeof record; len++) {
        coherence_record(c, 2, 10, record, len);
        expect(len >= sizeof head && len != sizeof head + 16 ? COHERENCE_MALFORMED : COHERENCE_OK,
               "gamma: a record");
        end();
        begin();
    }
    coherence_record(c, 2, 10, zero, sizeof zero); /* another type */
    coherence_record(c, NODES, 10, record, 24);
    expect(COHERENCE_OK, NULL);
    ck_assert_uint_eq(coherence_counted(c).changes, 0);
    end();
    begin();
    say(3, 10, 7, 3, 1);
    expect(COHERENCE_MALFORMED, "page 7: delta says that its state is 3, which is none");
}
END_TEST

START_TEST(bounds)
{
    struct coherence_limits limits = {.pages = 100, .waiting = 50};

    end();
    c = coherence_new(names, NODES, &limits);
    for (unsigned i = 0; i < 100; i++) {
        say(0, 10 + i, i << 20, READER, 0);
        coherence_commit(c, 10 + i);
    }
    say(1, 500, 99 << 20, READER, 0);
    coherence_commit(c, 501);
    ck_assert_ptr_null(coherence_wrong(c, NULL));
    say(1, 501, 7, READER, 0);
    expect(COHERENCE_TOO_MUCH, "beta speaks of one page more than the 100 that can be followed");
    end();
    c = coherence_new(names, NODES, &limits);
    for (unsigned i = 0; i < 51; i++)
        say(0, 10, 1, READER, 0);
    expect(COHERENCE_TOO_MUCH, "more than 50 changes");
}
END_TEST

/* The first is kept. */
START_TEST(first)
{
    say(0, 10, 7, WRITER, 1);
    say(1, 30, 7, WRITER, 2);
    say(2, 20, 7, READER, 1);
    expect(COHERENCE_WRITER_AND_READER, "at 0.000000000020 s");
    say(3, 40, 7, 9, 9);
    expect(COHERENCE_WRITER_AND_READER, "at 0.000000000020 s");
}
END_TEST

/* ---- random histories ---- */

struct step {
    vtime_t at;
    uint64_t page, version;
    uint32_t state;
    unsigned node;
    bool gone;
};

static struct step history[MOST];
static unsigned n_steps;
static uint64_t dice;

static unsigned below(unsigned n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)((dice >> 11) % n);
}

static struct {
    uint32_t state[NODES];
    uint64_t version;
    bool lost;
} world[PAGES];
static vtime_t now;

static void step(unsigned node, unsigned page, uint32_t state)
{
    if (n_steps == MOST || world[page].state[node] == state)
        return;
    world[page].version += state == WRITER;
    world[page].state[node] = state;
    history[n_steps++] = (struct step){now, page, world[page].version, state, node, false};
    now += below(3) ? 1 + below(1000) : 0; /* sometimes two at one instant */
}

static bool held(unsigned page)
{
    for (unsigned i = 0; i < NODES; i++)
        if (world[page].state[i] != NONE)
            return true;
    return false;
}

static void act(void)
{
    unsigned node = below(NODES), page = below(PAGES);

    if (below(40) == 0 && n_steps < MOST) { /* it crashes; what only it had is lost */
        history[n_steps++] = (struct step){.at = now, .node = node, .gone = true};
        for (unsigned i = 0; i < PAGES; i++) {
            bool had = held(i);
            world[i].state[node] = NONE;
            world[i].lost |= had && !held(i);
        }
        now++;
        return;
    }
    if (world[page].lost)
        return;
    bool write = below(2);
    for (unsigned i = 0; i < NODES; i++)
        if (i != node && world[page].state[i] != NONE && (write || world[page].state[i] == WRITER))
            step(i, page, write ? NONE : READER);
    now += 1; /* a message goes to the one that asked */
    if (write || world[page].state[node] == NONE)
        step(node, page, write ? WRITER : READER);
}

static void make_history(uint64_t seed)
{
    dice = seed * 0x9e3779b97f4a7c15u + 1;
    memset(world, 0, sizeof world);
    n_steps = 0;
    now = 1000;
    while (n_steps < MOST - 2 * NODES)
        act();
}

/* In an order of which only each node's own part is certain, with judgements as early as they may come. */
static void tell(void)
{
    unsigned next[NODES] = {0}, left = n_steps;

    while (left > 0) {
        vtime_t upto = VTIME_NEVER;
        unsigned node = below(NODES);
        for (unsigned n = 1 + below(8); n > 0 && left > 0; n--) {
            while (next[node] < n_steps && history[next[node]].node != node)
                next[node]++;
            if (next[node] == n_steps)
                break;
            struct step *s = &history[next[node]++];
            left--;
            if (s->gone)
                coherence_gone(c, s->node, s->at);
            else
                say(s->node, s->at, s->page, s->state, s->version);
        }
        for (unsigned i = 0; i < NODES; i++) {
            while (next[i] < n_steps && history[next[i]].node != i)
                next[i]++;
            if (next[i] < n_steps)
                upto = vtime_min(upto, history[next[i]].at);
        }
        if (below(2))
            coherence_commit(c, upto);
    }
}

START_TEST(random_legal)
{
    for (unsigned i = 0; i < 300; i++) {
        make_history((uint64_t)_i * 300 + i);
        tell();
        expect(COHERENCE_OK, NULL);
        end();
        begin();
    }
}
END_TEST

/* A record that cannot be true is put in somewhere; what is known of the world then says of which kind it is.
 */
static enum coherence_kind plant(unsigned where, unsigned how)
{
    struct {
        uint32_t state[NODES];
        uint64_t version;
        bool known;
    } w = {{0}, 0, false};
    struct step s = history[where];

    if (s.gone)
        return COHERENCE_OK;
    for (unsigned i = 0; i <= where; i++) {
        if (history[i].gone)
            w.state[history[i].node] = NONE;
        else if (history[i].page == s.page) {
            w.state[history[i].node] = history[i].state;
            w.version = history[i].version;
            w.known = true;
        }
    }
    unsigned node = below(NODES), writers = 0, readers = 0;
    for (unsigned i = 0; i < NODES; i++) {
        writers += i != node && w.state[i] == WRITER;
        readers += i != node && w.state[i] == READER;
    }
    if (w.state[node] != NONE)
        return COHERENCE_OK;
    s.at++; /* nothing else happens then: see make_history */
    s.node = node;
    enum coherence_kind kind = COHERENCE_OK;
    switch (how) {
    case 0:
        s.state = WRITER, s.version = w.version + 1;
        kind = writers ? COHERENCE_TWO_WRITERS : readers ? COHERENCE_WRITER_AND_READER : COHERENCE_OK;
        break;
    case 1:
        s.state = READER, s.version = w.version;
        kind = writers ? COHERENCE_WRITER_AND_READER : COHERENCE_OK;
        break;
    case 2:
        s.state = READER, s.version = w.version - 1;
        kind = w.version && !writers ? COHERENCE_VERSION_BACK : COHERENCE_OK;
        break;
    case 3:
        s.state = READER, s.version = w.version + 1 + below(5);
        kind = writers ? COHERENCE_OK : COHERENCE_VERSION_UNKNOWN;
        break;
    case 4:
        s.state = WRITER, s.version = w.version;
        kind = !writers && !readers ? COHERENCE_VERSION_BACK : COHERENCE_OK;
        break;
    default:
        s.state = 3 + below(1000);
        kind = COHERENCE_MALFORMED;
    }
    if (kind != COHERENCE_OK) {
        memmove(history + where + 2, history + where + 1, (n_steps - where - 1) * sizeof s);
        history[where + 1] = s;
        n_steps++;
    }
    return kind;
}

START_TEST(random_planted)
{
    unsigned planted[COHERENCE_TOO_MUCH] = {0};

    for (unsigned i = 0; i < 1500; i++) {
        make_history((uint64_t)i);
        for (unsigned k = 0; k < n_steps; k++)
            history[k].at = 10 * (vtime_t)(k + 1); /* nothing at one instant */
        unsigned where = below(n_steps);
        bool all_gone = false; /* what is forgotten cannot be contradicted */
        uint64_t live = 0;
        for (unsigned k = 0; k <= where; k++) {
            live = history[k].gone ? live & ~(1ull << history[k].node) : live | 1ull << history[k].node;
            all_gone |= live == 0;
        }
        enum coherence_kind kind = all_gone ? COHERENCE_OK : plant(where, i % 6);
        if (kind == COHERENCE_OK)
            continue;
        char when[40];
        snprintf(when, sizeof when, "at 0.%09u%03u s", (unsigned)(history[where + 1].at / 1000),
                 (unsigned)(history[where + 1].at % 1000));
        tell();
        expect(kind, history[where + 1].at % 1000 ? when : NULL);
        planted[kind]++;
        end();
        begin();
    }
    for (unsigned k = 1; k <= COHERENCE_MALFORMED; k++)
        ck_assert_msg(planted[k] >= 20, "kind %u was planted %u times only", k, planted[k]);
}
END_TEST

/* Any bytes, times and orders: it may flag what it likes, but goes on. */
START_TEST(garbage)
{
    struct coherence_limits limits = {.pages = 40, .waiting = 1000};

    for (unsigned i = 0; i < 400; i++) {
        dice = i + 1;
        end();
        c = coherence_new(names, 1 + below(NODES), &limits);
        for (unsigned n = below(2000); n > 0; n--) {
            uint8_t record[256];
            unsigned len = below(4) ? 24 : below(257), few = 1 + below(60);
            for (unsigned k = 0; k < sizeof record; k++)
                record[k] = (uint8_t)below(256);
            if (below(50)) {
                struct fab_event head = {COHERENCE_EVENT, (uint16_t)len,
                                         below(8) ? below(3) : below(1 << 20)};
                uint64_t data[2] = {below(few), below(3)};
                memcpy(record, &head, sizeof head);
                memcpy(record + sizeof head, data, sizeof data);
            }
            uint8_t *exact = malloc(len + 1); /* reading beyond it would be noticed */
            memcpy(exact, record, len);
            coherence_record(c, below(NODES + 2), below(1000), exact, len);
            free(exact);
            if (below(30) == 0)
                coherence_gone(c, below(NODES + 2), below(1000));
            if (below(20) == 0)
                coherence_commit(c, below(1000));
        }
        coherence_commit(c, VTIME_NEVER);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("coherence");
    TCase *cases = tcase_create("cases"), *random = tcase_create("random");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, legal);
    tcase_add_test(cases, two_writers);
    tcase_add_test(cases, writer_beside_readers);
    tcase_add_test(cases, reader_beside_writer);
    tcase_add_test(cases, versions);
    tcase_add_test(cases, same_instant);
    tcase_add_test(cases, gone);
    tcase_add_test(cases, malformed);
    tcase_add_test(cases, bounds);
    tcase_add_test(cases, first);
    suite_add_tcase(s, cases);
    tcase_set_timeout(random, 300);
    tcase_add_checked_fixture(random, begin, end);
    tcase_add_loop_test(random, random_legal, 0, 20);
    tcase_add_test(random, random_planted);
    tcase_add_test(random, garbage);
    suite_add_tcase(s, random);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
