/* SPDX-License-Identifier: GPL-2.0-or-later */
/* count.c - ends with the number of its arguments. */
#include "guest-kernel/user/user.h"

int main(int argc, char **argv)
{
    (void)argv;
    return argc - 1;
}
