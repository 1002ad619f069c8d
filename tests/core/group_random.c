/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_random.c - programs for the threads of group_sim.h, by chance (random_steps.h). */
#include "tests/core/random_steps.h"
#include <string.h>

static unsigned below(unsigned n)
{
    return (unsigned)(gs_random() % n);
}

void gs_random_program(unsigned number, unsigned programs, const char *kinds, bool forever)
{
    char text[GS_STEPS * 4 + 1], *at = text;
    unsigned steps = 1 + below(GS_STEPS), later = programs - number - 1;
    for (unsigned i = 0; i < steps; i++) {
        char what = kinds[below((unsigned)strlen(kinds))];
        unsigned next = later ? number + 1 + below(later) : 0, a = 0, b = 0;
        if ((what == 's' || what == 'S' || what == 'c' || what == 'f' || what == 'p') && !later)
            what = strchr(kinds, 'm') ? 'm' : 'x';
        if (what == 's' || what == 'S' || what == 'p') {
            a = below(gs.nodes);
            b = next;
        } else if (what == 'c' || what == 'f') {
            a = next;
        } else if (what == 'm') {
            a = 2 + below(8);
        } else if (what == 'k') {
            a = below(10);
            b = below(5) > 2 ? GS_KILLED : 0;
        }
        if (what == 'x' && i + 1 < steps && below(2))
            what = 'w';
        if (forever && below(12) == 0)
            what = 'F';
        *at++ = what;
        *at++ = (char)('0' + a);
        *at++ = (char)('0' + b);
        *at++ = ' ';
    }
    *at = 0;
    gs_program(number, text);
}
