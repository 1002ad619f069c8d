/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * litmus.h - shapes: small parallel programs, and what sequential consistency forbids them to see.
 *
 * Two variables, x (0) and y (1), both 0 at first. A role makes its accesses in order. Each read has a
 * register; an outcome is all registers, LITMUS_BITS each, register 0 lowest.
 */
#ifndef LITMUS_H
#define LITMUS_H
#include <stdbool.h>

enum { LITMUS_ROLES = 4, LITMUS_ACCESSES = 2, LITMUS_BITS = 2, LITMUS_REGISTERS = 4 };
enum { LITMUS_OUTCOMES = 1 << LITMUS_BITS * LITMUS_REGISTERS };

struct litmus_access {
    enum { LITMUS_NONE, LITMUS_WRITE, LITMUS_READ } kind;
    unsigned variable, value; /* value: what is written, or the register */
};

struct litmus_shape {
    const char *name;
    unsigned registers;
    unsigned least; /* different outcomes that a long run must show */
    struct litmus_access access[LITMUS_ROLES][LITMUS_ACCESSES];
    bool (*forbidden)(unsigned outcome);
};
extern const struct litmus_shape litmus_shapes[];
extern const unsigned litmus_n_shapes;

static inline unsigned litmus_register(unsigned outcome, unsigned r)
{
    return outcome >> LITMUS_BITS * r & ((1 << LITMUS_BITS) - 1);
}
#endif
