/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_calls.c - one random system call: a number, and arguments that are right, nearly right, or hostile;
 * see stress.h. The caller's own end is not out of reach, but rare; other processes than its own are left
 * alone.
 */
#include "guest-kernel/user/stress.h"

enum {
    THREAD_ON = 513,
    KILL = 129,
    CLONE = 220,
    EXECVE = 221,
    EXIT = 93,
    EXIT_GROUP = 94,
    NUMBERS = 601,
    NOBODY = 1 << 20
};
enum { ARGUMENTS = 6 };

uint32_t below(struct chance *c, uint32_t n)
{
    return random_next(&c->state) % n;
}

static uint64_t wide(struct chance *c)
{
    uint64_t high = random_next(&c->state);

    return high << 32 | random_next(&c->state);
}

/* ---- what pointers may point at ---- */

/* Addresses around which things begin or end: nothing of them is a program's. */
static const uint64_t edges[] = {0,
                                 0x1000,
                                 0x100000, /* the kernel: x86_64 */
                                 0x200000,
                                 0x9000000,  /* devices: aarch64 */
                                 0x10000000, /* riscv64 */
                                 0x40200000, /* the kernel: aarch64 */
                                 0x80200000, /* riscv64 */
                                 0xfee00000, /* devices: x86_64 */
                                 0x4010000000,
                                 0x7800000000, /* kernel stacks */
                                 0x7800004000,
                                 0x7800008000,
                                 0x8000000000,  /* 512 GiB: the user's begins */
                                 0xfffff00000,  /* behind the stack */
                                 0x10001000000, /* behind the memory that nodes share */
                                 0x18000000000,
                                 0x800000000000, /* not canonical */
                                 0x1000000000000,
                                 0x7fffffffffffffff,
                                 0x8000000000000000,
                                 0xffff800000000000,
                                 0xffffffffffffffff};

/* The arena's pages, in order; what the others are is not. */
enum { WRITABLE = 0, READABLE = 4, FORBIDDEN = 6, HOLE = 8, AGAIN = 10, EXECUTABLE = 13, END = ARENA_PAGES };

char *arena_new(void)
{
    char *a = map(ARENA_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE);

    if ((uintptr_t)a > (uintptr_t)-4096)
        return NULL;
    for (unsigned i = 0; i < ARENA_PAGES * PAGE_BYTES; i += 64)
        a[i] = (char)(i / 64);
    protect(a + READABLE * PAGE_BYTES, (FORBIDDEN - READABLE) * PAGE_BYTES, PROT_READ);
    protect(a + FORBIDDEN * PAGE_BYTES, (HOLE - FORBIDDEN) * PAGE_BYTES, 0);
    unmap(a + HOLE * PAGE_BYTES, (AGAIN - HOLE) * PAGE_BYTES);
    protect(a + EXECUTABLE * PAGE_BYTES, (END - EXECUTABLE) * PAGE_BYTES, PROT_READ | PROT_EXEC);
    return a;
}

static uint64_t near(struct chance *c, uint64_t at)
{
    return at + below(c, 33) - 16;
}

static uint64_t pointer(struct chance *c)
{
    uint64_t arena = (uint64_t)(uintptr_t)c->arena;

    switch (below(c, 12)) {
    case 0:
        return near(c, edges[below(c, sizeof edges / sizeof edges[0])]);
    case 1:
        return edges[below(c, sizeof edges / sizeof edges[0])];
    case 2:
        return near(c, arena + (uint64_t)below(c, ARENA_PAGES + 1) * PAGE_BYTES);
    case 3:
        return arena + below(c, ARENA_PAGES * PAGE_BYTES);
    case 4:
        return SHARED_BEGIN + below(c, SHARED_BYTES);
    case 5:
        return wide(c);
    case 6: /* text */
        return (uint64_t)(uintptr_t)random_call + below(c, 64);
    default: /* good */
        return arena + (uint64_t)(below(c, READABLE * PAGE_BYTES) & ~7u);
    }
}

/* ---- other arguments ---- */

static uint64_t number(struct chance *c)
{
    switch (below(c, 8)) {
    case 0:
        return wide(c);
    case 1:
        return (uint64_t)1 << below(c, 64);
    case 2:
        return ((uint64_t)1 << below(c, 64)) - 1;
    case 3:
        return -(uint64_t)below(c, 5000);
    case 4:
        return (uint64_t)1 << 31 | below(c, 2) << below(c, 31);
    default:
        return below(c, 40);
    }
}

