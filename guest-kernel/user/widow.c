/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * widow.c - one process with a thread on each node; the last node crashes while they count. Who joins its
 * thread is told, nothing can be begun there any more, the others go on. A process of the last node, with a
 * thread here that forks again and again (`nodes forks`), ends here, too. Ends with the number of things that
 * are wrong.
 */
#include "guest-kernel/user/user.h"

enum { MOST = 64, ROUNDS = 100, EHOSTDOWN = 112 };

static struct {
    _Alignas(PAGE_BYTES) volatile uint64_t n;
} counters[MOST];
static struct thread threads[MOST];

static void count(void *argument)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        counters[(uintptr_t)argument].n++;
        sleep_ns(1000000);
    }
}

/* How many processes there are of that program. */
static unsigned processes(const char *program)
{
    static char text[4096];
    unsigned n = 0;
    long file = open("/proc/ps", 0), got = read((int)file, text, sizeof text - 1);

    close((int)file);
    text[got > 0 ? got : 0] = 0;
    for (const char *at = text; (at = strchr(at, '/')); at++)
        n += !strncmp(at, program, strlen(program));
    return n;
}

int main(int argc, char **argv)
{
    static char *const echo[] = {"echo", NULL}, *const forks[] = {"nodes", "forks", NULL};
    unsigned wrong = 0, self, nodes = node_count(&self), last = nodes - 1;
    struct thread t;

    (void)argc;
    (void)argv;
    for (unsigned i = 0; i < nodes; i++)
        wrong += thread_create_on(&threads[i], (int)i, count, (void *)(uintptr_t)i) != 0;
    long forking = spawn("/nodes", forks, (int)last);
    wrong += forking <= 0;
    long outcome = thread_join(&threads[last]);
    print("widow: joined the last at %lu us of the rack: %ld\n", rack_ns() / 1000, outcome);
    wrong += outcome != -EOWNERDEAD;
    uint64_t begin = rack_ns();
    long on = thread_create_on(&t, (int)last, count, NULL), child = spawn("/echo", echo, (int)last);
    print("widow: a thread there %ld, a process there %ld, within %lu us\n", on, child,
          (rack_ns() - begin) / 1000);
    wrong += on != -EHOSTDOWN || child != -EHOSTDOWN;
    for (unsigned i = 0; i < last; i++) {
        wrong += thread_join(&threads[i]) != 0 || counters[i].n != ROUNDS;
        print("widow: thread %u counted to %lu\n", i, counters[i].n);
    }
    int status = 0;
    wrong += wait4(forking, &status, 0) != forking || status != 9;
    unsigned left = processes("/nodes");
    print("widow: who forked has ended with %d, %u of it left\n", status, left);
    wrong += left;
    print("widow: %u wrong\n", wrong);
    return (int)wrong;
}
