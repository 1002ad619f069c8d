/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - see guest.h. */
#include "tests/guests/guest.h"

void print(const char *text)
{
    while (*text)
        machine_putc(*text++);
}

void print_number(uint64_t n)
{
    char digits[21], *p = digits + sizeof digits - 1;

    *p = 0;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    print(p);
}

/* What follows `word` in the command line, NULL if no word of it begins so. */
static const char *after(const char *line, const char *word)
{
    for (const char *at = line; *at; at++) {
        size_t i = 0;
        if (at > line && at[-1] != ' ')
            continue;
        while (word[i] && at[i] == word[i])
            i++;
        if (!word[i])
            return at + i;
    }
    return NULL;
}

bool has_word(const char *command_line, const char *word)
{
    const char *p = after(command_line, word);
    return p && (*p == ' ' || !*p);
}

uint64_t number_of(const char *command_line, const char *key, uint64_t otherwise)
{
    const char *p = after(command_line, key);
    uint64_t n = 0;

    if (!p || *p < '0' || *p > '9')
        return otherwise;
    for (; *p >= '0' && *p <= '9'; p++)
        n = 10 * n + (uint64_t)(*p - '0');
    return n;
}
