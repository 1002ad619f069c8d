/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_mapping.c - mappings of files; see usertests.h. The file: this program, of many pages; /motd: one. */
#include "guest-kernel/user/usertests.h"

enum { PAGE = 4096, PAGES = 6, SIGBUS = 7 };

static char text[PAGES * PAGE]; /* the file's first pages, as read() says */
static char *spot;

static void touch(void)
{
    *(volatile char *)spot = 1;
}

static void look(void)
{
    (void)*(volatile char *)spot;
}

static bool failed(const void *at, int error)
{
    return (long)at == -error;
}

static long open_text(void)
{
    long fd = open("/usertests", 0);

    return fd < 0 || read((int)fd, text, sizeof text) != sizeof text ? -1 : fd;
}

bool map_file(void)
{
    long fd = open_text();

    EXPECT(fd >= 0);
    char *own = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, PAGE);
    char *all = mmap(NULL, sizeof text, PROT_READ, MAP_SHARED, (int)fd, 0);
    char *again = mmap(NULL, PAGE + 1, PROT_READ, MAP_PRIVATE, (int)fd, 2 * PAGE);
    EXPECT(close((int)fd) == 0);
    EXPECT(!memcmp(all, text, sizeof text));
    EXPECT(!memcmp(own, text + PAGE, 5 * PAGE) && !memcmp(again, text + 2 * PAGE, 2 * PAGE));
    memset(own + PAGE, 9, PAGE); /* nobody else sees it */
    EXPECT(!memcmp(all, text, sizeof text) && !memcmp(again, text + 2 * PAGE, 2 * PAGE));
    fd = open_text();
    EXPECT(fd >= 0 && !memcmp(all, text, sizeof text));
    EXPECT(own[PAGE] == 9 && own[2 * PAGE - 1] == 9 && !memcmp(own + 2 * PAGE, text + 3 * PAGE, 3 * PAGE));
    spot = all;
    EXPECT(status_of(touch) == SIGSEGV);
    /* in the place of something else, pages of the file in another order */
    EXPECT(mmap(own, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, (int)fd, 3 * PAGE) == own);
    EXPECT(!memcmp(own, text + 3 * PAGE, PAGE) && own[PAGE] == 9);
    return true;
}

bool map_file_parts(void)
{
    long fd = open_text();

    EXPECT(fd >= 0);
    char *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, 0);
    EXPECT(unmap(at + PAGE, PAGE) == 0);
    EXPECT(protect(at + 3 * PAGE, PAGE, PROT_READ) == 0);
    spot = at + PAGE;
    EXPECT(status_of(look) == SIGSEGV);
    spot = at + 3 * PAGE;
    EXPECT(status_of(touch) == SIGSEGV && status_of(look) == 0);
    EXPECT(!memcmp(at, text, PAGE) && !memcmp(at + 2 * PAGE, text + 2 * PAGE, 4 * PAGE));
    EXPECT(protect(at + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    EXPECT(status_of(touch) == 0 && !memcmp(at + 3 * PAGE, text + 3 * PAGE, PAGE));

    char *all = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, (int)fd, 0);
    EXPECT(unmap(all + 2 * PAGE, PAGE) == 0);
    EXPECT(!memcmp(all, text, 2 * PAGE) && !memcmp(all + 3 * PAGE, text + 3 * PAGE, 3 * PAGE));
    EXPECT(protect(all, PAGE, 0) == 0);
    spot = all;
    EXPECT(status_of(look) == SIGSEGV);
    EXPECT(protect(all, PAGE, PROT_READ) == 0 && !memcmp(all, text, 2 * PAGE));
    EXPECT(protect(all, PAGE, PROT_READ | PROT_WRITE) == -EACCES);
    EXPECT(protect(all, 2 * PAGE, PROT_READ) == 0 && !memcmp(all, text, 2 * PAGE));
    return true;
}

