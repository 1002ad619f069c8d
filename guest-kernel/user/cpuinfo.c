/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpuinfo.c - cpuinfo [NODE..]: what the kernel tells in /proc/<node>/cpuinfo, of this node if none is named.
 */
#include "guest-kernel/user/tools.h"

int main(int argc, char **argv)
{
    return show_nodes(argc, argv, "cpuinfo");
}
