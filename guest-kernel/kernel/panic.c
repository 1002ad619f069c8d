/* SPDX-License-Identifier: GPL-2.0-or-later */
/* panic.c - the end of a node, wanted or not; see kernel.h. */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/text.h"
#include <stdarg.h>

enum { PANIC_STATUS = 255, DEEPEST = 32 };

/* Up to the first frame that is not on a stack, or not above the one before. */
static void back_trace(uintptr_t pc, uintptr_t fp)
{
    for (unsigned i = 0; i < DEEPEST; i++) {
        uintptr_t offset;
        const char *name = symbol_at(pc, &offset);
        if (!name)
            return;
        print("  %lx %s+0x%lx\n", pc, name, offset);
        uintptr_t below = fp;
        if (!arch_unwind(&fp, &pc) || fp <= below)
            return;
        pc--; /* into the calling instruction */
    }
}

/*
 * A second panic on this CPU: whatever the first was about to say is lost. Each thing is tried once, in case
 * that it is what fails.
 */
static void end_within(void) __attribute__((noreturn));
static void end_within(void)
{
    static unsigned tried;

    switch (tried++) {
    case 0:
        print("\npanic: within a panic or at the end: no more of it\ncob: result %d\n", PANIC_STATUS);
        /* fall through */
    case 1:
        adapter_result(PANIC_STATUS);
        /* fall through */
    case 2:
        arch_off();
        /* fall through */
    default:
        arch_halt();
    }
}

void panic(const char *format, ...)
{
    va_list ap;

    if (!cpus_stop())
        end_within();
    print("panic: ");
    va_start(ap, format);
    print_list(format, ap);
    va_end(ap);
    print("\n");
    uintptr_t fp = (uintptr_t)__builtin_frame_address(0), pc;
    if (arch_unwind(&fp, &pc))
        back_trace(pc - 1, fp);
    node_end(PANIC_STATUS);
}

void panic_frame(const struct frame *f, const char *format, ...)
{
    va_list ap;

    if (!cpus_stop())
        end_within();
    print("panic: ");
    va_start(ap, format);
    print_list(format, ap);
    va_end(ap);
    print("\n");
    arch_frame_print(f);
    back_trace(arch_frame_pc(f), arch_frame_fp(f));
    node_end(PANIC_STATUS);
}

void node_end(int status)
{
    cpus_stop();
    print("cob: result %u\n", (unsigned)status & 255);
    adapter_result((unsigned)status & 255);
    arch_off();
    arch_halt();
}