bool map_file_end(void)
{
    char got[64];
    long fd = open("/motd", 0), n = read((int)fd, got, sizeof got);

    EXPECT(n > 0 && n < (long)sizeof got);
    char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, 0);
    EXPECT(!memcmp(at, got, (size_t)n));
    for (unsigned i = (unsigned)n; i < PAGE; i++)
        EXPECT(at[i] == 0);
    at[PAGE - 1] = 1; /* behind the end, but in its page */
    for (unsigned i = 1; i < 3; i++) {
        spot = at + i * PAGE;
        EXPECT(status_of(look) == SIGBUS && status_of(touch) == SIGBUS);
        EXPECT(write(1, spot, 1) == -EFAULT);
    }
    spot = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, (int)fd, 4 * PAGE);
    EXPECT(status_of(look) == SIGBUS);
    spot = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, (int)fd, UINT64_C(1) << 40);
    EXPECT(status_of(look) == SIGBUS);
    EXPECT(status_of(touch) == SIGSEGV); /* rights come first */
    return true;
}

bool map_file_errors(void)
{
    long fd = open("/motd", 0), proc = open("/proc/ps", 0);
    const int read_write = PROT_READ | PROT_WRITE;
    int ends[2];

    EXPECT(pipe(ends) == 0 && fd >= 0 && proc >= 0);
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 15, 0), EBADF));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, (int)fd, 1), EINVAL));
    EXPECT(failed(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, (int)fd, 0), EINVAL));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, 0, (int)fd, 0), EINVAL));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0), EINVAL));
    EXPECT(failed(mmap(NULL, ~(size_t)0, PROT_READ, MAP_PRIVATE, (int)fd, 0), ENOMEM));
    EXPECT(
        failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, (int)fd, (uint64_t)INT64_MAX + 1 - PAGE), EOVERFLOW));
    EXPECT(failed(mmap(NULL, PAGE, read_write, MAP_SHARED, (int)fd, 0), EACCES));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 1, 0), ENODEV));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, (int)proc, 0), ENODEV));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV));
    EXPECT(failed(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[1], 0), EACCES));
    EXPECT(failed(mmap((void *)1, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, (int)fd, 0), EINVAL));
    EXPECT(!failed(mmap((void *)1, PAGE, PROT_READ, MAP_PRIVATE, (int)fd, 0), EINVAL)); /* a mere wish */
    EXPECT(protect((void *)((uintptr_t)main & ~(uintptr_t)(PAGE - 1)), PAGE, read_write) == -EACCES);
    return true;
}

/* A child has what its parent wrote, and the file where nobody wrote, and its writes are its own. */
bool map_file_fork(void)
{
    int status;
    long fd = open_text();

    EXPECT(fd >= 0);
    char *own = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, 0);
    char *all = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, (int)fd, 0);
    close((int)fd);
    memset(own + PAGE, 5, PAGE);
    long child = fork();
    if (child == 0) {
        if (own[PAGE] != 5 || own[2 * PAGE - 1] != 5 || memcmp(own + 2 * PAGE, text + 2 * PAGE, PAGE) ||
            memcmp(own, text, PAGE) || memcmp(all, text, sizeof text))
            exit(1);
        memset(own, 6, PAGES * PAGE);
        exit(own[0] == 6 && !memcmp(all, text, sizeof text) ? 0 : 2);
    }
    EXPECT(wait4(child, &status, 0) == child && status == 0);
    EXPECT(!memcmp(own, text, PAGE) && own[PAGE] == 5 && !memcmp(own + 2 * PAGE, text + 2 * PAGE, 4 * PAGE));
    return true;
}

static __attribute__((noinline)) long seven(long n)
{
    return n + 7;
}

/* What was written as data runs when it may. */
bool map_and_execute(void)
{
    char *at = map(PAGE, PROT_READ | PROT_WRITE);

    memcpy(at, (const void *)(uintptr_t)seven, 64);
    spot = at;
    EXPECT(protect(at, PAGE, PROT_READ | PROT_EXEC) == 0);
    EXPECT(((long (*)(long))(uintptr_t)at)(1) == 8 && status_of(touch) == SIGSEGV);
    return true;
}
