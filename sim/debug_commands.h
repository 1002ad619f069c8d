/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_commands.h - the file of commands that gdb begins with: an inferior per node, its symbols, the
 * connection. */
#ifndef COB_DEBUG_COMMANDS_H
#define COB_DEBUG_COMMANDS_H

#include "sim/scenario.h"

/*
 * only: the one node that is there, -1: all are. where: what `target extended-remote` takes. kernels: by
 * node, the symbol file of its stock kernel if it names none of its own; NULL: there is none. 0, or -1 errno.
 */
int debug_commands_write(const char *path, const struct scenario *scn, int only, const char *const kernels[],
                         const char *where);

#endif
