/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cat.c - cat [FILE..]: writes files, or its input, to its output. 1 if one cannot be read. */
#include "guest-kernel/user/tools.h"

int main(int argc, char **argv)
{
    bool good = argc > 1 || copy_out("cat", 0);

    for (int i = 1; i < argc; i++)
        good = copy_file("cat", argv[i]) && good;
    return good ? 0 : 1;
}
