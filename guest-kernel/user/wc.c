/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wc.c - counts the lines, words and bytes of its input. */
#include "guest-kernel/user/user.h"

int main(int argc, char **argv)
{
    char piece[512];
    unsigned long lines = 0, words = 0, bytes = 0;
    bool inside = false;
    long n;

    (void)argc;
    (void)argv;
    while ((n = read(0, piece, sizeof piece)) > 0)
        for (long i = 0; i < n; i++) {
            bool blank = piece[i] == ' ' || piece[i] == '\n' || piece[i] == '\t';
            bytes++;
            lines += piece[i] == '\n';
            words += !blank && !inside;
            inside = !blank;
        }
    if (n < 0) {
        print_to(2, "wc: cannot read: error %ld\n", -n);
        return 1;
    }
    print("%lu %lu %lu\n", lines, words, bytes);
    return 0;
}
