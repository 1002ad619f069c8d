/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_npb.c - the replicated kernel's parallel programs, on threads of the host: published results, the same
 * bits for any number of workers, and that a wrong word in shared memory does not pass for a right result.
 *
 * The linker puts the functions __wrap_* between the programs and their environment.
 */
#include "guest-kernel/user/npb_random.h"
#include "guest-kernel/user/par.h"
#include "guest-kernel/user/par_math.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef bool job(char class_letter, struct par_report *r);

static const struct {
    const char *name;
    job *run;
    unsigned values;
} jobs[] = {
    {"is", npb_is, 5},         {"ep", npb_ep, 12},    {"cg", npb_cg, 2},       {"sum", par_sum, 1},
    {"matrix", par_matrix, 2}, {"sort", par_sort, 2}, {"words", par_words, 1},
};
enum { JOBS = sizeof jobs / sizeof jobs[0] };

/* ---- a wrong word ---- */

/*
 * After that meeting (of a single worker), the byte of that allocation, or of the meeting's sums, is changed;
 * meeting 0: never.
 */
enum { THE_SUM = 100 };
static struct plant {
    unsigned meeting, allocation;
    size_t byte;
    uint8_t flip;
} plant;
static unsigned meetings, allocations;
static uint8_t *planted_in;

void *__real_par_alloc(size_t bytes);
void __real_par_barrier(unsigned worker);
void __real_par_reduce(unsigned worker, unsigned columns, double part[][PAR_BLOCKS], double *sum);
void *__wrap_par_alloc(size_t bytes);
void __wrap_par_barrier(unsigned worker);
void __wrap_par_reduce(unsigned worker, unsigned columns, double part[][PAR_BLOCKS], double *sum);

void *__wrap_par_alloc(size_t bytes)
{
    uint8_t *m = __real_par_alloc(bytes);

    if (allocations++ == plant.allocation) {
        planted_in = m;
        ck_assert(plant.byte < bytes);
    }
    return m;
}

static void met(double *sum)
{
    if (plant.meeting && ++meetings == plant.meeting)
        (plant.allocation == THE_SUM ? (uint8_t *)sum : planted_in)[plant.byte] ^= plant.flip;
}

void __wrap_par_barrier(unsigned worker)
{
    __real_par_barrier(worker);
    met(NULL);
}

void __wrap_par_reduce(unsigned worker, unsigned columns, double part[][PAR_BLOCKS], double *sum)
{
    __real_par_reduce(worker, columns, part, sum);
    met(sum);
}

static struct par_report run(job *j, char class_letter, unsigned workers)
{
    struct par_report r;

    meetings = allocations = 0;
    ck_assert(par_start(workers));
    ck_assert_uint_eq(par_count(), workers);
    ck_assert(j(class_letter, &r));
    par_end();
    return r;
}

/* ---- cases ---- */

static void same_for_any_number(char class_letter, unsigned j, unsigned most)
{
    struct par_report one = run(jobs[j].run, class_letter, 1);

    ck_assert_msg(one.failed == 0, "%s %c, 1 worker: %u wrong", jobs[j].name, class_letter, one.failed);
    ck_assert_uint_eq(one.n_values, jobs[j].values);
    for (unsigned workers = 2; workers <= most; workers = workers == 3 ? 4 : workers == 2 ? 3 : 2 * workers) {
        struct par_report r = run(jobs[j].run, class_letter, workers);
        ck_assert_msg(r.failed == 0, "%s %c, %u workers: %u wrong", jobs[j].name, class_letter, workers,
                      r.failed);
        ck_assert_msg(!memcmp(r.value, one.value, r.n_values * sizeof r.value[0]),
                      "%s %c: %u workers have other bits than one", jobs[j].name, class_letter, workers);
    }
}

START_TEST(small)
{
    same_for_any_number('T', (unsigned)_i, 16);
}
END_TEST

START_TEST(published)
{
    same_for_any_number('S', (unsigned)_i, jobs[_i].run == npb_ep ? 2 : 8);
}
END_TEST

/* As the program prints them; a change of these is a change of what users compare. */
START_TEST(published_values)
{
    static const double ranks[] = {10, 28, 356, 64907, 65453};
    struct par_report r = run(npb_is, 'S', 4);

    ck_assert(!memcmp(r.value, ranks, sizeof ranks));
    r = run(npb_cg, 'S', 4);
    ck_assert(fabs(r.value[0] - 8.5971775078648) < 1e-13);
    ck_assert(r.value[1] < 1e-13);
}
END_TEST

