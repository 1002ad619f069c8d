/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - printing a list of arguments, or bytes that may hold zeros. */
#ifndef KERNEL_TEXT_H
#define KERNEL_TEXT_H

#include <stdarg.h>
#include <stddef.h>

void print_list(const char *format, va_list ap);
void print_text(const char *text, size_t n);

#endif
