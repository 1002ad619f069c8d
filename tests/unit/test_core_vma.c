/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_core_vma.c - address ranges: cases, and how many messages each thing costs (tests/core/vma_sim.h). */
#include "tests/core/vma_thread.h"
#include <check.h>
#include <string.h>

enum { TYPES = VMA_DROPPED - 0x80 + 1 };
static unsigned sent[TYPES];

/* All that can happen, earliest first; counts messages. */
static void run(void)
{
    struct vs_action list[VS_ACTIONS];
    while (vs_actions(list) > 0) {
        const struct vs_action *a = &list[0];
        unsigned type = a->kind == VS_DELIVER ? vs.channel[a->a][a->b][0].type : 0;
        if (type >= 0x80)
            sent[type - 0x80]++;
        vs_act(a);
        ck_assert_ptr_eq(vs_check(), NULL);
    }
}

static unsigned count(unsigned type)
{
    unsigned n = sent[type - 0x80];
    sent[type - 0x80] = 0;
    return n;
}

/* A thread comes, makes the step and goes; how it ended. */
static int step(unsigned node, struct vs_step s)
{
    unsigned t = vs_thread(node, 0);
    vs_plan(t, s);
    run();
    int result = vs.thread[t].result[0];
    memset(&vs.thread[t], 0, sizeof vs.thread[t]);
    vs.threads--;
    return result;
}

static struct vs_step touch(uint8_t page)
{
    return (struct vs_step){.what = VS_TOUCH, .page = page, .pages = 1, .prot = VS_READ | VS_WRITE};
}

static struct vs_step call(unsigned what, uint8_t page, uint8_t pages)
{
    return (struct vs_step){.what = (uint8_t)what, .page = page, .pages = pages, .prot = VS_READ | VS_WRITE};
}

static struct vs_step read_only(unsigned what, uint8_t page, uint8_t pages)
{
    struct vs_step s = call(what, page, pages);
    s.prot = VS_READ;
    return s;
}

static unsigned ended;
static void on_end(struct vma_op *op, int status)
{
    (void)op;
    ck_assert_int_eq(status, CORE_OK);
    ended++;
}

/* So many FORGET and DROP, and as many answers. */
static void counted(unsigned forgets, unsigned drops)
{
    ck_assert_uint_eq(count(VMA_FORGET), forgets);
    ck_assert_uint_eq(count(VMA_QUIET), forgets);
    ck_assert_uint_eq(count(VMA_DROP), drops);
    ck_assert_uint_eq(count(VMA_DROPPED), drops);
}

static struct vma_space *space(unsigned node)
{
    return &vs.node[node].space[0];
}

static void start(unsigned max_ranges)
{
    memset(sent, 0, sizeof sent);
    vs_start(3, 1, 100, max_ranges, 4);
}

