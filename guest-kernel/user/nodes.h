/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nodes.h - what the tests of nodes.c share; each returns how much was wrong. */
#ifndef NODES_H
#define NODES_H

#include "guest-kernel/user/user.h"

enum { MOST = 64 };

extern unsigned nodes, self;
/* Runs function(i) on node i, for all nodes, and waits. How many could not be begun or joined. */
unsigned everywhere(void (*function)(void *argument));
/* The same on one node, modulo how many there are; its argument: the node. */
unsigned on(unsigned node, void (*function)(void *argument));

/* nodes_files.c */
unsigned test_files(void);
/* As a child on another node: what was inherited as descriptors 3 to 5 (a file, a pipe's ends). */
unsigned mapped_by_reference(void);
/* nodes_process.c */
unsigned test_fork(void);
unsigned test_bomb(void);
unsigned test_fork_exec(void);
unsigned test_much(void);
/* A thread of this process forks on node 0. */
int fork_for_ever(void);

#endif
