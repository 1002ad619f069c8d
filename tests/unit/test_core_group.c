/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_core_group.c - exact message counts of the process service, case by case, and what peers may not do.
 */
#include "tests/core/group_sim.h"
#include <check.h>
#include <stdlib.h>

static const struct gs_limits wide = {.children = 50, .elsewhere = 50, .last_id = 0xffff};

/* Earliest action first, until nothing can happen. Messages that it took. */
static uint64_t run(void)
{
    struct gs_action list[GS_ACTIONS];
    uint64_t before = gs.messages;
    while (gs_actions(list) > 0 && list[0].kind != GS_CRASH) {
        gs_act(&list[0]);
        const char *wrong = gs_check();
        ck_assert_msg(!wrong, "%s", wrong);
    }
    return gs.messages - before;
}

static void over(void)
{
    const char *wrong = gs_finish();
    ck_assert_msg(!wrong, "%s", wrong);
}

static uint64_t whole(unsigned nodes, const char *zero, const char *one, const char *two)
{
    gs_start(nodes, &wide);
    gs_program(0, zero);
    gs_program(1, one);
    gs_program(2, two);
    gs_first(0, 0);
    uint64_t messages = run();
    over();
    return messages;
}

START_TEST(costs)
{
    ck_assert_uint_eq(whole(2, "x", "x", "x"), 0);
    ck_assert_uint_eq(whole(2, "s01 f1 w", "x", "x"), 0);         /* all at home */
    ck_assert_uint_eq(whole(2, "s11", "x", "x"), 2 + 1 + 2);      /* START, STARTED; LEFT; ENDING, ENDED */
    ck_assert_uint_eq(whole(2, "s11", "c2", "x"), 2 + 2 + 2 + 2); /* and JOIN, JOINED, LEFT */
    ck_assert_uint_eq(whole(3, "s11 s21", "x", "x"), 2 * (2 + 1 + 2));
    ck_assert_uint_eq(whole(2, "s11 F", "g", "x"), 2 + 1 + 1 + 2); /* ENDING from there, too */
    ck_assert_uint_eq(whole(2, "p11 w", "x", "x"), 2 + 1);         /* SPAWN, SPAWNED; CHILD */
    ck_assert_uint_eq(whole(2, "p11 v", "k09", "x"), 2 + 2 + 1);   /* KILL, KILLED; CHILD for nobody */
}
END_TEST

START_TEST(status_of_the_end)
{
    ck_assert_uint_eq(whole(2, "p11 w", "g", "x"), 3);
    ck_assert_int_eq(gs_reference(2)->final, 0x101);
    ck_assert_uint_eq(gs.reaped, 1);
    whole(2, "c1 x", "k09 F", "x"); /* killed before the last has left */
    ck_assert_int_eq(gs_reference(1)->final, GS_KILLED);
    whole(2, "s11 x", "h x", "x"); /* the last thread's status */
    ck_assert_int_eq(gs_reference(1)->final, 0x201);
}
END_TEST

static struct group_process *process(unsigned node, int32_t id)
{
    return group_find(&gs.node[node].g, id);
}

/* Node 2 says it to node 0, whatever the truth is. */
static void say(unsigned type, struct group_wire w)
{
    group_message(&gs.node[0].g, 2, type, &w, sizeof w);
}

START_TEST(lies)
{
    struct group *g = &gs.node[0].g;
    gs_start(3, &wide);
    gs_program(0, "s11 p11 F");
    gs_program(1, "F");
    gs_first(0, 0);
    run();
    struct group_process *p = process(0, 1);
    ck_assert_uint_eq(p->elsewhere, 1);
    int32_t there = p->threads_elsewhere->id, child = p->children->id;
    say(GROUP_LEFT, (struct group_wire){.process = 1, .thread = there}); /* another node's thread */
    say(GROUP_LEFT, (struct group_wire){.process = 1, .thread = 1});
    say(GROUP_LEFT, (struct group_wire){.process = 7, .thread = there});
    ck_assert_uint_eq(p->elsewhere, 1);
    ck_assert_uint_eq(g->counts.bad, 3);
    say(GROUP_ENDING, (struct group_wire){.process = 1}); /* it has no replica */
    say(GROUP_ENDED, (struct group_wire){.process = 1});  /* nor is it the origin */
    say(GROUP_JOIN, (struct group_wire){.process = 1, .token = 1});
    say(GROUP_CHILD, (struct group_wire){.process = child, .parent = 1, .value = 5}); /* another's child */
    say(GROUP_CHILD, (struct group_wire){.process = 3, .parent = 1, .value = 5});     /* no child */
    ck_assert(!p->ending && p->threads == 1 && p->elsewhere == 1 && p->offspring == 1);
    ck_assert_uint_eq(p->children->ended, 0);
    ck_assert_uint_eq(gs.queued[0][2], 1); /* JOINED: there is none */
    ck_assert_int_eq(gs.channel[0][2][0].w.status, GROUP_ENONE);
    say(GROUP_START, (struct group_wire){.process = 1, .thread = 3, .token = 2});       /* not its process */
    say(GROUP_START, (struct group_wire){.process = 3, .thread = 4, .token = 3});       /* nor its thread */
    say(GROUP_START, (struct group_wire){.process = 0x10002, .thread = 3, .token = 4}); /* no such id */
    say(GROUP_SPAWN, (struct group_wire){.parent = 1, .token = 5});                     /* not its parent */
    ck_assert(!process(0, 3) && !process(0, 0x10002));
    for (unsigned token = 1; token < 9; token++)
        for (unsigned type = GROUP_STARTED; type <= GROUP_KILLED; type++)
            say(type, (struct group_wire){.token = token, .value = 3}); /* nobody has asked it */
    ck_assert(p->elsewhere == 1 && p->offspring == 1);
}
END_TEST

