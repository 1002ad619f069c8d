/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress.c - thousands of random system calls with random, hostile arguments, which the kernel must survive:
 *
 *     stress SEED ROUNDS CALLS
 *
 * Each round is a process of its own, which makes that many calls, unless one of them ends it or makes it
 * wait; then it is killed, and has to go. In every other round it has threads on all nodes, which make them
 * at once. Before and after the rounds, pointers into the kernel and beside mappings are refused. All follows
 * from the seed.
 *
 * Ends with the number of things that are wrong.
 */
#include "guest-kernel/user/stress.h"

enum { PATIENCE_MS = 30, MAX_NODES = 16, SLACK_KIB = 1024, FEW = 10 };

/* In memory that processes share, at its end: sums of struct chance. */
static struct sums {
    uint64_t calls, done;
} *sums = (struct sums *)(SHARED_BEGIN + SHARED_BYTES - PAGE_BYTES);

static uint64_t seed, round_number;
static unsigned calls, wrong;

static void count(struct chance *c)
{
    __atomic_fetch_add(&sums->calls, c->calls, __ATOMIC_RELAXED);
    __atomic_fetch_add(&sums->done, c->done, __ATOMIC_RELAXED);
    c->calls = c->done = 0;
}

static void hammer(void *argument)
{
    struct chance c = {.state = (seed * 1000003 + round_number) * 64 + (uint64_t)(uintptr_t)argument + 1};

    for (unsigned i = 0; i < 8; i++)
        random_next(&c.state);
    c.arena = arena_new();
    for (unsigned i = 0; c.arena && i < calls; i++) {
        random_call(&c);
        if (i % FEW == FEW - 1 || i + 1 == calls)
            count(&c);
    }
}

/* What it says or hears is a pipe's, not the console's. */
static void no_console(void)
{
    int ends[2];
    long file = open("/motd", 0);

    pipe(ends);
    dup3((int)file, 0, 0);
    dup3(ends[1], 1, 0);
    dup3(ends[1], 2, 0);
}

static void round_of(unsigned nodes)
{
    struct thread threads[MAX_NODES];
    bool begun[MAX_NODES] = {false};

    no_console();
    for (unsigned i = 0; nodes > 1 && round_number % 2 && i < nodes; i++)
        begun[i] = thread_create_on(&threads[i], (int)i, hammer, (void *)(uintptr_t)(i + 1)) == 0;
    hammer(NULL);
    for (unsigned i = 0; i < nodes; i++)
        if (begun[i])
            thread_join(&threads[i]);
    exit(0);
}

/* True: it has ended by itself. */
static bool ended(long child)
{
    int status;

    for (unsigned i = 0; i < PATIENCE_MS; i++) {
        if (wait4(child, &status, WNOHANG) == child)
            return true;
        sleep_ns(1000000);
    }
    kill(child, 9);
    while (wait4(child, &status, 0) != child)
        ;
    return false;
}

/* Memory that is free on all nodes, in KiB. */
static unsigned long free_kib(unsigned nodes)
{
    unsigned long sum = 0;
    char path[32], text[256];

    for (unsigned i = 0; i < nodes; i++) {
        format_text(path, sizeof path, "/proc/%u/meminfo", i);
        long file = open(path, 0), n = file < 0 ? 0 : read((int)file, text, sizeof text - 1);
        const char *at = text;
        text[n > 0 ? n : 0] = 0;
        while (*at && (*at < '0' || *at > '9'))
            at++;
        sum += strtoul(at, NULL, 10);
        if (file < 0 && ++wrong)
            print("stress: node %u is not there: %ld\n", i, file);
        close((int)file);
    }
    return sum;
}

int main(int argc, char **argv)
{
    unsigned self, nodes = node_count(&self), killed = 0;
    unsigned long free_before = 0;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 10;

    wrong = refusals();
    seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
    calls = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : 100;
    for (round_number = 0; round_number < rounds; round_number++) {
        if (round_number == rounds / 2)
            free_before = free_kib(nodes);
        long child = fork();
        if (child == 0)
            round_of(nodes);
        if (child < 0 && wrong++ < 10)
            print("stress: round %lu: no process: %ld\n", round_number, child);
        else if (child > 0)
            killed += !ended(child);
    }
    wrong += refusals();
    unsigned long free_after = free_kib(nodes);
    if (free_after + SLACK_KIB < free_before && ++wrong)
        print("stress: %lu KiB were free, now %lu\n", free_before, free_after);
    print("stress: seed %lu, %u rounds, %u killed, %lu calls counted, %lu of them done\n", seed, rounds,
          killed, sums->calls, sums->done);
    print("stress: %u wrong\n", wrong);
    return (int)wrong;
}
