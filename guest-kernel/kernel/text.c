/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - printing and byte strings; see kernel.h. */
#include "guest-kernel/kernel/kernel.h"
#include <stdarg.h>

#include "guest-kernel/kernel/text.h"

static void put(const char *text, size_t n, int width)
{
    for (int i = (int)n; i < width; i++)
        arch_putc(' ');
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            arch_putc('\r');
        arch_putc(text[i]);
    }
}

static void put_number(uint64_t n, unsigned base, bool negative, int width, char fill)
{
    char digits[32], *end = digits + sizeof digits, *p = end;

    do
        *--p = "0123456789abcdef"[n % base];
    while (n /= base);
    if (negative)
        *--p = '-';
    while (fill == '0' && end - p < width && p > digits)
        *--p = fill;
    put(p, (size_t)(end - p), width);
}

void print_text(const char *text, size_t n)
{
    put(text, n, 0);
}

void print_list(const char *format, va_list ap)
{
    for (const char *p = format; *p; p++) {
        char fill = ' ';
        int width = 0;
        bool is_long = false;
        if (*p != '%') {
            put(p, 1, 0);
            continue;
        }
        if (*++p == '0')
            fill = *p++;
        for (; *p >= '0' && *p <= '9'; p++)
            width = 10 * width + *p - '0';
        for (; *p == 'l' || *p == 'z'; p++)
            is_long = true;
        if (*p == 's') {
            const char *s = va_arg(ap, const char *);
            put(s, length(s), width);
        } else if (*p == 'c') {
            char c = (char)va_arg(ap, int);
            put(&c, 1, width);
        } else if (*p == 'd') {
            int64_t v = is_long ? va_arg(ap, int64_t) : va_arg(ap, int);
            put_number(v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, width, fill);
        } else if (*p == 'u' || *p == 'x') {
            uint64_t v = is_long ? va_arg(ap, uint64_t) : va_arg(ap, unsigned);
            put_number(v, *p == 'u' ? 10 : 16, false, width, fill);
        } else if (*p == 'p') {
            put_number((uintptr_t)va_arg(ap, void *), 16, false, 16, '0');
        } else {
            put(p, 1, 0);
        }
    }
}

void print(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    print_list(format, ap);
    va_end(ap);
}

size_t length(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

void *memset(void *to, int c, size_t n)
{
    uint8_t *p = to;

    if (!((uintptr_t)to & 7))
        for (; n >= 8; n -= 8, p += 8)
            *(uint64_t *)p = 0x0101010101010101u * (uint8_t)c;
    while (n--)
        *p++ = (uint8_t)c;
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (!(((uintptr_t)to | (uintptr_t)from) & 7))
        for (; n >= 8; n -= 8, t += 8, f += 8)
            *(uint64_t *)t = *(const uint64_t *)f;
    while (n--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t <= f)
        return memcpy(to, from, n);
    while (n--)
        t[n] = f[n];
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

bool boot_option(const char *key, char *value, size_t size)
{
    size_t k = length(key);

    for (const char *at = boot_info.line; *at; at++) {
        if ((at > boot_info.line && at[-1] != ' ') || length(at) <= k || memcmp(at, key, k) || at[k] != '=')
            continue;
        size_t n = 0;
        for (at += k + 1; *at && *at != ' ' && n + 1 < size; at++)
            value[n++] = *at;
        value[n] = 0;
        return true;
    }
    return false;
}
