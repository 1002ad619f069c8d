/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nodes.c - one process over all nodes: a table of named tests, run by node 0's first program (the others
 * have none: init=-). Ends with the number of things that are wrong.
 *
 *     nodes [ROUNDS [SEED [THREADS [NAME..]]]]       32, 1, 8; all tests
 *
 * Of the test `random`: THREADS threads at places that the seed chooses, ROUNDS times. NAME: only these
 * tests.
 */
#include "guest-kernel/user/nodes.h"

enum { INCREMENTS = 40, PAGES = 12, WORDS = PAGE_BYTES / sizeof(uint64_t) };

unsigned nodes, self;
static unsigned rounds = 32, crowd = 8;
static uint64_t seed = 1;
static struct thread threads[MOST];
static _Thread_local uint64_t own; /* each thread's */

static uint64_t next(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 33;
}

unsigned everywhere(void (*function)(void *argument))
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < nodes; i++)
        wrong += thread_create_on(&threads[i], (int)i, function, (void *)(uintptr_t)i) != 0;
    for (unsigned i = 0; i < nodes; i++)
        wrong += thread_join(&threads[i]) != 0;
    return wrong;
}

/* ---- where ---- */

static unsigned found[MOST];
static const char *const words[] = {"zero", "one", "two", "three"};
static unsigned (*volatile chosen)(unsigned);

static unsigned twice(unsigned n)
{
    return 2 * n;
}

static unsigned cloned[MOST];

static void note_node(void *argument)
{
    node_count(argument);
}

static void look(void *argument)
{
    unsigned i = (unsigned)(uintptr_t)argument, here;
    struct thread t;

    node_count(&here);
    cloned[i] = MOST;
    long error = thread_create_here(&t, note_node, &cloned[i]);
    if (error == 0)
        error = thread_join(&t);
    own = i; /* thread-local data are its own, functions and text at the same addresses */
    yield();
    found[i] = error == 0 && cloned[i] == i && here == i && own == i && chosen(i) == 2 * i &&
               strcmp(words[i % 4], i % 4 == 1 ? "one" : words[i % 4]) == 0;
}

static unsigned test_where(void)
{
    chosen = twice;
    own = 77;
    unsigned wrong = everywhere(look);
    for (unsigned i = 0; i < nodes; i++)
        wrong += !found[i];
    return wrong + (own != 77);
}

/* ---- mutex, atomic ---- */

static struct mutex mutex;
static uint64_t plain, atomic;

static void count(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < INCREMENTS; i++) {
        mutex_lock(&mutex);
        plain++;
        mutex_unlock(&mutex);
        __atomic_fetch_add(&atomic, 1, __ATOMIC_SEQ_CST);
    }
}

static unsigned test_mutex(void)
{
    unsigned wrong = everywhere(count);

    print("mutex: %lu and %lu of %u\n", plain, atomic, INCREMENTS * nodes);
    return wrong + (plain != (uint64_t)INCREMENTS * nodes) + (atomic != plain);
}

/* ---- barrier and condition ---- */

static struct barrier meet;
static uint64_t step[MOST];
static unsigned late;

static void march(void *argument)
{
    unsigned i = (unsigned)(uintptr_t)argument;

    for (unsigned n = 1; n <= 5; n++) {
        __atomic_store_n(&step[i], n, __ATOMIC_SEQ_CST);
        barrier_wait(&meet);
        for (unsigned k = 0; k < nodes; k++)
            if (__atomic_load_n(&step[k], __ATOMIC_SEQ_CST) < n)
                __atomic_fetch_add(&late, 1, __ATOMIC_SEQ_CST);
        barrier_wait(&meet);
    }
}

static unsigned test_barrier(void)
{
    meet.count = nodes;
    return everywhere(march) + late;
}

/* ---- memory: mapped there, used here, unmapped somewhere else ---- */

static uint64_t *volatile mapped;
static unsigned bad;

static void map_it(void *argument)
{
    (void)argument;
    mapped = map(PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < PAGES; i++)
        mapped[i * WORDS] = i + 1;
}

static void check_it(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < PAGES; i++)
        if (mapped[i * WORDS] != i + 1)
            __atomic_fetch_add(&bad, 1, __ATOMIC_SEQ_CST);
}

