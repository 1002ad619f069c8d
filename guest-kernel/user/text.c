/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - printing and byte strings; see user.h. */
#include "guest-kernel/user/user.h"
#include <stdarg.h>

struct line {
    char text[256];
    size_t n;
};

static void put(struct line *l, char c)
{
    if (l->n < sizeof l->text)
        l->text[l->n++] = c;
}

static void put_number(struct line *l, uint64_t n, unsigned base)
{
    char digits[24];
    unsigned i = 0;

    do
        digits[i++] = "0123456789abcdef"[n % base];
    while (n /= base);
    while (i)
        put(l, digits[--i]);
}

void print(const char *format, ...)
{
    struct line l = {.n = 0};
    va_list ap;

    va_start(ap, format);
    for (const char *p = format; *p; p++) {
        bool is_long = false;
        if (*p != '%') {
            put(&l, *p);
            continue;
        }
        for (p++; *p == 'l' || *p == 'z'; p++)
            is_long = true;
        if (*p == 's') {
            for (const char *s = va_arg(ap, const char *); *s; s++)
                put(&l, *s);
        } else if (*p == 'c') {
            put(&l, (char)va_arg(ap, int));
        } else if (*p == 'd') {
            int64_t v = is_long ? va_arg(ap, int64_t) : va_arg(ap, int);
            if (v < 0)
                put(&l, '-');
            put_number(&l, v < 0 ? -(uint64_t)v : (uint64_t)v, 10);
        } else if (*p == 'u' || *p == 'x') {
            put_number(&l, is_long ? va_arg(ap, uint64_t) : va_arg(ap, unsigned), *p == 'u' ? 10 : 16);
        } else {
            put(&l, *p);
        }
    }
    va_end(ap);
    write(1, l.text, l.n);
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

void *memset(void *to, int c, size_t n)
{
    uint8_t *p = to;
    while (n--)
        *p++ = (uint8_t)c;
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    while (n--)
        *t++ = *f++;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}
