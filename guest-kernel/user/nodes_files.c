/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nodes_files.c - mappings of files of a process over nodes; see nodes.h. */
#include "guest-kernel/user/nodes.h"

enum { PAGES = 12, LENGTH = PAGES * PAGE_BYTES, FROM = 2 * PAGE_BYTES, SIGBUS = 7 };

static char text[FROM + LENGTH]; /* the file, as read() says */
static char *volatile own, *volatile all;
static unsigned bad;

static void wrong_if(bool is)
{
    if (is)
        __atomic_fetch_add(&bad, 1, __ATOMIC_SEQ_CST);
}

static void map_both(void *argument)
{
    long fd = open("/nodes", 0);

    (void)argument;
    own = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, FROM);
    all = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, (int)fd, FROM);
    close((int)fd);
    wrong_if((uintptr_t)own >= (uintptr_t)-PAGE_BYTES || (uintptr_t)all >= (uintptr_t)-PAGE_BYTES);
}

static bool is_file(const char *at, unsigned page)
{
    return !memcmp(at + page * PAGE_BYTES, text + FROM + page * PAGE_BYTES, PAGE_BYTES);
}

static void look(void *argument)
{
    unsigned node = (unsigned)(uintptr_t)argument;

    for (unsigned i = 0; i < PAGES; i++) {
        wrong_if(!is_file(all, i));
        if (i % nodes == node)
            wrong_if(!is_file(own, i)); /* nobody has touched it */
    }
}

/* Each node writes its own pages; then all see all. */
static void write_own(void *argument)
{
    unsigned node = (unsigned)(uintptr_t)argument;

    for (unsigned i = node; i < PAGES; i += 2 * nodes)
        own[i * PAGE_BYTES + 8] = (char)(i + 1);
}

static void look_written(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < PAGES; i++)
        if (i % (2 * nodes) < nodes)
            wrong_if(own[i * PAGE_BYTES + 8] != (char)(i + 1) ||
                     memcmp(own + i * PAGE_BYTES + 9, text + FROM + i * PAGE_BYTES + 9, PAGE_BYTES - 9));
        else
            wrong_if(!is_file(own, i));
}

static void take_parts(void *argument)
{
    (void)argument;
    wrong_if(unmap(own + 3 * PAGE_BYTES, PAGE_BYTES) != 0);
    wrong_if(protect(own + 5 * PAGE_BYTES, PAGE_BYTES, PROT_READ) != 0);
    wrong_if(unmap(all + 2 * PAGE_BYTES, 2 * PAGE_BYTES) != 0);
    wrong_if(protect(all, PAGE_BYTES, PROT_READ | PROT_WRITE) != -EACCES);
}

static void look_parts(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < PAGES; i++) {
        if (i != 2 && i != 3)
            wrong_if(!is_file(all, i));
        if (i >= 4)
            wrong_if(!is_file(own, i));
    }
}

static void touch_beyond(void *argument)
{
    long fd = open("/motd", 0);
    volatile char *at = mmap(NULL, 2 * PAGE_BYTES, PROT_READ, MAP_PRIVATE, (int)fd, 0);

    (void)argument;
    if (at[0] != 'W' || at[PAGE_BYTES - 1])
        exit(1);
    (void)at[PAGE_BYTES];
}

/* A line of this node's /proc. */
static uint64_t counter(const char *name)
{
    static char page[1024];
    char path[32];

    format_text(path, sizeof path, "/proc/%u/counters", self);
    long fd = open(path, 0), n = read((int)fd, page, sizeof page - 1);
    close((int)fd);
    page[n > 0 ? n : 0] = 0;
    for (const char *line = page; *line; line++) {
        if (!strncmp(line, name, strlen(name)))
            return strtoul(line + strlen(name) + 1, NULL, 10);
        line = strchr(line, '\n');
        if (!line)
            break;
    }
    return 0;
}

static void touch_all(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < PAGES; i++)
        (void)*(volatile char *)(all + i * PAGE_BYTES);
}

/* What each node finds in its own initial ram disk is not sent, even if another node has touched it. */
static unsigned nothing_sent(void)
{
    uint64_t before = counter("pages_sent");

    touch_all(NULL);
    for (unsigned i = 1; i < nodes; i++)
        wrong_if(on(i, touch_all) != 0);
    uint64_t sent = counter("pages_sent") - before;
    print("files: %lu pages sent by the origin for %u on each node\n", sent, PAGES);
    return nodes > 1 && sent >= (uint64_t)PAGES * (nodes - 1);
}

static unsigned by_reference(void)
{
    static char *const argv[] = {"nodes", "mapped", NULL};
    int ends[2], status;
    long fd = open("/motd", 0);
    unsigned wrong = fd != 3 || pipe(ends) != 0 || ends[0] != 4 || ends[1] != 5;

    for (unsigned i = 0; i < nodes; i++) {
        long child = spawn("/nodes", argv, (int)i);
        wrong += child <= 0 || wait4(child, &status, 0) != child || status != 0;
    }
    for (int i = 3; i < 6; i++)
        close(i);
    return wrong;
}

static long map_motd(int fd)
{
    return (long)mmap(NULL, PAGE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
}

unsigned mapped_by_reference(void)
{
    char *at = (char *)map_motd(3), got[16];

    if ((uintptr_t)at >= (uintptr_t)-PAGE_BYTES)
        return 100;
    close(3);
    long fd = open("/motd", 0);
    unsigned wrong = read((int)fd, got, sizeof got) != sizeof got || memcmp(at, got, sizeof got);
    return wrong + 2 * (map_motd(4) != -ENODEV) + 4 * (map_motd(5) != -EACCES) + 8 * (map_motd(1) != -ENODEV);
}

unsigned test_files(void)
{
    long fd = open("/nodes", 0), child;
    unsigned wrong = read((int)fd, text, sizeof text) != sizeof text;
    int status;

    close((int)fd);
    for (unsigned i = 0; i < nodes; i++) {
        wrong += on(i, map_both);
        wrong += i == 0 ? nothing_sent() : 0;
        wrong += everywhere(look) + everywhere(write_own) + everywhere(look_written);
        wrong += !is_file(all, 0);
        wrong += unmap(own, LENGTH) != 0 || unmap(all, LENGTH) != 0;
    }
    wrong += on(1, map_both) + on(2, take_parts) + everywhere(look_parts);
    wrong += unmap(own, LENGTH) != 0 || unmap(all, LENGTH) != 0;
    for (unsigned i = 0; i < nodes; i++) {
        child = fork();
        if (child == 0) {
            on(i, touch_beyond);
            exit(0);
        }
        wrong += wait4(child, &status, 0) != child || status != SIGBUS;
    }
    return wrong + by_reference() + bad;
}
