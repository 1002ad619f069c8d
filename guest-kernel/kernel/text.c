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

typedef uint64_t __attribute__((may_alias)) any_word;
enum { WORD = 8, CHUNK = 128, LARGE = 256 };

static bool aligned(const void *a, const void *b, size_t to)
{
    return !(((uintptr_t)a | (uintptr_t)b) & (to - 1));
}

/* Mostly a few words: the build keeps the compiler from making more of these loops. */
static void set_bytes(void *to, int c, size_t n)
{
    const uint64_t word = 0x0101010101010101u * (uint8_t)c;
    uint8_t *p = to;

    if (aligned(p, p, WORD)) {
        for (; n >= 4 * WORD; n -= 4 * WORD, p += 4 * WORD) {
            any_word *w = (any_word *)p;
            w[0] = w[1] = w[2] = w[3] = word;
        }
        for (; n >= WORD; n -= WORD, p += WORD)
            *(any_word *)p = word;
    }
    while (n--)
        *p++ = (uint8_t)c;
}

static void copy_bytes(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (aligned(t, f, WORD)) {
        for (; n >= 4 * WORD; n -= 4 * WORD, t += 4 * WORD, f += 4 * WORD) {
            any_word *out = (any_word *)t;
            const any_word *in = (const any_word *)f;
            out[0] = in[0];
            out[1] = in[1];
            out[2] = in[2];
            out[3] = in[3];
        }
        for (; n >= WORD; n -= WORD, t += WORD, f += WORD)
            *(any_word *)t = *(const any_word *)f;
    }
    while (n--)
        *t++ = *f++;
}

/* Not inline: memset() and memcpy() need no registers saved for it. */
static __attribute__((noinline)) void *set_much(void *to, size_t n)
{
    size_t chunks = n & ~(size_t)(CHUNK - 1);

    arch_zero(to, chunks);
    set_bytes((uint8_t *)to + chunks, 0, n - chunks);
    return to;
}

static __attribute__((noinline)) void *copy_much(void *to, const void *from, size_t n)
{
    size_t chunks = n & ~(size_t)(CHUNK - 1);

    arch_copy(to, from, chunks);
    copy_bytes((uint8_t *)to + chunks, (const uint8_t *)from + chunks, n - chunks);
    return to;
}

void *(memset)(void *to, int c, size_t n)
{
    if (n >= LARGE && !c && aligned(to, to, CHUNK))
        return set_much(to, n);
    set_bytes(to, c, n);
    return to;
}

void *(memcpy)(void *to, const void *from, size_t n)
{
    if (n >= LARGE && aligned(to, from, WORD))
        return copy_much(to, from, n);
    copy_bytes(to, from, n);
    return to;
}

void *(memmove)(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t + n <= f || f + n <= t)
        return memcpy(to, from, n);
    if (t <= f)
        for (size_t i = 0; i < n; i++)
            t[i] = f[i];
    else
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
