/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.h - between print.c and decimal.c: text on its way; what does not fit is dropped. */
#ifndef PRINT_H
#define PRINT_H

#include <stdbool.h>
#include <stddef.h>

struct out {
    char *text;
    size_t size, n; /* size: of text */
};
void out_char(struct out *o, char c);
void out_text(struct out *o, const char *s);
/* precision: digits behind the point; scientific: d.ddde+dd. */
void out_double(struct out *o, double value, unsigned precision, bool scientific);

#endif
