/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * panic_test.c - asked for by panic=read or panic=text: the kernel reads where nothing is, or writes its own
 * text. Either must end in a panic with registers and a back-trace. panic=second: the second CPU panics when
 * it starts, and stops the first.
 */
#include "guest-kernel/kernel/kernel.h"

void panic_test(void)
{
    char what[8];

    if (!boot_option("panic", what, sizeof what))
        return;
    if (same(what, "read"))
        (void)*(volatile uint64_t *)(uintptr_t)64;
    else if (same(what, "text"))
        *(volatile char *)kernel_begin = 0;
}

void panic_test_cpu(unsigned number)
{
    char what[8];

    if (number == 1 && boot_option("panic", what, sizeof what) && same(what, "second"))
        panic("asked for, on cpu 1");
}
