/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - byte strings, numbers in text, sorting, random numbers; see user.h. */
#include "guest-kernel/user/user.h"

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

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && *a == *b; n--)
        a++, b++;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (!*s)
            return NULL;
    return (char *)(uintptr_t)s;
}

/* Longer pieces by words where both are aligned. */
void *memset(void *to, int c, size_t n)
{
    uint8_t *p = to;
    while (n && (uintptr_t)p % 8)
        *p++ = (uint8_t)c, n--;
    for (uint64_t word = (uint8_t)c * UINT64_C(0x0101010101010101); n >= 8; n -= 8, p += 8)
        *(uint64_t *)(void *)p = word;
    while (n--)
        *p++ = (uint8_t)c;
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t % 8 == 0 && (uintptr_t)f % 8 == 0)
        for (; n >= 8; n -= 8, t += 8, f += 8)
            *(uint64_t *)(void *)t = *(const uint64_t *)(const void *)f;
    while (n--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t <= f || t >= f + n)
        return memcpy(to, from, n); /* which goes upwards, too */
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

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 32);
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : 99;
}

unsigned long strtoul(const char *s, char **end, unsigned base)
{
    unsigned long value = 0;
    bool full = false;

    if ((base == 16 || base == 0) && s[0] == '0' && (s[1] | 32) == 'x' && digit(s[2]) < 16) {
        s += 2;
        base = 16;
    }
    base = base ? base : 10;
    for (; digit(*s) < base; s++) {
        full = full || value > (ULONG_MAX - digit(*s)) / base;
        value = value * base + digit(*s);
    }
    if (end)
        *end = (char *)(uintptr_t)s;
    return full ? ULONG_MAX : value;
}

static void exchange(uint8_t *a, uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

/* Heap sort: no memory, no bad case. */
static void sink(uint8_t *base, size_t at, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + at * size, base + child * size) >= 0)
            return;
        exchange(base + at * size, base + child * size, size);
    }
}

void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    for (size_t i = n / 2; i--;)
        sink(array, i, n, size, compare);
    for (size_t left = n; left > 1; left--) {
        exchange(array, (uint8_t *)array + (left - 1) * size, size);
        sink(array, 0, left - 1, size, compare);
    }
}

uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}