static void unmap_it(void *argument)
{
    (void)argument;
    if (protect(mapped, PAGE_BYTES, PROT_READ) || unmap(mapped, PAGES * PAGE_BYTES)) /* two ranges at once */
        bad++;
}

static void touch_it(void *argument)
{
    (void)argument;
    *(volatile uint64_t *)mapped = 1;
}

unsigned on(unsigned node, void (*function)(void *argument))
{
    node %= nodes;
    return thread_create_on(&threads[0], (int)node, function, (void *)(uintptr_t)node) != 0 ||
           thread_join(&threads[0]) != 0;
}

static unsigned test_memory(void)
{
    unsigned wrong = on(1, map_it) + everywhere(check_it);
    int status;

    wrong += on(2, unmap_it);
    /* It is gone for all: a process that touches it there ends by a signal. */
    long child = fork();
    if (child == 0) {
        on(1, touch_it);
        exit(0);
    }
    wrong += wait4(child, &status, 0) != child || (status & 127) != 11;
    uint64_t *again = map(PAGE_BYTES, PROT_READ | PROT_WRITE);
    wrong += again[0] != 0;
    return wrong + bad;
}

/* ---- protect: what may not be written, may nowhere ---- */

static unsigned test_protect(void)
{
    int status;
    long child = fork();

    if (child == 0) {
        on(1, map_it);
        everywhere(check_it);
        protect(mapped, PAGE_BYTES, PROT_READ);
        everywhere(check_it);
        on(2, touch_it);
        exit(0);
    }
    return wait4(child, &status, 0) != child || (status & 127) != 11;
}

/* ---- calls of a thread elsewhere ---- */

enum { BYTES = 8 };
static int ends[2];
static unsigned heard[MOST], lost;

static void talk(void *argument)
{
    unsigned i = (unsigned)(uintptr_t)argument;
    uint8_t byte = (uint8_t)i;

    print("nodes: thread on node %u, process %ld\n", i, getpid());
    for (unsigned n = 0; n < BYTES; n++)
        if (write(ends[1], &byte, 1) != 1)
            __atomic_fetch_add(&lost, 1, __ATOMIC_SEQ_CST);
}

static void listen(void *argument)
{
    uint8_t byte;

    (void)argument;
    for (unsigned i = 0; i < BYTES * nodes; i++)
        if (read(ends[0], &byte, 1) == 1 && byte < MOST)
            heard[byte]++;
        else
            lost++;
}

static unsigned test_calls(void)
{
    unsigned wrong = pipe(ends) != 0;

    wrong += thread_create_on(&threads[MOST - 1], (int)(nodes - 1), listen, NULL) != 0;
    wrong += everywhere(talk);
    wrong += thread_join(&threads[MOST - 1]) != 0;
    close(ends[0]);
    close(ends[1]);
    for (unsigned i = 0; i < nodes; i++)
        wrong += heard[i] != BYTES;
    return wrong + lost;
}

/* ---- futex: a time out there, a wake-up from there ---- */

static uint32_t word;
static long outcome[2];

static void wait_there(void *argument)
{
    (void)argument;
    outcome[0] = futex_wait(&word, 0, 200000);
    outcome[1] = futex_wait(&word, 0, 0);
}

static unsigned test_futex(void)
{
    unsigned wrong = thread_create_on(&threads[0], (int)(1 % nodes), wait_there, NULL) != 0;

    sleep_ns(2000000);
    word = 1;
    while (futex_wake(&word, 1) == 0)
        yield();
    wrong += thread_join(&threads[0]) != 0;
    return wrong + (outcome[0] != -110) + (outcome[1] != 0);
}

/* ---- processes of other origins ---- */

static unsigned test_spawn(void)
{
    static char *const argv[] = {"count", "spawned", NULL};
    unsigned wrong = 0;
    int status;

    for (unsigned i = 0; i < nodes; i++) {
        long id = spawn("/count", argv, (int)i);
        wrong += id <= 0 || wait4(id, &status, 0) != id || status != 1 << 8;
    }
    wrong += spawn("/nothing", argv, (int)(nodes - 1)) != -2;
    return wrong;
}

/* ---- kill: all threads of it, wherever ---- */

static void for_ever(void *argument)
{
    for (;;)
        if (argument)
            yield();
}

