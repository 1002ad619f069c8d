/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_explore.c - schedules of faults: drawn within the budget, written as a scenario, shrunk. */
#include "sim/explore.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "name: t\n"
    "nodes:\n"
    "  alpha: { arch: x86_64, kernel: /k }\n"
    "  beta: { arch: aarch64, kernel: /k }\n"
    "  gamma: { arch: riscv64, kernel: /k }\n"
    "links:\n"
    "  - { name: wire0, endpoints: [\"alpha:fab0\", \"beta:fab0\"], profile: cxl-like }\n"
    "  - { name: wire1, endpoints: [\"alpha:eth0\", \"gamma:eth0\"], delay: 1us, rate: 1Gbit }\n"
    "faults:\n"
    "  - { name: mine, link: wire1, loss: 50% }\n";

static struct scenario *parse(const char *explore)
{
    char all[4096];
    snprintf(all, sizeof all, "%sexplore: %s\n", text, explore);
    struct scenario *s = scenario_parse(all, strlen(all), "t.scn.yml", stderr);
    ck_assert_ptr_nonnull(s);
    return s;
}

START_TEST(test_drawn_within_the_budget)
{
    struct scenario *s = parse(
        "{ actions: [loss, delay, corrupt, duplicate, reorder, down, interrupt, dma-flip, pause, slow, "
        "crash, restart], most: 5, packets: 4, longest: 100us, from: 1ms, until: 3ms }");
    unsigned seen[SCN_ACTION_COUNT] = {0}, sizes[EXPLORE_MAX + 1] = {0}, ends[3] = {0}, links[2] = {0},
             nodes[3] = {0};
    bool longest = false, shortest = false;
    char why[200];

    ck_assert_int_eq(explore_check(s, why, sizeof why), 0);
    for (unsigned i = 0; i < 2000; i++) {
        struct explore_schedule x, again;
        explore_draw(s, 7, i, &x);
        explore_draw(s, 7, i, &again);
        ck_assert_uint_eq(x.n, again.n);
        ck_assert(x.n >= 1 && x.n <= 5);
        sizes[x.n]++;
        for (unsigned k = 0; k < x.n; k++) {
            const struct explore_fault *f = &x.fault[k];
            ck_assert_int_eq(f->at_ps, again.fault[k].at_ps);
            ck_assert_int_eq(f->action, again.fault[k].action);
            ck_assert(f->at_ps >= VTIME_MS && f->at_ps < 3 * VTIME_MS && f->at_ps % VTIME_NS == 0);
            ck_assert(f->count <= 4 && f->long_ps <= 100 * VTIME_US && f->long_ps % VTIME_NS == 0);
            longest |= f->long_ps > 90 * VTIME_US;
            shortest |= f->long_ps > 0 && f->long_ps < VTIME_US;
            seen[f->action]++;
            if (f->action < SCN_FIRST_NODE_ACTION) {
                ends[f->end]++;
                links[f->link]++;
            } else {
                nodes[f->node]++;
                if (f->action == SCN_INTERRUPT || f->action == SCN_DMA_FLIP)
                    ck_assert(f->node < 2); /* gamma has no adapter */
            }
        }
    }
    for (unsigned a = 0; a < SCN_ACTION_COUNT; a++)
        ck_assert_int_eq(seen[a] > 200, scn_explores(&s->explore, a));
    for (unsigned n = 1; n <= 5; n++)
        ck_assert_uint_gt(sizes[n], 300);
    ck_assert(ends[0] > 500 && ends[1] > 500 && ends[2] > 500 && links[0] > 1000 && links[1] > 1000);
    ck_assert(nodes[0] > 500 && nodes[1] > 500 && nodes[2] > 300 && longest && shortest);
    scenario_free(s);
}
END_TEST

START_TEST(test_kind_of_adapters_stays_on_their_links)
{
    struct scenario *s = parse("{ kind: datagram, until: 3ms }");

    for (unsigned i = 0; i < 200; i++) {
        struct explore_schedule x;
        explore_draw(s, 1, i, &x);
        for (unsigned k = 0; k < x.n; k++)
            ck_assert_uint_eq(x.fault[k].link, 0);
    }
    scenario_free(s);
}
END_TEST

