/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * panic_test.c - panics that panic= on the command line asks for. Each must end the node with status 255, and
 * say why:
 *
 *     read      the kernel reads where nothing is          text      it writes its own text
 *     overflow  it uses up a kernel stack                  exit      the same, on that of the first thread
 * that ends stack     a frame on the stack is overwritten        pointer   the stack pointer goes nowhere
 *     twice     something fails while a panic is told      second    the second CPU panics when it starts
 *     all       all CPUs panic at the same time
 *
 * overflow, stack, pointer and twice happen on the last CPU, when it starts.
 */
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/kernel.h"
#include <limits.h>

#define NOWHERE UINT64_C(0x7000000000)
enum { ROOM = 200 };

static bool at_exit, now;

static bool asked(const char *what)
{
    char value[16];

    return boot_option("panic", value, sizeof value) && same(value, what);
}

static unsigned __attribute__((noinline)) deeper(unsigned n)
{
    volatile unsigned char room[ROOM];

    room[n % ROOM] = (unsigned char)n;
    return n == UINT_MAX ? 0 : deeper(n + 1) + room[n % ROOM];
}

static void __attribute__((noinline)) smash(void)
{
    volatile uintptr_t *frame = __builtin_frame_address(0);

    for (int i = -2; i < 2; i++) /* frame pointer and return address, on all instruction sets */
        frame[i] = NOWHERE;
    panic("asked for, with a bad stack");
}

static void __attribute__((noinline)) test_last(void)
{
    if (asked("overflow"))
        print("%u\n", deeper(0));
    else if (asked("stack"))
        smash();
    else if (asked("pointer"))
        arch_switch(&(uintptr_t){0}, NOWHERE);
    else if (asked("twice"))
        panic("asked for, with a bad text: %s", (const char *)NOWHERE);
}

void panic_test(void)
{
    at_exit = asked("exit");
    if (asked("read"))
        (void)*(volatile uint64_t *)(uintptr_t)64;
    else if (asked("text"))
        *(volatile char *)kernel_begin = 0;
    if (boot_info.n_cpus == 1)
        test_last();
}

void panic_test_cpu(unsigned number)
{
    if (number == 1 && asked("second"))
        panic("asked for, on cpu 1");
    if (number + 1 == boot_info.n_cpus)
        test_last();
    if (!asked("all"))
        return;
    kernel_unlock();
    while (!__atomic_load_n(&now, __ATOMIC_ACQUIRE))
        arch_relax();
    panic("asked for, on all");
}

void panic_test_all(void)
{
    if (!asked("all"))
        return;
    __atomic_store_n(&now, true, __ATOMIC_RELEASE);
    panic("asked for, on all");
}

void panic_test_exit(void)
{
    if (at_exit)
        print("%u\n", deeper(0));
}
