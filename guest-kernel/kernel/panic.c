/* SPDX-License-Identifier: GPL-2.0-or-later */
/* panic.c - the end of a node, wanted or not; see kernel.h. */
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/text.h"
#include <stdarg.h>

enum { PANIC_STATUS = 255, DEEPEST = 32 };

static void back_trace(uintptr_t pc, uintptr_t fp)
{
    for (unsigned i = 0; i < DEEPEST; i++) {
        uintptr_t offset;
        const char *name = symbol_at(pc, &offset);
        if (!name)
            return;
        print("  %lx %s+0x%lx\n", pc, name, offset);
        if (!arch_unwind(&fp, &pc))
            return;
        pc--; /* into the calling instruction */
    }
}

void panic(const char *format, ...)
{
    va_list ap;

    cpus_stop();
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

    cpus_stop();
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