START_TEST(test_nothing_to_hit)
{
    struct scenario *s = parse("{ actions: pause, nodes: \"delta*\", until: 3ms }");
    char why[200];

    ck_assert_int_eq(explore_check(s, why, sizeof why), -1);
    ck_assert_str_eq(why, "explore: there is no node that `pause` can hit");
    scenario_free(s);
    s = parse("{ actions: dma-flip, nodes: gamma, until: 3ms }");
    ck_assert_int_eq(explore_check(s, why, sizeof why), -1);
    scenario_free(s);
    s = scenario_parse(text, strlen(text), "t.scn.yml", stderr);
    ck_assert_int_eq(explore_check(s, why, sizeof why), -1);
    ck_assert_str_eq(why, "the scenario has no section `explore`, which says what may go wrong");
    scenario_free(s);
}
END_TEST

/* Whatever is drawn is a scenario that the parser takes, with the faults that were there and the drawn ones.
 */
START_TEST(test_written_is_read)
{
    struct scenario *s = parse(
        "{ actions: [loss, delay, corrupt, duplicate, reorder, down, interrupt, dma-flip, pause, slow, "
        "crash, restart], most: 3, kind: send, longest: 60s, until: 30s }");

    for (unsigned i = 0; i < 300; i++) {
        struct explore_schedule x;
        char *out = NULL;
        size_t len = 0;
        explore_draw(s, 3, i, &x);
        FILE *f = open_memstream(&out, &len);
        ck_assert_int_eq(explore_write(s, "other", &x, f), 0);
        fclose(f);
        struct scenario *t = scenario_parse(out, len, "w.scn.yml", stderr);
        ck_assert_msg(t != NULL, "not read back:\n%s", out);
        ck_assert_str_eq(t->name, "other");
        ck_assert_str_eq(s->name, "t");
        ck_assert_uint_eq(t->n_faults, 1 + x.n);
        ck_assert_str_eq(t->faults[0].name, "mine");
        for (unsigned k = 0; k < x.n; k++) {
            const struct scn_fault *r = &t->faults[1 + k];
            char name[32];
            snprintf(name, sizeof name, "explored%u", x.fault[k].number);
            ck_assert_str_eq(r->name, name);
            ck_assert_int_eq(r->action, x.fault[k].action);
            ck_assert_int_eq(r->at_ps, x.fault[k].at_ps);
            if (x.fault[k].count)
                ck_assert_uint_eq(r->count, x.fault[k].count);
            if (r->action == SCN_DELAY)
                ck_assert_int_eq(r->delay_ps, x.fault[k].long_ps);
            if (r->action == SCN_LOSS) {
                ck_assert_uint_eq(r->ppb, 1000000000);
                ck_assert_str_eq(r->match.kind, "send");
            }
        }
        scenario_free(t);
        free(out);
    }
    scenario_free(s);
}
END_TEST

/* ---- shrinking ---- */

struct oracle {
    bool (*fails)(const struct explore_schedule *x);
    unsigned asked, give_up_after;
};

static int64_t first(void *ctx, const struct explore_schedule *c, unsigned n)
{
    struct oracle *o = ctx;

    for (unsigned i = 0; i < n; i++) {
        if (o->give_up_after && ++o->asked > o->give_up_after)
            return -1;
        ck_assert_uint_gt(c[i].n, 0);
        if (o->fails(&c[i]))
            return i;
    }
    return n;
}

static struct explore_schedule ten(void)
{
    struct explore_schedule x = {.n = 10};

    for (unsigned i = 0; i < 10; i++)
        x.fault[i] = (struct explore_fault){.number = i,
                                            .action = SCN_DELAY,
                                            .end = EXPLORE_BOTH,
                                            .at_ps = 12345678 * VTIME_NS,
                                            .count = 9,
                                            .long_ps = 987654 * VTIME_NS};
    return x;
}

