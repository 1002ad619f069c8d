/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usertests.h - the tests of usertests.c: test_file.c, test_fp.c, test_library.c,
 * test_mapping.c, test_memory.c, test_process.c, test_thread.c. Each returns true if all is well. */
#ifndef USERTESTS_H
#define USERTESTS_H

#include "guest-kernel/user/user.h"

/* Says which expectation was wrong. */
#define EXPECT(c)                                                                                            \
    do                                                                                                       \
        if (!(c)) {                                                                                          \
            print("%s:%d: not so: %s\n", __FILE__, __LINE__, #c);                                            \
            return false;                                                                                    \
        }                                                                                                    \
    while (0)
enum { SIGKILL = 9, SIGSEGV = 11, MS = 1000000 };

/* Runs it in a new process; the status that wait4 tells. */
int status_of(void (*function)(void));

bool write_bad_address(void);
bool unknown_call(void);
bool read_file(void);
bool open_errors(void);
bool pipe_order(void);
bool pipe_ends(void);
bool descriptors(void);
bool grow_and_shrink(void);
bool map_and_unmap(void);
bool change_protection(void);
bool map_file(void);
bool map_file_parts(void);
bool map_file_end(void);
bool map_file_errors(void);
bool map_file_fork(void);
bool map_and_execute(void);
bool fault_null(void);
bool fault_kernel(void);
bool fault_text(void);
bool fault_execute(void);
bool memory_returns(void);
bool fork_and_wait(void);
bool fork_copies(void);
bool exec_arguments(void);
bool kill_sleeper(void);
bool kill_busy(void);
bool threads_share(void);
bool threads_cloned(void);
bool mutex_counts(void);
bool thread_locals(void);
bool futex_timeout(void);
bool preemption(void);
bool sleep_is_exact(void);
bool print_formats(void);
bool text_functions(void);
bool heap_pieces(void);
bool barriers(void);
bool conditions(void);
bool semaphores(void);
bool thread_here(void);
bool spawn_here(void);
bool fp_threads(void);
bool fp_fork(void);
bool fp_sums(void);
bool cpus_all(void);
bool cpus_count(void);
bool cpus_protect(void);
bool cpus_unmap(void);
bool cpus_change(void);
bool cpus_ring(void);

#endif
