/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sleep.c - sleep MS: waits so many milliseconds. */
#include "guest-kernel/user/user.h"

int main(int argc, char **argv)
{
    char *end = "x";
    unsigned long ms = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

    if (*end || end == argv[1]) {
        print_to(2, "usage: sleep MS\n");
        return 2;
    }
    sleep_ns(ms * 1000000);
    return 0;
}