/* What it answers is not believed if it cannot be. */
static void answer(unsigned step, unsigned type, int32_t status, int32_t value)
{
    gs_start(3, &wide);
    gs_program(0, step ? "p21 F" : "s21 F");
    gs_program(1, "x");
    gs_first(0, 0);
    gs_act(&(struct gs_action){GS_ACT, 0, 0});
    say(type, (struct group_wire){.token = 1, .status = status, .value = value});
}

START_TEST(false_answers)
{
    const struct group_op *op = &gs.node[0].thread[0].op;
    answer(1, GROUP_SPAWNED, CORE_OK, 4); /* an id of node 0 */
    ck_assert(op->status == CORE_EINVAL && process(0, 1)->offspring == 0);
    answer(1, GROUP_SPAWNED, CORE_OK, -3);
    ck_assert(op->status == CORE_EINVAL && process(0, 1)->offspring == 0);
    answer(1, GROUP_SPAWNED, 17, 0);
    ck_assert_int_eq(op->status, CORE_EINVAL);
    answer(1, GROUP_SPAWNED, GROUP_EREFUSED, 5);
    ck_assert_int_eq(op->status, CORE_EINVAL);
    answer(0, GROUP_STARTED, GROUP_EREFUSED, INT32_MIN);
    ck_assert(op->status == CORE_EINVAL && process(0, 1)->elsewhere == 0);
    answer(0, GROUP_STARTED, GROUP_EREFUSED, -11);
    ck_assert(op->status == GROUP_EREFUSED && op->value == -11 && process(0, 1)->elsewhere == 0);
    answer(0, GROUP_JOINED, CORE_OK, 3); /* an answer to something else */
    ck_assert(gs.node[0].thread[0].waits && process(0, 1)->elsewhere == 1);
}
END_TEST

static void act(int kind, unsigned a, unsigned b)
{
    gs_act(&(struct gs_action){kind, a, b});
    const char *wrong = gs_check();
    ck_assert_msg(!wrong, "%s", wrong);
}

/* Who waits for any child is told that the one under way does not begin: node 1 has no ids. */
START_TEST(no_child_after_all)
{
    gs_start(2, &(struct gs_limits){.children = 5, .elsewhere = 5, .last_id = 1});
    gs_program(0, "c1 p11");
    gs_program(1, "w");
    gs_first(0, 0);
    act(GS_ACT, 0, 0);
    act(GS_ACT, 0, 0);
    act(GS_ACT, 0, 1);
    ck_assert_uint_eq(gs.node[0].thread[1].asleep, 1);
    run();
    ck_assert_uint_eq(gs.echild, 1);
    over();
}
END_TEST

/* A child that ended before its node died has the status that it ended with. A replica without threads stays.
 */
START_TEST(ended_before)
{
    gs_start(2, &wide);
    gs_program(0, "p11 s11 F");
    gs_program(1, "x");
    gs_first(0, 0);
    run();
    struct group_process *p = process(0, 1);
    ck_assert(p->children->ended && p->children->status == 0x201 && !p->elsewhere);
    ck_assert(process(1, 1) && process(1, 1)->threads == 0);
    gs.crashes = 1;
    act(GS_CRASH, 1, 0);
    act(GS_DETECT, 1, 0);
    ck_assert_int_eq(p->children->status, 0x201);
    ck_assert(gs_rescue());
    run();
    over();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("core: group");
    TCase *c = tcase_create("group");
    suite_add_tcase(s, c);
    tcase_add_test(c, costs);
    tcase_add_test(c, status_of_the_end);
    tcase_add_test(c, lies);
    tcase_add_test(c, false_answers);
    tcase_add_test(c, no_child_after_all);
    tcase_add_test(c, ended_before);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
