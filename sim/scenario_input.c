/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scenario_input.c - `input`: what is typed at nodes' consoles, and when; its keys, and reading them. */
#include "sim/scenario_internal.h"
#include <stdlib.h>
#include <string.h>

#define AT(m)    .offset = offsetof(struct scn_input, m), .size = sizeof(((struct scn_input *)0)->m)
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct scn_key input_keys[] = {
    {.key = "node",
     .type = SCN_T_NAME,
     .flags = SCN_F_REQUIRED,
     AT(node_name),
     .max = SCN_NAME_MAX,
     .help = "Whose console. The node must have a fabric adapter (a link to its `fab0`)."},
    {.key = "at",
     .type = SCN_T_TIME,
     .flags = SCN_F_REQUIRED,
     AT(at_ps),
     .max = 30 * (uint64_t)86400 * VTIME_S,
     .scale = 1,
     .help = "When, in virtual time."},
    {.key = "text",
     .type = SCN_T_TEXT,
     AT(text),
     .min = 1,
     .max = 1024,
     .help = "What is typed, line ends included: `\"ps\\n\"`."},
    {.key = "end",
     .type = SCN_T_FLAG,
     AT(end),
     .def = "false",
     .help = "Control-D (byte 4) behind the text: the end of the input."},
};

const struct scn_table scn_table_input = {.id = "input",
                                          .title = "An input",
                                          .keys = input_keys,
                                          .n_keys = COUNT(input_keys),
                                          .help = "Something typed at a node's console, all at once."};

static size_t position(const struct scn_where *where, const char *key, size_t otherwise)
{
    size_t k = scn_where_key(&scn_table_input, key);

    return where->origin[k] == SCN_ABSENT ? otherwise : where->pos[k];
}

static void check_input(struct scn_reader *r, size_t pos, struct scn_input *in, const struct scn_where *where)
{
    const struct scenario *s = r->s;

    if (where->origin[scn_where_key(&scn_table_input, "node")] == SCN_ABSENT ||
        where->origin[scn_where_key(&scn_table_input, "at")] == SCN_ABSENT) {
        scn_error(r->d, pos, "an input needs \"node\" and \"at\": where is it typed, and when?");
        return;
    }
    if (!in->text && !in->end && !where->bad[scn_where_key(&scn_table_input, "text")])
        scn_error(r->d, pos, "an input needs a \"text\", or \"end: true\"");
    if (!in->node_name)
        return; /* reported */
    while (in->node < s->n_nodes && strcmp(s->nodes[in->node].name, in->node_name) != 0)
        in->node++;
    if (in->node == s->n_nodes)
        scn_error(r->d, position(where, "node", pos), "node: there is no node \"%.60s\"", in->node_name);
    else if (!s->nodes[in->node].adapter)
        scn_error(r->d, position(where, "node", pos),
                  "node: \"%.60s\" has no fabric adapter, which hands the input to the guest", in->node_name);
}

void scn_read_inputs(struct scn_reader *r, const struct scn_yaml *y)
{
    struct scenario *s = r->s;

    if (y && !s->inputs)
        s->inputs = scn_alloc(SCN_MAX_INPUTS * sizeof *s->inputs);
    for (size_t i = 0; y && i < y->n; i++) {
        struct scn_input *in = &s->inputs[s->n_inputs++];
        struct scn_where where = {0};
        scn_read_object(r, &scn_table_input, y->items[i], NULL, in, &where);
        check_input(r, y->items[i]->pos, in, &where);
    }
}

void scn_free_inputs(struct scenario *s)
{
    for (unsigned i = 0; i < s->n_inputs; i++)
        scn_free_object(&scn_table_input, &s->inputs[i]);
    free(s->inputs);
}