START_TEST(message_counts)
{
    start(100);
    vs_map_first(0, call(VS_MAP, 4, 2));
    vs_map_first(0, call(VS_MAP, 6, 2));
    step(1, touch(4));
    step(2, touch(4));
    ck_assert_uint_eq(count(VMA_WHERE), 2);
    ck_assert_uint_eq(count(VMA_RANGE), 2);
    step(1, touch(5));
    ck_assert_uint_eq(count(VMA_WHERE), 0);
    step(0, read_only(VS_PROTECT, 4, 4));
    counted(2, 0);
    step(0, read_only(VS_PROTECT, 4, 4)); /* as it is */
    ck_assert_uint_eq(count(VMA_FORGET), 0);
    step(0, call(VS_UNMAP, 4, 4)); /* two ranges, two replicas */
    counted(2, 2);
    step(0, call(VS_ADD, 4, 2));
    ck_assert_uint_eq(count(VMA_FORGET), 0);
    step(0, call(VS_MAP, 1, 12)); /* over that, and what is not mapped */
    counted(2, 2);
    step(0, read_only(VS_PROTECT, 2, 1));
    step(0, read_only(VS_PROTECT, 4, 1));
    step(0, read_only(VS_PROTECT, 8, 1));
    ck_assert_uint_eq(space(0)->ranges, 7);
    counted(6, 0);
    step(0, call(VS_PROTECT, 1, 12)); /* three of seven change */
    counted(2, 0);
    ck_assert_uint_eq(space(0)->ranges, 1);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(text_is_not_dropped)
{
    struct vs_step text = call(VS_MAP, 4, 2);
    text.text = text.file = 1;
    start(100);
    vs_map_first(0, text);
    step(1, touch(4));
    step(0, call(VS_UNMAP, 4, 2));
    counted(1, 0);
    ck_assert_uint_eq(space(0)->ranges, 0);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

/* What is dropped goes in lists of 4; the last one is answered. */
START_TEST(more_pieces_than_a_message_holds)
{
    start(100);
    for (uint8_t page = 1; page <= 9; page++)
        vs_map_first(0, call(VS_MAP, page, 1));
    for (uint8_t page = 1; page <= 9; page++)
        step(1, touch(page));
    step(0, call(VS_UNMAP, 1, 9));
    ck_assert_uint_eq(count(VMA_FORGET), 1);
    ck_assert_uint_eq(count(VMA_QUIET), 1);
    ck_assert_uint_eq(count(VMA_DROP), 3);
    ck_assert_uint_eq(count(VMA_DROPPED), 1);
    ck_assert_uint_eq(space(0)->ranges, 0);
    for (uint8_t page = 1; page <= 8; page++)
        vs_map_first(0, call(VS_MAP, page, 1));
    step(0, call(VS_UNMAP, 1, 8));
    ck_assert_uint_eq(count(VMA_DROP), 2);
    ck_assert_uint_eq(count(VMA_DROPPED), 1);
    const struct vma_wire w = {.process = 9, .slot = 3, .pieces = 4, .more = 1};
    vma_message(&vs.node[2].v, 0, VMA_DROP, &w, sizeof w); /* who has nothing keeps to that */
    ck_assert_uint_eq(vs.queued[2][0], 0);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(more_operations_than_slots)
{
    start(100);
    for (uint8_t page = 1; page <= VS_PLACES; page++)
        vs_map_first(0, call(VS_MAP, page, 1));
    step(1, touch(1));
    struct vma_op op[VS_PLACES];
    ended = 0;
    for (unsigned i = 0; i < VS_PLACES; i++) {
        op[i] = (struct vma_op){.done = on_end,
                                .kind = VMA_UNMAP,
                                .area = {.begin = (i + 1) * VS_PAGE, .end = (i + 2) * VS_PAGE}};
        vma_begin(&vs.node[0].v, space(0), &op[i]);
    }
    ck_assert_int_gt(VS_PLACES, VMA_SLOTS);
    ck_assert_uint_eq(vs.queued[0][1], VMA_SLOTS);
    while (vs.queued[0][1] || vs.queued[1][0]) {
        const struct vs_action there = {VS_DELIVER, 0, 1}, back = {VS_DELIVER, 1, 0};
        vs_act(vs.queued[0][1] ? &there : &back);
    }
    ck_assert_uint_eq(ended, VS_PLACES);
    ck_assert_uint_eq(space(0)->ranges, 0);
}
END_TEST

/* Protected to and fro, a mapping does not come apart. */
START_TEST(protect_joins_again)
{
    start(3);
    vs_map_first(0, call(VS_MAP, 4, 6));
    for (uint8_t page = 4; page < 10; page++)
        step(1, touch(page));
    for (uint8_t page = 4; page < 10; page++)
        for (unsigned times = 0; times < 2; times++) {
            struct vs_step s = times ? call(VS_PROTECT, page, 1) : read_only(VS_PROTECT, page, 1);
            ck_assert_int_eq(step(0, s), CORE_OK);
            ck_assert_uint_eq(space(0)->ranges, times ? 1 : page % 5 == 4 ? 2 : 3);
        }
    step(2, touch(9)); /* its bytes are the last ones */
    ck_assert_uint_eq(space(2)->ranges, 1);
    ck_assert_uint_eq(vma_find(space(2), 9 * VS_PAGE)->begin, 4 * VS_PAGE);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

/* The same pages, contents or object are needed for that. */
START_TEST(what_differs_is_not_joined)
{
    struct vs_step file = read_only(VS_MAP, 6, 2);
    file.file = 1;
    start(100);
    vs_map_first(0, read_only(VS_MAP, 4, 1));
    vs_map_first(0, call(VS_MAP, 5, 1)); /* another object */
    vs_map_first(0, file);
    file.page = 8;
    vs_map_first(0, file); /* the same part of the file */
    step(0, read_only(VS_PROTECT, 4, 4));
    ck_assert_uint_eq(space(0)->ranges, 4);
    step(0, call(VS_UNMAP, 7, 1));
    ck_assert_uint_eq(space(0)->ranges, 4);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(brk_takes_new_pages)
{
    start(100);
    step(0, call(VS_BRK, 4, 0));
    step(0, touch(3));
    uint32_t before = vma_find(space(0), 3 * VS_PAGE)->object;
    step(0, call(VS_BRK, 2, 0));
    step(0, call(VS_BRK, 4, 0));
    ck_assert_uint_eq(vma_find(space(0), VS_PAGE)->object, before);
    ck_assert_uint_ne(vma_find(space(0), 3 * VS_PAGE)->object, before);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(brk_grows_in_place)
{
    start(100);
    step(0, call(VS_BRK, 2, 0));
    step(0, call(VS_BRK, 4, 0));
    ck_assert_uint_eq(space(0)->ranges, 1);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

/* What brk adds and protect cut becomes one range with what was there. */
START_TEST(brk_grows_after_protect)
{
    start(3);
    step(0, call(VS_BRK, 3, 0));
    step(0, read_only(VS_PROTECT, 2, 1));
    step(0, call(VS_PROTECT, 2, 1));
    step(0, call(VS_BRK, 4, 0));
    ck_assert_uint_eq(space(0)->ranges, 1);
    step(0, read_only(VS_PROTECT, 1, 1));
    ck_assert_uint_eq(space(0)->ranges, 2);
    step(0, call(VS_PROTECT, 1, 2));
    ck_assert_uint_eq(space(0)->ranges, 1);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(copy_grows_on)
{
    struct vs_node *n = &vs.node[0];
    start(100);
    step(0, call(VS_BRK, 2, 0));
    struct vma_space copy;
    vma_space_begin(&n->v, &copy, 2, 0);
    ck_assert_int_eq(vma_copy(&n->v, &copy, space(0)), CORE_OK);
    struct vma_op op = {.done = on_end,
                        .kind = VMA_BRK,
                        .area = {.begin = 4 * VS_PAGE, .end = 4 * VS_PAGE, .prot = VS_READ | VS_WRITE}};
    vs.spaces = 2;
    vma_begin(&n->v, &copy, &op);
    ck_assert_uint_eq(copy.ranges, 1);
    ck_assert_uint_eq(copy.root[0]->a.end, 4 * VS_PAGE);
    vma_space_end(&n->v, &copy);
    vs.spaces = 1;
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(numbers_of_objects_come_back_late)
{
    struct vma_area a = {.begin = 0, .end = VS_PAGE, .object = 1, .prot = VS_READ};
    start(100);
    vs_map_first(0, call(VS_MAP, 4, 1));
    step(1, touch(4));
    vs_plan(vs_thread(0, 0), call(VS_UNMAP, 4, 1));
    struct vs_thread *t = &vs.thread[vs.threads - 1];
    vs_run(t); /* object 1 is going: FORGET is under way */
    ck_assert_uint_eq(t->state, VS_CALLING);
    ck_assert_ptr_eq(vma_find(space(0), 4 * VS_PAGE), NULL);
    space(0)->last_object = vs.node[0].v.c.max_objects - 1;
    ck_assert_int_eq(vma_place(&vs.node[0].v, space(0), &a, 4 * VS_PAGE, 12 * VS_PAGE), CORE_OK);
    ck_assert_uint_eq(a.object, 2);
    ck_assert_uint_eq(a.begin, 5 * VS_PAGE);
    while (vs.queued[0][1] || vs.queued[1][0]) {
        const struct vs_action there = {VS_DELIVER, 0, 1}, back = {VS_DELIVER, 1, 0};
        vs_act(vs.queued[0][1] ? &there : &back);
    }
    ck_assert_uint_eq(t->woken, 1);
    space(0)->last_object = vs.node[0].v.c.max_objects - 1;
    ck_assert_int_eq(vma_place(&vs.node[0].v, space(0), &a, 4 * VS_PAGE, 12 * VS_PAGE), CORE_OK);
    ck_assert_uint_eq(a.object, 1);
    ck_assert_uint_eq(a.begin, 4 * VS_PAGE);
}
END_TEST

START_TEST(no_memory_changes_nothing)
{
    start(2);
    vs_map_first(0, call(VS_MAP, 4, 5));
    ck_assert_int_eq(step(0, call(VS_UNMAP, 5, 2)), CORE_ENOMEM); /* needs two more */
    ck_assert_uint_eq(space(0)->ranges, 1);
    ck_assert_int_eq(step(0, call(VS_UNMAP, 5, 4)), CORE_OK); /* needs one more */
    ck_assert_uint_eq(space(0)->ranges, 1);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

/* Who changes nothing needs no room. */
START_TEST(protect_as_it_is)
{
    start(1);
    vs_map_first(0, call(VS_MAP, 4, 5));
    ck_assert_int_eq(step(0, call(VS_PROTECT, 5, 2)), CORE_OK);
    ck_assert_int_eq(step(0, read_only(VS_PROTECT, 5, 2)), CORE_ENOMEM);
    ck_assert_int_eq(step(0, call(VS_PROTECT, 8, 2)), CORE_EINVAL); /* part of it is not mapped */
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(lists_that_are_too_short)
{
    const struct {
        struct vma_wire w;
        struct vma_piece piece[2];
    } m = {.w = {.process = 1, .pieces = 2}, .piece = {{.object = 1, .pages = 1}, {.object = 2, .pages = 1}}};
    start(100);
    vs_map_first(0, call(VS_MAP, 4, 1));
    step(1, touch(4));
    vma_message(&vs.node[1].v, 0, VMA_DROP, &m, sizeof m - 1);
    ck_assert_uint_eq(vs.node[1].v.counts.bad, 1);
    ck_assert_uint_eq(vs.queued[1][0], 0);
}
END_TEST

START_TEST(who_has_nothing_answers)
{
    static const unsigned ask[] = {VMA_FORGET, VMA_DROP, VMA_WHERE},
                          answer[] = {VMA_QUIET, VMA_DROPPED, VMA_RANGE};
    start(100);
    for (unsigned i = 0; i < 3; i++) {
        const struct vma_wire w = {.process = 9, .number = 7, .slot = 3, .begin = VS_PAGE};
        vma_message(&vs.node[1].v, 0, ask[i], &w, sizeof w);
        ck_assert_uint_eq(vs.queued[1][0], i + 1);
        const struct vs_packet *k = &vs.channel[1][0][i];
        ck_assert_uint_eq(k->type, answer[i]);
        ck_assert_uint_eq(k->v.w.number, 7);
        ck_assert_int_eq(k->v.w.status, ask[i] == VMA_WHERE ? CORE_EINVAL : CORE_OK);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vma");
    TCase *t = tcase_create("vma");
    SRunner *r = srunner_create(s);
    tcase_add_test(t, message_counts);
    tcase_add_test(t, text_is_not_dropped);
    tcase_add_test(t, more_pieces_than_a_message_holds);
    tcase_add_test(t, more_operations_than_slots);
    tcase_add_test(t, protect_joins_again);
    tcase_add_test(t, what_differs_is_not_joined);
    tcase_add_test(t, brk_takes_new_pages);
    tcase_add_test(t, brk_grows_in_place);
    tcase_add_test(t, brk_grows_after_protect);
    tcase_add_test(t, copy_grows_on);
    tcase_add_test(t, numbers_of_objects_come_back_late);
    tcase_add_test(t, no_memory_changes_nothing);
    tcase_add_test(t, protect_as_it_is);
    tcase_add_test(t, lists_that_are_too_short);
    tcase_add_test(t, who_has_nothing_answers);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