/* Faults 3 and 7, with 3 acting at least twice on end 1 for at least 50 us, 7 at 12.3 ms or later. */
static bool needs_two(const struct explore_schedule *x)
{
    bool three = false, seven = false;

    for (unsigned i = 0; i < x->n; i++) {
        const struct explore_fault *f = &x->fault[i];
        three |= f->number == 3 && f->count >= 2 && f->end != EXPLORE_END0 && f->long_ps >= 50 * VTIME_US;
        seven |= f->number == 7 && f->at_ps >= 12300 * VTIME_US;
    }
    return three && seven;
}

START_TEST(test_shrinks_to_what_is_needed)
{
    struct explore_schedule x = ten();
    struct oracle o = {.fails = needs_two};
    struct explore_shrink_ops ops = {first, &o};

    ck_assert_int_eq(explore_shrink(&x, 0, &ops), 0);
    ck_assert_uint_eq(x.n, 2);
    ck_assert_uint_eq(x.fault[0].number, 3);
    ck_assert_uint_eq(x.fault[0].count, 2);
    ck_assert_int_eq(x.fault[0].end, EXPLORE_END1);
    ck_assert_int_eq(x.fault[0].at_ps, 0);
    ck_assert(x.fault[0].long_ps >= 50 * VTIME_US && x.fault[0].long_ps < 100 * VTIME_US);
    ck_assert_uint_eq(x.fault[1].number, 7);
    ck_assert_uint_eq(x.fault[1].count, 1);
    ck_assert_int_eq(x.fault[1].end, EXPLORE_END0);
    ck_assert_int_eq(x.fault[1].at_ps, 12300 * VTIME_US);
    ck_assert_int_le(x.fault[1].long_ps, 10 * VTIME_US);
}
END_TEST

static bool always(const struct explore_schedule *x)
{
    return x->n > 0;
}

START_TEST(test_shrinks_to_one)
{
    struct explore_schedule x = ten();
    struct oracle o = {.fails = always};
    struct explore_shrink_ops ops = {first, &o};

    ck_assert_int_eq(explore_shrink(&x, VTIME_MS, &ops), 0);
    ck_assert_uint_eq(x.n, 1);
    ck_assert_int_eq(x.fault[0].at_ps, VTIME_MS);
}
END_TEST

static bool needs_odd(const struct explore_schedule *x)
{
    unsigned odd = 0;
    for (unsigned i = 0; i < x->n; i++)
        odd |= (x->fault[i].number % 2) << x->fault[i].number;
    return odd == 0x2aa;
}

START_TEST(test_shrinks_scattered_faults)
{
    struct explore_schedule x = ten();
    struct oracle o = {.fails = needs_odd};
    struct explore_shrink_ops ops = {first, &o};

    ck_assert_int_eq(explore_shrink(&x, 0, &ops), 0);
    ck_assert_uint_eq(x.n, 5);
}
END_TEST

START_TEST(test_gives_up_with_the_best_so_far)
{
    for (unsigned after = 1; after < 40; after++) {
        struct explore_schedule x = ten();
        struct oracle o = {.fails = needs_two, .give_up_after = after};
        struct explore_shrink_ops ops = {first, &o};
        int r = explore_shrink(&x, 0, &ops);
        ck_assert(needs_two(&x));
        ck_assert_int_eq(r, -1);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("explore");
    TCase *t = tcase_create("all");
    tcase_add_test(t, test_drawn_within_the_budget);
    tcase_add_test(t, test_kind_of_adapters_stays_on_their_links);
    tcase_add_test(t, test_nothing_to_hit);
    tcase_add_test(t, test_written_is_read);
    tcase_add_test(t, test_shrinks_to_what_is_needed);
    tcase_add_test(t, test_shrinks_to_one);
    tcase_add_test(t, test_shrinks_scattered_faults);
    tcase_add_test(t, test_gives_up_with_the_best_so_far);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
