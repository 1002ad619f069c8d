/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * much.c - calls that have much to do. A mapping far larger than memory costs what was touched of it; and a
 * call that does have to work for longer than nodes wait for each other keeps its own from nothing: after a
 * copy of much memory and a long write to the console, on the last node and on this, all nodes are there.
 *
 * Ends with the number of things that are wrong.
 */
#include "guest-kernel/user/user.h"

#define MAPPED (UINT64_C(48) << 30)
enum { TOUCHED = 9 << 20, SAID = 1 << 20, LINE = 128, SHORT_NS = 2000000 };

static unsigned wrong;

/* What a call took must be short. */
static void in_time(const char *what, uint64_t since)
{
    uint64_t took = now_ns() - since;

    print("much: %s of 48 GiB, %lu us\n", what, took / 1000);
    wrong += took > SHORT_NS;
}

static void map_much(void)
{
    char *at = map(MAPPED, PROT_READ | PROT_WRITE);
    uint64_t third = MAPPED / 3 / PAGE_BYTES * PAGE_BYTES, since;
    int status = -1;

    for (unsigned i = 0; i < 3; i++)
        at[i * third] = 1;
    since = now_ns();
    long child = fork();
    if (child == 0)
        exit(at[third] == 1 && at[2 * third] == 1 && at[third + PAGE_BYTES] == 0 ? 0 : 1);
    in_time("fork", since);
    wrong += wait4(child, &status, 0) != child || status != 0;
    since = now_ns();
    wrong += protect(at, MAPPED, PROT_READ) != 0;
    in_time("mprotect", since);
    since = now_ns();
    wrong += unmap(at, MAPPED) != 0;
    in_time("munmap", since);
}

static int do_much(void)
{
    int status = -1;
    char *at = map(TOUCHED, PROT_READ | PROT_WRITE);

    for (unsigned i = 0; i < TOUCHED; i += PAGE_BYTES)
        at[i] = 1;
    long child = fork();
    if (child == 0)
        exit(0);
    if (child < 0 || wait4(child, &status, 0) != child || status != 0)
        return 1;
    memset(at, 'x', SAID);
    for (unsigned i = LINE - 1; i < SAID; i += LINE)
        at[i] = '\n';
    return write(1, at, SAID) != SAID;
}

int main(int argc, char **argv)
{
    char *const arguments[] = {"/much", "here", NULL};
    unsigned self, nodes = node_count(&self);
    int status = -1;

    if (argc > 1 && !strcmp(argv[1], "here"))
        return do_much();
    map_much();
    for (unsigned left = nodes > 1 ? 2 : 1; left; left--) {
        int node = left == 2 ? (int)nodes - 1 : 0;
        long child = spawn("/much", arguments, node);
        bool good = child > 0 && wait4(child, &status, 0) == child && status == 0;
        print("much: on node %d: %s\n", node, good ? "done" : "failed");
        wrong += !good;
    }
    for (unsigned i = 0; i < nodes; i++) {
        char path[32];
        format_text(path, sizeof path, "/proc/%u/cpuinfo", i);
        long file = open(path, 0);
        if (file < 0 && ++wrong)
            print("much: node %u is not there: %ld\n", i, file);
        close((int)file);
    }
    print("much: %u wrong\n", wrong);
    return (int)wrong;
}
