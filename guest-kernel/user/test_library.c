/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_library.c - what the C library itself does: text, memory, waiting; see usertests.h. */
#include "guest-kernel/user/usertests.h"

enum { WORKERS = 4, ROUNDS = 50, ITEMS = 200, PIECES = 64 };

static bool formats(const char *want, const char *got)
{
    if (!strcmp(want, got))
        return true;
    print("'%s' instead of '%s'\n", got, want);
    return false;
}

bool print_formats(void)
{
    char text[100];

    format_text(text, sizeof text, "%d|%5d|%-5d|%05d|%x|%lu|%c%%", -1, 42, 42, -42, 255u, 1ul << 40, 'z');
    EXPECT(formats("-1|   42|42   |-0042|ff|1099511627776|z%", text));
    format_text(text, sizeof text, "%s|%6s|%-6s|%.2s|", "abc", "abc", "abc", "abc");
    EXPECT(formats("abc|   abc|abc   |ab|", text));
    format_text(text, sizeof text, "%f %.3f %.0f %e %8.2f|%.17e", 1.5, -2.0005, 2.5, 12345.678, 3.14159, 0.1);
    EXPECT(formats("1.500000 -2.001 2 1.234568e+04     3.14|1.00000000000000006e-01", text));
    EXPECT(format_text(text, 4, "%s", "abcdef") == 3 && formats("abc", text));
    EXPECT(format_text(text, 4, "%9d", 1) == 3 && formats("   ", text));
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

bool text_functions(void)
{
    static uint32_t numbers[777];
    uint64_t seed = 3;
    char text[] = "0123456789", *end;

    for (unsigned i = 0; i < 777; i++)
        numbers[i] = random_next(&seed) % 500;
    sort(numbers, 777, sizeof numbers[0], by_value);
    for (unsigned i = 1; i < 777; i++)
        EXPECT(numbers[i - 1] <= numbers[i]);
    memmove(text + 2, text, 6);
    EXPECT(!strcmp(text, "0101234589"));
    memmove(text, text + 1, 5);
    EXPECT(!strcmp(text, "1012334589"));
    EXPECT(strtoul("0x1fg", &end, 0) == 0x1f && *end == 'g');
    EXPECT(strtoul("18446744073709551616", &end, 10) == ULONG_MAX && !*end);
    EXPECT(strtoul("x", &end, 0) == 0 && *end == 'x');
    /* cppcheck-suppress staticStringCompare ; it is strncmp that is tested */
    EXPECT(strchr(text, '9') == text + 9 && !strchr(text, 'a') && !strncmp("abc", "abd", 2));
    return true;
}

bool heap_pieces(void)
{
    unsigned char *piece[PIECES] = {0};
    size_t size[PIECES] = {0};
    uint64_t seed = 5;

    for (unsigned i = 0; i < 2000; i++) {
        unsigned k = random_next(&seed) % PIECES;
        for (size_t b = 0; b < size[k]; b++)
            EXPECT(piece[k][b] == (unsigned char)k);
        free(piece[k]);
        size[k] = random_next(&seed) % 2000;
        piece[k] = malloc(size[k]);
        EXPECT(piece[k] && (uintptr_t)piece[k] % 16 == 0);
        memset(piece[k], (int)k, size[k]);
    }
    for (unsigned k = 0; k < PIECES; k++)
        free(piece[k]);
    char *all = malloc(60000); /* they are one piece again */
    EXPECT(all && (uintptr_t)brk(0) - (uintptr_t)all < 3 * 65536);
    /* cppcheck-suppress memleakOnRealloc ; the test has failed then, and the process ends */
    all = realloc(all, 200000);
    /* cppcheck-suppress leakReturnValNotUsed ; there is nothing to leak: all of them fail */
    EXPECT(all && !malloc(SIZE_MAX) && !calloc(SIZE_MAX / 2, 4));
    return true;
}

static struct thread workers[WORKERS];
static struct barrier meeting;
static struct mutex mutex;
static struct condition changed;
static struct semaphore items, places;
static unsigned at[WORKERS], wrong, queue, sum;

static void meet(void *argument)
{
    unsigned *mine = argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        __atomic_store_n(mine, i, __ATOMIC_RELAXED);
        barrier_wait(&meeting);
        for (unsigned k = 0; k < WORKERS; k++)
            if (__atomic_load_n(&at[k], __ATOMIC_RELAXED) != i)
                __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        barrier_wait(&meeting);
    }
}

bool barriers(void)
{
    meeting = (struct barrier){.count = WORKERS};
    for (unsigned i = 0; i < WORKERS; i++)
        EXPECT(thread_create(&workers[i], meet, &at[i]) == 0);
    for (unsigned i = 0; i < WORKERS; i++)
        EXPECT(thread_join(&workers[i]) == 0);
    EXPECT(wrong == 0 && at[0] == ROUNDS - 1);
    return true;
}

/* Adds up what main puts into a queue of one place. */
static void take(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ITEMS; i++) {
        mutex_lock(&mutex);
        while (!queue)
            condition_wait(&changed, &mutex);
        sum += queue;
        queue = 0;
        condition_broadcast(&changed);
        mutex_unlock(&mutex);
    }
}

bool conditions(void)
{
    EXPECT(thread_create(&workers[0], take, NULL) == 0);
    for (unsigned i = 1; i <= ITEMS; i++) {
        mutex_lock(&mutex);
        while (queue)
            condition_wait(&changed, &mutex);
        queue = i;
        condition_signal(&changed);
        mutex_unlock(&mutex);
    }
    EXPECT(thread_join(&workers[0]) == 0);
    EXPECT(sum == ITEMS * (ITEMS + 1) / 2);
    return true;
}

static void consume(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ITEMS; i++) {
        semaphore_down(&items);
        __atomic_add_fetch(&sum, 1, __ATOMIC_RELAXED);
        semaphore_up(&places);
    }
}

bool semaphores(void)
{
    sum = 0;
    places = (struct semaphore){3};
    for (unsigned i = 0; i < 2; i++)
        EXPECT(thread_create(&workers[i], consume, NULL) == 0);
    for (unsigned i = 0; i < 2 * ITEMS; i++) {
        semaphore_down(&places);
        semaphore_up(&items);
    }
    EXPECT(thread_join(&workers[0]) == 0 && thread_join(&workers[1]) == 0);
    EXPECT(sum == 2 * ITEMS && places.value == 3 && items.value == 0);
    return true;
}

static void add_node(void *argument)
{
    unsigned self;

    node_count(&self);
    *(unsigned *)argument = self + 1;
}

bool thread_here(void)
{
    unsigned self, seen = 0;

    node_count(&self);
    EXPECT(thread_create_on(&workers[0], (int)self, add_node, &seen) == 0);
    EXPECT(thread_join(&workers[0]) == 0 && seen == self + 1);
    EXPECT(thread_create_on(&workers[0], 999, add_node, &seen) < 0);
    return true;
}

bool spawn_here(void)
{
    char *const argv[] = {"count", "from", "another", "process", NULL};
    unsigned self;
    int status;

    node_count(&self);
    long id = spawn("/count", argv, (int)self);
    EXPECT(id > 0 && wait4(id, &status, 0) == id && status == 3 << 8);
    EXPECT(spawn("/count", argv, 999) < 0);
    return true;
}
