/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_commands.c - see debug_commands.h. */
#include "sim/debug_commands.h"
#include <stdio.h>

/* What every session begins with. schedule-multiple: `continue` means the whole rack. */
static const char head[] =
    "set confirm off\n"
    "set pagination off\n"
    "set schedule-multiple on\n"
    "set print inferior-events off\n"
    "set tcp connect-timeout 60\n"
    "set remotetimeout 3600\n";

static const char words[] =
    "define cob-until\n"
    "  monitor until $arg0\n"
    "  continue\n"
    "end\n"
    "document cob-until\n"
    "cob-until TIME: go on until all nodes stand at this virtual time (5ms, +10us).\n"
    "end\n"
    "define cob-align\n"
    "  monitor align\n"
    "  continue\n"
    "end\n"
    "document cob-align\n"
    "cob-align: bring all nodes to exactly where the node of this inferior stands, by running again if need "
    "be.\n"
    "end\n"
    "define cob-goto\n"
    "  monitor goto $arg0\n"
    "  continue\n"
    "end\n"
    "document cob-goto\n"
    "cob-goto TIME: go to this virtual time, also back (5ms, -10us), by running again from the "
    "start.\n"
    "end\n";

int debug_commands_write(const char *path, const struct scenario *scn, int only, const char *const kernels[],
                         const char *where)
{
    FILE *f = fopen(path, "we");
    bool bad, first = true;

    if (!f)
        return -1;
    fputs(head, f);
    for (unsigned i = 0; i < scn->n_nodes; i++) {
        if (only >= 0 && i != (unsigned)only)
            continue;
        if (!first)
            fprintf(f, "add-inferior\ninferior %u\n", i + 1);
        const struct scn_node *n = &scn->nodes[i];
        const char *symbols = n->symbols ? n->symbols : kernels[i];
        if (symbols)
            fprintf(f, "file %s\n", symbols);
        if (first)
            fprintf(f, "target extended-remote %s\n", where);
        fprintf(f, "attach %u\n", i + 1);
        first = false;
    }
    if (only < 0 && scn->n_nodes > 1)
        fputs("inferior 1\n", f);
    fputs(words, f);
    bad = ferror(f);
    return fclose(f) || bad ? -1 : 0;
}
