/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools.h - what the small programs have in common. */
#ifndef TOOLS_H
#define TOOLS_H

#include "guest-kernel/user/user.h"

/* Copies what can be read there to the standard output. False: an error, said in the name of the program. */
bool copy_out(const char *program, int fd);
/* The same of a file. */
bool copy_file(const char *program, const char *path);
/* The file /proc/<node>/NAME of this node, or of the nodes that are arguments. What main returns. */
int show_nodes(int argc, char **argv, const char *name);

#endif
