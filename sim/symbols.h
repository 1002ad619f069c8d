/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symbols.h - a kernel image's symbols into a file (kallsyms.h, with files). */
#ifndef COB_SYMBOLS_H
#define COB_SYMBOLS_H

#include <stddef.h>

/* How many symbols were written; -1 with a sentence in `why` that names the file. Leaves no half-written
 * file. */
long symbols_make(const char *kernel, const char *to, char *why, size_t size);

#endif
