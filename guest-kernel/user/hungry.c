/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hungry.c - what happens when a node's memory ends. On each node in turn a process takes all there is and
 * has to end by it; then one takes all but little and stays, while others do what needs memory, on that node
 * and from others (stress.c makes random calls, too): each of them is done, refused, or ends the process, and
 * no node is lost. Afterwards the memory is there again.
 *
 * Ends with the number of things that are wrong.
 */
#include "guest-kernel/user/user.h"

enum { SIGBUS = 7, CHUNK = 64 << 20, SLACK_KIB = 2048, PATIENCE_MS = 200, TRIES = 12, NEEDS = 8 };

static unsigned wrong;

/* -1: the node is not there. Needs memory itself: UNKNOWN if there is none for that. */
enum { UNKNOWN = -2 };
static long free_kib(int node)
{
    char path[32], text[128];

    format_text(path, sizeof path, "/proc/%d/meminfo", node);
    long file = open(path, 0), n = file < 0 ? 0 : read((int)file, text, sizeof text - 1);
    const char *at = text;
    if (file < 0)
        return file == -ENOMEM ? UNKNOWN : -1;
    close((int)file);
    text[n > 0 ? n : 0] = 0;
    while (*at && (*at < '0' || *at > '9'))
        at++;
    return (long)strtoul(at, NULL, 10);
}

/* Pages until less than that is free, here; left == 0: until this ends it. */
static void eat(long left)
{
    unsigned self, nodes = node_count(&self), n = 0;

    (void)nodes;
    for (;;) {
        char *at = map(CHUNK, PROT_READ | PROT_WRITE);
        if ((uintptr_t)at > (uintptr_t)-4096)
            exit(1);
        for (unsigned i = 0; i < CHUNK; i += PAGE_BYTES) {
            if (left && n++ % 8 == 0 && free_kib((int)self) < left)
                return;
            at[i] = 1;
        }
    }
}

static long start(int node, const char *what, unsigned number)
{
    char argument[16];
    char *const arguments[] = {"/hungry", (char *)(uintptr_t)what, argument, NULL};

    format_text(argument, sizeof argument, "%u", number);

    return spawn("/hungry", arguments, node);
}

static void touch(void *argument)
{
    char *at = map(16 * PAGE_BYTES, PROT_READ | PROT_WRITE);

    (void)argument;
    for (unsigned i = 0; (uintptr_t)at < (uintptr_t)-4096 && i < 16; i++)
        at[i * PAGE_BYTES] = 1;
}

/* One thing that needs memory; it may fail, and may end the caller. */
static void need(unsigned what, int node)
{
    static struct thread threads[4];
    char *const arguments[] = {"/sleep", "0", NULL};
    int ends[2];

    switch (what) {
    case 0:
        if (fork() == 0)
            exit(0);
        break;
    case 1:
        for (unsigned i = 0; i < 12; i++)
            pipe(ends);
        write(ends[1], "x", 1);
        break;
    case 2:
        for (unsigned i = 0; i < 4; i++)
            if (thread_create_on(&threads[i], node, touch, NULL) == 0)
                thread_join(&threads[i]);
        break;
    case 3:
        spawn("/sleep", arguments, node);
        break;
    case 4:
        execve("/sleep", arguments);
        break;
    case 5:
        touch(NULL);
        break;
    case 6: /* ranges without end */
        for (unsigned i = 0; i < 4000; i++)
            if ((uintptr_t)map(PAGE_BYTES, i & 1 ? PROT_READ : PROT_WRITE) > (uintptr_t)-4096)
                break;
        break;
    default: /* files of /proc */
        for (unsigned i = 0; i < 10; i++)
            open("/proc/ps", 0);
    }
    while (wait4(-1, NULL, WNOHANG) > 0)
        ;
    exit(0);
}

/* It ends by itself, or is killed; whatever it was, it has to go. */
static void reap(long child)
{
    int status;

    for (unsigned i = 0; child > 0 && i < PATIENCE_MS; i++) {
        if (wait4(child, &status, WNOHANG) == child)
            return;
        sleep_ns(1000000);
    }
    if (child > 0) {
        kill(child, 9);
        wait4(child, &status, 0);
    }
}

static void all_there(const char *when, int nodes)
{
    for (int i = 0; i < nodes; i++)
        if (free_kib(i) == -1 && ++wrong)
            print("hungry: %s: node %d is not there\n", when, i);
}

static void starve(int node, int nodes, unsigned left)
{
    int ends[2];
    char byte;

    if (pipe(ends) < 0)
        return;
    long holder = start(node, "eat", left);
    close(ends[1]);
    read(ends[0], &byte, 1); /* until it has closed the other end: it is full */
    close(ends[0]);
    for (unsigned i = 0; i < NEEDS; i++) {
        reap(start(node, "need", i));
        reap(start(0, node ? "need-there" : "need", i));
        all_there("little is left", nodes);
    }
    kill(holder, 9);
    wait4(holder, NULL, 0);
}

static void child(char **argv)
{
    unsigned self, nodes = node_count(&self);

    if (!strcmp(argv[1], "need"))
        need((unsigned)strtoul(argv[2], NULL, 0), (int)self);
    if (!strcmp(argv[1], "need-there"))
        need((unsigned)strtoul(argv[2], NULL, 0), (int)nodes - 1);
    eat((long)strtoul(argv[2], NULL, 0));
    for (int i = 3; i < 16; i++)
        close(i);
    for (;;)
        sleep_ns(1000000000);
}

int main(int argc, char **argv)
{
    unsigned self, n = node_count(&self);
    int nodes = (int)n, status;

    if (argc > 2)
        child(argv);
    for (int node = 0; node < nodes; node++) {
        long before = free_kib(node), eater = start(node, "eat", 0), after = 0;
        if (eater < 0 || wait4(eater, &status, 0) != eater || status != SIGBUS)
            wrong++, print("hungry: on node %d: %ld, ends with %x\n", node, eater, (unsigned)status);
        all_there("all is taken", nodes);
        if (node == 0 || node == nodes - 1)
            for (unsigned left = 600; left >= 240; left -= 120) /* KiB; the kernel keeps 256 */
                starve(node, nodes, left);
        for (unsigned i = 0; i < TRIES && (after = free_kib(node)) + SLACK_KIB < before; i++)
            sleep_ns(1000000);
        print("hungry: node %d: %ld KiB free, then %ld\n", node, before, after);
        wrong += after + SLACK_KIB < before;
    }
    print("hungry: %u wrong\n", wrong);
    return (int)wrong;
}
