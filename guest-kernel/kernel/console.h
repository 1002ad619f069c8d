/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console.h - lines typed at this node's console. Characters come from the adapter's input port, by
 * interrupt, or, without an adapter, from the serial port, which is asked every millisecond while somebody
 * waits for a line.
 *
 * A line can be read when its end has come. Backspace takes one character back, Control-D ends the input:
 * what stands in the line can be read then, nothing means end of file. All is echoed.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* After adapter_init(). */
void console_init(void);
/* At most one line. 0: end of file; -EAGAIN: none is there yet; then the file console changes
 * (console_changed). */
int64_t console_get(char *to, size_t n);
/* When console_poll() wants to be called, by arch_time_ns(). From the timer's interrupt. */
uint64_t console_due(void);
void console_poll(void);

#endif
