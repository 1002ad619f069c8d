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

static void step(unsigned node, struct vs_step s)
{
    vs_plan(vs_thread(node, 0), s);
    run();
}

static struct vs_step touch(uint8_t page)
{
    return (struct vs_step){.what = VS_TOUCH, .page = page, .pages = 1, .prot = VS_READ | VS_WRITE};
}

static struct vs_step call(unsigned what, uint8_t page, uint8_t pages)
{
    return (struct vs_step){.what = (uint8_t)what, .page = page, .pages = pages, .prot = VS_READ | VS_WRITE};
}

static struct vma_space *space(unsigned node)
{
    return &vs.node[node].space[0];
}

static void start(unsigned max_ranges)
{
    memset(sent, 0, sizeof sent);
    vs_start(3, 1, 100, max_ranges);
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
    step(0, call(VS_PROTECT, 4, 4));
    ck_assert_uint_eq(count(VMA_FORGET), 2);
    ck_assert_uint_eq(count(VMA_QUIET), 2);
    ck_assert_uint_eq(count(VMA_DROP), 0);
    step(0, call(VS_UNMAP, 4, 4)); /* two ranges, two replicas */
    ck_assert_uint_eq(count(VMA_FORGET), 4);
    ck_assert_uint_eq(count(VMA_QUIET), 4);
    ck_assert_uint_eq(count(VMA_DROP), 4);
    ck_assert_uint_eq(count(VMA_DROPPED), 4);
    step(0, call(VS_ADD, 4, 2));
    ck_assert_uint_eq(count(VMA_FORGET), 0);
    ck_assert_ptr_eq(vs_finish(), NULL);
}
END_TEST

START_TEST(more_pieces_than_slots)
{
    start(100);
    for (uint8_t page = 1; page <= VS_PLACES; page++)
        vs_map_first(0, call(VS_MAP, page, 1));
    step(1, touch(1));
    step(0, call(VS_UNMAP, 1, VS_PLACES));
    ck_assert_int_gt(VS_PLACES, VMA_SLOTS);
    ck_assert_uint_eq(count(VMA_DROPPED), VS_PLACES);
    ck_assert_uint_eq(space(0)->ranges, 0);
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
    step(0, call(VS_UNMAP, 5, 2)); /* needs two more */
    ck_assert_int_eq(vs.thread[0].result[0], CORE_ENOMEM);
    ck_assert_uint_eq(space(0)->ranges, 1);
    step(0, call(VS_UNMAP, 5, 4)); /* needs one more */
    ck_assert_int_eq(vs.thread[1].result[0], CORE_OK);
    ck_assert_uint_eq(space(0)->ranges, 1);
    ck_assert_ptr_eq(vs_finish(), NULL);
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
        ck_assert_uint_eq(k->v.number, 7);
        ck_assert_int_eq(k->v.status, ask[i] == VMA_WHERE ? CORE_EINVAL : CORE_OK);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vma");
    TCase *t = tcase_create("vma");
    SRunner *r = srunner_create(s);
    tcase_add_test(t, message_counts);
    tcase_add_test(t, more_pieces_than_slots);
    tcase_add_test(t, brk_takes_new_pages);
    tcase_add_test(t, brk_grows_in_place);
    tcase_add_test(t, numbers_of_objects_come_back_late);
    tcase_add_test(t, no_memory_changes_nothing);
    tcase_add_test(t, who_has_nothing_answers);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