static unsigned test_kill(void)
{
    long child = fork();
    int status;

    if (child == 0) {
        for (unsigned i = 0; i < nodes; i++)
            thread_create_on(&threads[i], (int)i, for_ever, (void *)(uintptr_t)(i & 1));
        for (;;)
            sleep_ns(1000000);
    }
    sleep_ns(3000000);
    unsigned wrong = kill(child, 9) != 0;
    return wrong + (wait4(child, &status, 0) != child) + ((status & 127) != 9);
}

/* ---- files about nodes ---- */

static unsigned test_info(void)
{
    static char text[1024];
    unsigned wrong = 0;

    for (unsigned i = 0; i < nodes; i++) {
        char path[32];
        format_text(path, sizeof path, "/proc/%u/counters", i);
        long file = open(path, 0), n = file < 0 ? file : read((int)file, text, sizeof text - 1);
        wrong += n <= 0;
        close((int)file);
    }
    long file = open("/proc/ps", 0), n = read((int)file, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    print("%s", text);
    return wrong + (n <= 0);
}

/* ---- threads at random places ---- */

static uint64_t sums[MOST];
static unsigned place[MOST], misplaced;

static void work(void *argument)
{
    unsigned i = (unsigned)(uintptr_t)argument, here;

    node_count(&here);
    if (here != place[i])
        __atomic_fetch_add(&misplaced, 1, __ATOMIC_SEQ_CST);
    for (unsigned n = 0; n < 10; n++) {
        sums[i] += n;
        __atomic_fetch_add(&atomic, 1, __ATOMIC_SEQ_CST);
    }
}

static unsigned test_random(void)
{
    unsigned wrong = 0, used[MOST] = {0};
    uint64_t order = seed;

    atomic = 0;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < crowd; i++) {
            place[i] = (unsigned)(next() % nodes);
            used[place[i]]++;
            order = order * 31 + place[i];
        }
        for (unsigned i = 0; i < crowd; i++)
            wrong += thread_create_on(&threads[i], (int)place[i], work, (void *)(uintptr_t)i) != 0;
        for (unsigned i = 0; i < crowd; i++)
            wrong += thread_join(&threads[i]) != 0;
    }
    for (unsigned i = 0; i < crowd; i++)
        wrong += sums[i] != (uint64_t)rounds * 45;
    print("random: %u x %u threads, places %lx, on each node:", crowd, rounds, order);
    for (unsigned i = 0; i < nodes; i++)
        print(" %u", used[i]);
    print("; additions %lu of %lu\n", atomic, (uint64_t)rounds * crowd * 10);
    return wrong + misplaced + (atomic != (uint64_t)rounds * crowd * 10);
}

static const struct {
    const char *name;
    unsigned (*test)(void);
} tests[] = {
    {"where", test_where},    {"mutex", test_mutex},     {"barrier", test_barrier},
    {"memory", test_memory},  {"protect", test_protect}, {"files", test_files},
    {"calls", test_calls},    {"futex", test_futex},     {"spawn", test_spawn},
    {"kill", test_kill},      {"fork", test_fork},       {"fork-exec", test_fork_exec},
    {"fork-much", test_much}, {"fork-bomb", test_bomb},  {"info", test_info},
    {"random", test_random},
};

static bool wanted(int argc, char **argv, const char *name)
{
    for (int i = 4; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return argc <= 4;
}

int main(int argc, char **argv)
{
    unsigned wrong = 0;

    if (argc > 1 && !strcmp(argv[1], "mapped"))
        return (int)mapped_by_reference();
    if (argc > 1 && !strcmp(argv[1], "forks")) {
        nodes = node_count(&self);
        return fork_for_ever();
    }
    if (argc > 1)
        rounds = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoul(argv[2], NULL, 10);
    if (argc > 3)
        crowd = (unsigned)strtoul(argv[3], NULL, 10);
    if (crowd < 1 || crowd > MOST)
        return 100;
    nodes = node_count(&self);
    for (unsigned i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (!wanted(argc, argv, tests[i].name))
            continue;
        uint64_t begin = now_ns();
        unsigned w = tests[i].test();
        print("%s %s: %lu us\n", w ? "FAIL" : "PASS", tests[i].name, (now_ns() - begin) / 1000);
        wrong += w;
    }
    print("nodes: %u wrong\n", wrong);
    return wrong < 100 ? (int)wrong : 100;
}