static uint64_t size(struct chance *c)
{
    switch (below(c, 6)) {
    case 0:
        return number(c);
    case 1:
        return below(c, 4 * PAGE_BYTES);
    case 2:
        return (uint64_t)below(c, 64) * PAGE_BYTES;
    case 3:
        return (uint64_t)(below(c, 1 << 20) + 1) << 16; /* up to 64 GiB */
    default:
        return below(c, 64);
    }
}

static uint64_t descriptor(struct chance *c)
{
    return below(c, 8) ? below(c, 18) : number(c);
}

/* Into the arena's first page; now and then its end is missing, or it is nowhere. */
static uint64_t text(struct chance *c)
{
    static const char *const texts[] = {"/motd",
                                        "/proc/ps",
                                        "/proc/0/meminfo",
                                        "/proc/1/counters",
                                        "/proc/0/files",
                                        "/proc/99999999999999999999/x",
                                        "/proc/",
                                        "/proc//",
                                        "",
                                        "/",
                                        "////////motd",
                                        "no-such-file",
                                        "/sleep",
                                        "/echo",
                                        "/rc",
                                        "/kernel",
                                        "\xff\xfe\x80"};
    const char *t = texts[below(c, sizeof texts / sizeof texts[0])];
    char *to = c->arena + READABLE * PAGE_BYTES - 1 - strlen(t) - below(c, 2);

    if (!below(c, 4))
        return pointer(c);
    if (!below(c, 8)) { /* long, up to the end of what can be written */
        to = c->arena + READABLE * PAGE_BYTES - 1 - below(c, 600);
        memset(to, 'a', (size_t)(c->arena + READABLE * PAGE_BYTES - to));
        return (uint64_t)(uintptr_t)to;
    }
    memcpy(to, t, strlen(t) + 1);
    return (uint64_t)(uintptr_t)to;
}

/* A list of pointers to texts, in the arena's first page. */
static uint64_t list(struct chance *c)
{
    uint64_t *to = (uint64_t *)(void *)c->arena + below(c, 8);
    unsigned n = below(c, 20);

    if (!below(c, 4))
        return pointer(c);
    for (unsigned i = 0; i < n; i++)
        to[i] = below(c, 12) ? (uint64_t)(uintptr_t) "1" : text(c);
    to[n] = 0;
    return (uint64_t)(uintptr_t)to;
}

/* A time: mostly a short one. */
static uint64_t moment(struct chance *c)
{
    int64_t *to = (int64_t *)(void *)(c->arena + PAGE_BYTES);

    if (!below(c, 4))
        return pointer(c);
    to[0] = below(c, 16) ? 0 : (int64_t)number(c);
    to[1] = below(c, 16) ? below(c, 100000) : (int64_t)number(c);
    return (uint64_t)(uintptr_t)to;
}

static uint64_t place(struct chance *c) /* a node */
{
    return below(c, 4) ? below(c, 4) - 1 : number(c);
}

static uint64_t id(struct chance *c) /* a process */
{
    return below(c, 4) ? (uint64_t)below(c, 40) - 1 : number(c);
}

static uint64_t area(struct chance *c) /* where to map */
{
    return below(c, 4) ? (uint64_t)(uintptr_t)c->arena + (uint64_t)(below(c, 64)) * PAGE_BYTES : pointer(c);
}

/* ---- the calls ---- */

/* One letter for each argument: the functions above; '4': flags of mmap, 'f' of clone, 'o' operations of
 * futex. */
static const struct shape {
    uint16_t number;
    char arguments[ARGUMENTS + 1];
} shapes[] = {{23, "d"},     {24, "ddn"},  {56, "ntn"},    {57, "d"},      {59, "pn"},  {63, "dps"},
              {64, "dps"},   {96, "p"},    {98, "poNmpN"}, {98, "poNNpN"}, {101, "mp"}, {113, "np"},
              {123, "nsp"},  {124, ""},    {129, "in"},    {168, "ppp"},   {172, ""},   {173, ""},
              {178, ""},     {214, "a"},   {215, "as"},    {220, "fppnp"}, {221, "tl"}, {222, "as74"},
              {222, "as74"}, {226, "as7"}, {226, "as7"},   {260, "ipw"},   {512, ""},   {513, "Pppppp"},
              {514, "nP"},   {515, "tlP"}, {516, "p"},     {63, "dps"},    {64, "dps"}, {59, "pn"},
              {56, "ntn"},   {214, "p"}};

