/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_memory.c - address spaces and faults; see usertests.h. */
#include "guest-kernel/user/usertests.h"

enum { PAGE = 4096 };

bool grow_and_shrink(void)
{
    uintptr_t begin = (uintptr_t)brk(0);
    char *at = (char *)begin;

    EXPECT(brk(begin + 10 * PAGE) == (long)(begin + 10 * PAGE));
    for (unsigned i = 0; i < 10; i++)
        EXPECT(at[i * PAGE] == 0);
    memset(at, 1, 10 * PAGE);
    EXPECT(brk(begin + PAGE) == (long)(begin + PAGE));
    EXPECT(brk(begin + 2 * PAGE) == (long)(begin + 2 * PAGE));
    EXPECT(at[0] == 1 && at[PAGE] == 0); /* what was given back comes new */
    EXPECT(brk(8) == (long)(begin + 2 * PAGE));
    return true;
}

static char *spot;

static void touch(void)
{
    *(volatile char *)spot = 1;
}

bool map_and_unmap(void)
{
    char *at = map(8 * PAGE, PROT_READ | PROT_WRITE);

    EXPECT((uintptr_t)at < (uintptr_t)-PAGE);
    for (unsigned i = 0; i < 8; i++)
        EXPECT(at[i * PAGE] == 0);
    memset(at, 7, 8 * PAGE);
    EXPECT(unmap(at + 3 * PAGE, 2 * PAGE) == 0);
    EXPECT(at[2 * PAGE] == 7 && at[5 * PAGE] == 7);
    spot = at + 4 * PAGE;
    EXPECT(status_of(touch) == SIGSEGV);
    spot = at + 5 * PAGE;
    EXPECT(status_of(touch) == 0);
    char *again = map(2 * PAGE, PROT_READ | PROT_WRITE);
    EXPECT(again == at + 3 * PAGE && again[0] == 0); /* the hole, all zero */
    EXPECT(map(0, PROT_READ) == (void *)-(long)EINVAL);
    EXPECT(unmap(at + 1, PAGE) == -EINVAL);
    return true;
}

bool change_protection(void)
{
    spot = map(2 * PAGE, PROT_READ | PROT_WRITE);
    *spot = 5;
    EXPECT(protect(spot, PAGE, PROT_READ) == 0);
    EXPECT(*spot == 5);
    EXPECT(status_of(touch) == SIGSEGV);
    EXPECT(write(1, spot, 0) == 0 && read(0, spot, 0) == 0);
    EXPECT(protect(spot, PAGE, PROT_READ | PROT_WRITE) == 0);
    EXPECT(status_of(touch) == 0);
    return true;
}

bool fault_null(void)
{
    spot = (char *)8;
    EXPECT(status_of(touch) == SIGSEGV);
    return true;
}

/* Where the kernel lies, on one of the three at least, and right below the user's part. */
bool fault_kernel(void)
{
    static const uintptr_t places[] = {0x100000, 0x40200000, 0x80200000, 0x7ffffff000, ~(uintptr_t)0 - 4095};

    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        spot = (char *)places[i];
        EXPECT(status_of(touch) == SIGSEGV);
    }
    return true;
}

bool fault_text(void)
{
    spot = (char *)(uintptr_t)main;
    EXPECT(status_of(touch) == SIGSEGV);
    return true;
}

static void execute(void)
{
    ((void (*)(void))(uintptr_t)spot)();
}

bool fault_execute(void)
{
    spot = map(PAGE, PROT_READ | PROT_WRITE);
    *spot = 0;
    EXPECT(status_of(execute) == SIGSEGV);
    return true;
}

static void use_much(void)
{
    char *at = map(1 << 20, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < 1 << 20; i += PAGE)
        at[i] = 1;
}

/* 64 processes with 1 MiB each, in less memory than that: what ends gives everything back. */
bool memory_returns(void)
{
    for (unsigned i = 0; i < 64; i++)
        EXPECT(status_of(use_much) == 0);
    return true;
}
