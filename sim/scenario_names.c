/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_names.c - `names`: the file with `kinds` and `events` that several scenarios share.
 *
 * Its errors bear its own path, line and column, and are printed before those of the scenario. The names
 * become the scenario's own: nothing later, a finished run least of all, needs the file.
 */
#include "sim/scenario_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void read_names_root(struct scn_reader *r, const struct scn_yaml *root)
{
    static const char *const words[] = {"kinds", "events"};
    char hint[256];

    if (root->kind != SCN_MAP) {
        scn_error(r->d, root->pos, "a file of names is a mapping with \"kinds:\" or \"events:\", this is %s",
                  scn_yaml_what(root));
        return;
    }
    for (size_t i = 0; i < root->n; i++) {
        const char *key = root->keys[i]->text;

        if (strcmp(key, words[0]) != 0 && strcmp(key, words[1]) != 0)
            scn_error(r->d, root->keys[i]->pos, "unknown key \"%.60s\" in a file of names%s", key,
                      scn_hint(hint, sizeof hint, key, words, 2, "keys"));
    }
    scn_read_events(r, scn_section(r, root, "events"));
    scn_read_kinds(r, scn_section(r, root, "kinds"));
}

int scenario_add_names_text(struct scenario *s, const char *text, size_t len, const char *path, FILE *diag)
{
    struct scn_diag d = {.path = path, .text = text, .len = len};
    struct scn_tree tree = {0};
    struct scn_reader r = {.d = &d, .s = s, .dir = "", .tree = &tree};
    unsigned n_kinds = s->n_kinds, n_events = s->n_events;

    if (scn_yaml_read(&tree, &d) == 0)
        read_names_root(&r, tree.root);
    scn_yaml_free(&tree);
    scn_diag_flush(&d, diag);
    if (d.n_errors == 0)
        return 0;
    scn_free_kinds(s, n_kinds);
    scn_free_events(s, n_events);
    errno = EINVAL;
    return -1;
}

int scn_read_names(struct scenario *s, FILE *diag)
{
    size_t len = 0;
    char *text = s->names ? scn_read_file(s->names, "names", &len, diag) : NULL;
    int rc = s->names ? -1 : 0;

    if (text)
        rc = scenario_add_names_text(s, text, len, s->names, diag);
    free(text);
    return rc;
}