static uint64_t argument(struct chance *c, char kind)
{
    static const uint32_t clone_flags[] = {0, 17, 0x10100, 0x310100, 0x80000, 0x1390100, 0x100};
    static const uint8_t operations[] = {0, 1, 1, 3, 4, 4, 128, 129, 5, 9};

    switch (kind) {
    case 'd':
        return descriptor(c);
    case 'p':
        return pointer(c);
    case 's':
        return size(c);
    case 't':
        return text(c);
    case 'l':
        return list(c);
    case 'm':
        return moment(c);
    case 'P':
        return place(c);
    case 'i':
        return id(c);
    case 'a':
        return area(c);
    case 'f':
        return below(c, 3) ? clone_flags[below(c, sizeof clone_flags / sizeof clone_flags[0])] : number(c);
    case 'o':
        return below(c, 8) ? operations[below(c, sizeof operations)] : number(c);
    case 'w':
        return below(c, 8) ? WNOHANG : number(c);
    case '7':
        return below(c, 8) ? below(c, 8) : number(c);
    case '4':
        return below(c, 8) ? (below(c, 3) ? 0x22 : 0x32) : number(c);
    case 'N':
        return below(c, 3) ? below(c, 3) : number(c);
    default:
        return number(c);
    }
}

/* What would end the run, or mostly the caller: other processes' ends, and its own in most cases. */
static bool left_out(struct chance *c, uint64_t call, uint64_t *a)
{
    if (call == KILL) { /* its own, nobody's, or a number that cannot be */
        if (!below(c, 200))
            a[0] = (uint64_t)getpid();
        else if ((int32_t)a[0] > 0)
            a[0] = NOBODY + below(c, NOBODY);
    }
    if (call == EXIT || call == EXIT_GROUP || call == EXECVE)
        return below(c, 20);
    return (call == CLONE || call == THREAD_ON) &&
           below(c, 6); /* a thread that begins anywhere ends all of them */
}

void random_call(struct chance *c)
{
    uint64_t a[ARGUMENTS], call;

    for (unsigned i = 0; i < ARGUMENTS; i++)
        a[i] = below(c, 2) ? number(c) : pointer(c);
    if (below(c, 8)) {
        const struct shape *s = &shapes[below(c, sizeof shapes / sizeof shapes[0])];
        call = s->number;
        for (unsigned i = 0; s->arguments[i] && below(c, 64); i++)
            a[i] = argument(c, s->arguments[i]);
    } else {
        call = below(c, 100) ? below(c, NUMBERS) : number(c);
    }
    if (left_out(c, call, a))
        return;
    long result =
        syscall6((long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5], (long)call);
    if (call == CLONE && !result)
        exit_thread(); /* the new one */
    c->calls++;
    c->done += result >= 0;
    c->hash = (c->hash ^ (uint32_t)call ^ (uint32_t)result) * 16777619u;
}

unsigned refusals(void)
{
    static const struct shape calls[] = {{63, "f.8"}, {64, "w.8"},  {59, ".0"},   {101, ".0"},
                                         {113, "1."}, {123, "08."}, {168, ".."},  {56, "0.0"},
                                         {98, ".00"}, {221, ".0"},  {515, ".0-"}, {98, ".100.0"}};
    int ends[2];
    long file = open("/motd", 0);
    unsigned wrong = 0;
    char *arena = arena_new();

    if (file < 0 || pipe(ends) < 0 || !arena)
        return 1;
    for (unsigned k = 0; k < sizeof calls / sizeof calls[0]; k++)
        for (unsigned i = 0; i < sizeof edges / sizeof edges[0] + 2; i++) {
            uint64_t at = i < sizeof edges / sizeof edges[0]
                              ? edges[i]
                              : (uint64_t)(uintptr_t)arena + (i % 2 ? HOLE : FORBIDDEN) * PAGE_BYTES;
            long a[ARGUMENTS] = {0};
            for (unsigned n = 0; calls[k].arguments[n]; n++) {
                char kind = calls[k].arguments[n];
                a[n] = kind == '.'   ? (long)at
                       : kind == 'f' ? file
                       : kind == 'w' ? ends[1]
                       : kind == '-' ? -1
                                     : kind - '0';
            }
            if (calls[k].number == 98 && a[1] == 1)
                continue; /* waking needs no memory */
            if (calls[k].number == 168 && !at)
                continue;                /* nobody wants to know */
            if (calls[k].number == 63) { /* from its beginning */
                close((int)file);
                open("/motd", 0);
            }
            long result = syscall6(a[0], a[1], a[2], a[3], a[4], a[5], calls[k].number);
            if (result != -EFAULT && wrong++ < 10)
                print("stress: call %u with %lx returns %ld\n", calls[k].number, (unsigned long)at, result);
        }
    close((int)file);
    close(ends[0]);
    close(ends[1]);
    unmap(arena, ARENA_PAGES * PAGE_BYTES);
    return wrong;
}
