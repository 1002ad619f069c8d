/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usertests.c - tests of what programs may expect of the kernel: a table of named tests, each run in a
 * process of its own, one line each. Ends with the number of those that failed.
 *
 * A test returns true if all is well. usertests NAME.. runs only those named.
 */
#include "guest-kernel/user/usertests.h"

static const struct {
    const char *name;
    bool (*run)(void);
} tests[] = {
    {"write-bad-address", write_bad_address},
    {"unknown-call", unknown_call},
    {"read-file", read_file},
    {"open-errors", open_errors},
    {"brk", grow_and_shrink},
    {"mmap", map_and_unmap},
    {"mprotect", change_protection},
    {"file-map", map_file},
    {"file-map-parts", map_file_parts},
    {"file-map-end", map_file_end},
    {"file-map-errors", map_file_errors},
    {"file-map-fork", map_file_fork},
    {"execute", map_and_execute},
    {"fork-wait", fork_and_wait},
    {"fork-copies", fork_copies},
    {"exec", exec_arguments},
    {"fault-null", fault_null},
    {"fault-kernel", fault_kernel},
    {"fault-text", fault_text},
    {"fault-execute", fault_execute},
    {"pipe", pipe_order},
    {"pipe-ends", pipe_ends},
    {"descriptors", descriptors},
    {"kill", kill_sleeper},
    {"kill-busy", kill_busy},
    {"threads", threads_share},
    {"threads-cloned", threads_cloned},
    {"mutex", mutex_counts},
    {"thread-local", thread_locals},
    {"futex-timeout", futex_timeout},
    {"preemption", preemption},
    {"sleep", sleep_is_exact},
    {"fp-threads", fp_threads},
    {"fp-fork", fp_fork},
    {"fp-sums", fp_sums},
    {"print", print_formats},
    {"text", text_functions},
    {"heap", heap_pieces},
    {"barrier", barriers},
    {"condition", conditions},
    {"semaphore", semaphores},
    {"thread-here", thread_here},
    {"spawn-here", spawn_here},
    {"cpus-all", cpus_all},
    {"cpus-count", cpus_count},
    {"cpus-protect", cpus_protect},
    {"cpus-unmap", cpus_unmap},
    {"cpus-change", cpus_change},
    {"cpus-ring", cpus_ring},
    {"memory-returns", memory_returns},
};

enum { N = sizeof tests / sizeof tests[0] };

static bool run(unsigned i)
{
    int status = -1;
    long id = fork();

    if (id == 0)
        exit(tests[i].run() ? 0 : 1);
    bool good = id > 0 && wait4(id, &status, 0) == id && status == 0;
    print("%s %s\n", good ? "PASS" : "FAIL", tests[i].name);
    return good;
}

static bool wanted(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    unsigned run_n = 0, failed = 0;

    for (unsigned i = 0; i < N; i++)
        if (wanted(argc, argv, tests[i].name)) {
            run_n++;
            failed += !run(i);
        }
    print("usertests: %u of %u passed\n", run_n - failed, run_n);
    return (int)failed;
}
