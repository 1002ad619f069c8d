/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_main.c - the program of the parallel jobs: NAME [JOB [CLASS [WORKERS]]]. No job: all, in class T.
 *
 * Each prints a line for users, one with the bits of its results, which are the same for any number of
 * workers on any nodes, and PASS or FAIL; the status is the number of jobs that failed.
 */
#include "guest-kernel/user/par.h"
#include "guest-kernel/user/user.h"

static const struct {
    const char *name;
    bool (*run)(char class_letter, struct par_report *r);
} jobs[] = {
    {"is", npb_is},         {"ep", npb_ep},     {"cg", npb_cg},       {"sum", par_sum},
    {"matrix", par_matrix}, {"sort", par_sort}, {"words", par_words},
};
enum { JOBS = sizeof jobs / sizeof jobs[0] };

static void print_value(double v)
{
    if (v == (double)(int64_t)v)
        print(" %ld", (int64_t)v);
    else
        print(" %.12f", v);
}

static bool run(unsigned job, char class_letter, unsigned workers)
{
    struct par_report r = {.failed = 1};
    bool started = par_start(workers), ran = started && jobs[job].run(class_letter, &r);

    if (ran) {
        print("%s %c: %u workers, %lu ns;", jobs[job].name, class_letter, par_count(), r.ns);
        for (unsigned i = 0; i < r.n_values; i++)
            print_value(r.value[i]);
        print("\nbits:");
        for (unsigned i = 0; i < r.n_values; i++) {
            uint64_t bits;
            memcpy(&bits, &r.value[i], sizeof bits);
            print(" %lx", bits);
        }
        print("\n");
    } else {
        print("%s: not enough nodes or memory\n", jobs[job].name);
    }
    print("%s %s %c\n", ran && !r.failed ? "PASS" : "FAIL", jobs[job].name, class_letter);
    if (started)
        par_end();
    return ran && !r.failed;
}

int main(int argc, char **argv)
{
    char class_letter = argc > 2 ? argv[2][0] : 'T';
    unsigned workers = 0, ran = 0, failed = 0;

    for (const char *p = argc > 3 ? argv[3] : ""; *p >= '0' && *p <= '9'; p++)
        workers = workers * 10 + (unsigned)(*p - '0');
    for (unsigned job = 0; job < JOBS; job++) {
        if (argc > 1 && strcmp(argv[1], jobs[job].name) != 0)
            continue;
        failed += !run(job, class_letter, workers);
        ran++;
    }
    if (!ran || (class_letter != 'T' && class_letter != 'S')) {
        print("arguments: [is|ep|cg|sum|matrix|sort|words [T|S [WORKERS]]]\n");
        return 100;
    }
    return (int)failed;
}
