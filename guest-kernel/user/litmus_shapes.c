/* SPDX-License-Identifier: GPL-2.0-or-later */
/* litmus_shapes.c - the table of shapes (litmus.h). The same for guests and for the exploration on the host.
 */
#include "guest-kernel/user/litmus.h"

#define WRITE(variable, value)                                                                               \
    {                                                                                                        \
        LITMUS_WRITE, variable, value                                                                        \
    }
#define READ(variable, to)                                                                                   \
    {                                                                                                        \
        LITMUS_READ, variable, to                                                                            \
    }
enum { X, Y };

static unsigned r(unsigned outcome, unsigned n)
{
    return litmus_register(outcome, n);
}

/* Who has seen y sees the x before it. */
static bool message_passing(unsigned o)
{
    return r(o, 0) == 1 && r(o, 1) == 0;
}

/* One of the two writes came first. */
static bool store_buffering(unsigned o)
{
    return r(o, 0) == 0 && r(o, 1) == 0;
}

/* Nobody sees what has its own later write for its cause. */
static bool load_buffering(unsigned o)
{
    return r(o, 0) == 1 && r(o, 1) == 1;
}

/* Two readers agree on which of two writes came first. */
static bool independent_reads(unsigned o)
{
    return r(o, 0) == 1 && r(o, 1) == 0 && r(o, 2) == 1 && r(o, 3) == 0;
}

/* A variable does not go back, and two readers agree on the order of its values. */
static bool same_place(unsigned o)
{
    bool back = (r(o, 0) && !r(o, 1)) || (r(o, 2) && !r(o, 3));
    bool one_two = r(o, 0) == 1 && r(o, 1) == 2, two_one = r(o, 0) == 2 && r(o, 1) == 1;

    return back || (one_two && r(o, 2) == 2 && r(o, 3) == 1) || (two_one && r(o, 2) == 1 && r(o, 3) == 2);
}

const struct litmus_shape litmus_shapes[] = {
    {"MP", 2, 3, {{WRITE(X, 1), WRITE(Y, 1)}, {READ(Y, 0), READ(X, 1)}}, message_passing},
    {"SB", 2, 3, {{WRITE(X, 1), READ(Y, 0)}, {WRITE(Y, 1), READ(X, 1)}}, store_buffering},
    {"LB", 2, 3, {{READ(X, 0), WRITE(Y, 1)}, {READ(Y, 1), WRITE(X, 1)}}, load_buffering},
    {"IRIW",
     4,
     5,
     {{WRITE(X, 1)}, {WRITE(Y, 1)}, {READ(X, 0), READ(Y, 1)}, {READ(Y, 2), READ(X, 3)}},
     independent_reads},
    {"CoRR",
     4,
     5,
     {{WRITE(X, 1)}, {WRITE(X, 2)}, {READ(X, 0), READ(X, 1)}, {READ(X, 2), READ(X, 3)}},
     same_place},
};
const unsigned litmus_n_shapes = sizeof litmus_shapes / sizeof litmus_shapes[0];
