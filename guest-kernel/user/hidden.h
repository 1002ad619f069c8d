/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hidden.h - included by the compiler before every source of a program: nothing is visible to other programs,
 * so that the address of what another file has comes from the code itself and not from a table (.got), which
 * would be another one on each instruction set.
 */
#ifndef __ASSEMBLER__
#pragma GCC visibility push(hidden)
#endif
