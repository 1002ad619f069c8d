/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kill.c - kill [-SIGNAL] PROCESS..: sends a signal, 9 if none is named. 1 if one of them is not there. */
#include "guest-kernel/user/user.h"

int main(int argc, char **argv)
{
    unsigned long signal = 9;
    int first = 1, failed = 0;
    char *end = "";

    if (argc > 1 && argv[1][0] == '-') {
        signal = strtoul(argv[1] + 1, &end, 10);
        first = 2;
    }
    if (first >= argc || *end) {
        print_to(2, "usage: kill [-SIGNAL] PROCESS..\n");
        return 2;
    }
    for (int i = first; i < argc; i++) {
        unsigned long id = strtoul(argv[i], &end, 10);
        long error = *end || !id || id > INT_MAX ? -ESRCH : kill((long)id, (int)signal);
        if (error < 0)
            print_to(2, "kill: %s: error %ld\n", argv[i], -error);
        failed += error < 0;
    }
    return failed ? 1 : 0;
}
