/* SPDX-License-Identifier: GPL-2.0-or-later */
/* echo.c - prints its arguments. */
#include "guest-kernel/user/user.h"

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        print("%s%s", argv[i], i + 1 < argc ? " " : "\n");
    return 0;
}