static const struct {
    job *run;
    const char *what;
    struct plant plant;
} errors[] = {
    {npb_is, "a key", {1, 0, 2051 * 4 + 1, 1}},
    {npb_is, "a count, in the last iteration", {20, 1, 256 * 4, 1}},
    {npb_is, "a rank, after the last iteration", {21, 2, 256 * 4, 1}},
    {npb_ep, "a sum", {2, THE_SUM, 5, 0x10}},
    {npb_cg, "the vector, in the last step, after it was multiplied", {92, 0, 806, 1}},
    {par_sum, "an element", {1, 0, 8000, 1}},
    {par_matrix, "an element of B", {1, 1, 806, 1}},
    {par_sort, "a key, before it is sorted", {1, 0, 807, 1}},
    {par_sort, "a key, after", {2, 0, 807, 0x40}},
    {par_words, "a letter", {1, 0, 5000, 1}},
    {par_words, "a count", {2, 1, 8, 1}},
};

START_TEST(errors_are_found)
{
    plant = errors[_i].plant;
    struct par_report r = run(errors[_i].run, 'T', 1);
    ck_assert_msg(meetings >= plant.meeting, "%s: only %u meetings", errors[_i].what, meetings);
    ck_assert_msg(r.failed > 0, "%s: not found", errors[_i].what);
}
END_TEST

START_TEST(random_numbers)
{
    uint64_t x = 314159265, seed = x;

    for (uint64_t i = 0; i < 3000; i++) {
        ck_assert_uint_eq(npb_skip(seed, i), x);
        unsigned __int128 next = (unsigned __int128)x * NPB_A % ((uint64_t)1 << 46);
        double r = npb_random(&x);
        ck_assert(x == (uint64_t)next && r == ldexp((double)x, -46) && r > 0 && r < 1);
    }
}
END_TEST

START_TEST(mathematics)
{
    uint64_t x = 1;

    for (unsigned i = 0; i < 200000; i++) {
        double v = npb_random(&x) * ldexp(1, (int)(i % 200) - 100);
        ck_assert(fabs(par_log(v) - log(v)) <= 3e-16 * fabs(log(v)));
        ck_assert(par_sqrt(v) == sqrt(v));
    }
    ck_assert(par_log(1) == 0);
    for (unsigned n = 3; n < 5000; n++)
        ck_assert(fabs(par_root(0.1, n) - pow(0.1, 1.0 / n)) < 4e-16);
}
END_TEST

/* Shares are disjoint, in order, and on pages of their own; blocks make them up. */
START_TEST(shares)
{
    for (unsigned workers = 1; workers <= PAR_WORKERS; workers++) {
        ck_assert(par_start(workers));
        for (size_t n = 1; n < 3000; n += 113) {
            size_t next = 0, bytes = par_place_bytes(n, 8), last_page = SIZE_MAX;
            for (unsigned w = 0; w < workers; w++) {
                struct par_range r = par_part(n, w), b = par_blocks(w);
                ck_assert(r.first == next && b.first < b.last);
                ck_assert(par_block(n, (unsigned)b.first).first == r.first);
                ck_assert(par_block(n, (unsigned)b.last - 1).last == r.last);
                next = r.last;
                if (r.first == r.last)
                    continue;
                size_t first = par_place(n, 8, r.first), last = par_place(n, 8, r.last - 1);
                ck_assert(first * 8 % PAR_PAGE == 0 && last - first == r.last - 1 - r.first);
                ck_assert(first * 8 / PAR_PAGE != last_page && last * 8 + 8 <= bytes);
                last_page = last * 8 / PAR_PAGE;
            }
            ck_assert_uint_eq(next, n);
        }
        par_end();
    }
    ck_assert(!par_start(PAR_WORKERS + 1));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("npb");
    TCase *t = tcase_create("npb");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, small, 0, JOBS);
    tcase_add_loop_test(t, published, 0, JOBS);
    tcase_add_test(t, published_values);
    tcase_add_loop_test(t, errors_are_found, 0, (int)(sizeof errors / sizeof errors[0]));
    tcase_add_test(t, random_numbers);
    tcase_add_test(t, mathematics);
    tcase_add_test(t, shares);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
