/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_text.c - small text helpers of writer and reader: escaping, times, lists of names.
 */
#include "tracing/tracing_format.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

size_t tracing_escape(char *out, const void *in, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = in;
    char *p = out;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];
        if ((c >= 0x20 && c < 0x7f) || c == '\t') {
            *p++ = (char)c;
        } else {
            *p++ = '\\';
            *p++ = 'x';
            *p++ = digits[c >> 4];
            *p++ = digits[c & 15];
        }
    }
    *p = 0;
    return (size_t)(p - out);
}

const char *tracing_time_text(vtime_t at, char buf[TRACING_TIME_TEXT])
{
    int len =
        snprintf(buf, TRACING_TIME_TEXT, "%" PRId64 ".%09" PRId64, at / VTIME_S, at % VTIME_S / VTIME_NS);
    if (at % VTIME_NS != 0)
        snprintf(buf + len, (size_t)(TRACING_TIME_TEXT - len), "%03" PRId64, at % VTIME_NS);
    return buf;
}

static char **copy_list(const char *const *list, unsigned n)
{
    char **copy = calloc(n + 1, sizeof *copy);
    if (!copy)
        return NULL;
    for (unsigned i = 0; i < n; i++) {
        copy[i] = strdup(list[i]);
        if (!copy[i]) {
            while (i-- > 0)
                free(copy[i]);
            free(copy);
            return NULL;
        }
    }
    return copy;
}

int tracing_names_copy(struct tracing_names *to, const char *const *nodes, unsigned n_nodes,
                       const char *const *links, unsigned n_links, const char *const *faults,
                       unsigned n_faults)
{
    *to = (struct tracing_names){.nodes = copy_list(nodes, n_nodes),
                                 .links = copy_list(links, n_links),
                                 .faults = copy_list(faults, n_faults)};
    to->n_nodes = to->nodes ? n_nodes : 0;
    to->n_links = to->links ? n_links : 0;
    to->n_faults = to->faults ? n_faults : 0;
    if (to->nodes && to->links && to->faults)
        return 0;
    tracing_names_free(to);
    errno = ENOMEM;
    return -1;
}

unsigned tracing_names_node(const struct tracing_names *names, const char *node)
{
    unsigned i = 0;
    if (!node)
        return names->n_nodes;
    while (i < names->n_nodes && strcmp(names->nodes[i], node) != 0)
        i++;
    return i < names->n_nodes ? i : names->n_nodes + 1;
}

void tracing_names_free(struct tracing_names *names)
{
    for (unsigned i = 0; i < names->n_nodes; i++)
        free(names->nodes[i]);
    for (unsigned i = 0; i < names->n_links; i++)
        free(names->links[i]);
    for (unsigned i = 0; i < names->n_faults; i++)
        free(names->faults[i]);
    free(names->faults);
    free(names->nodes);
    free(names->links);
    *names = (struct tracing_names){0};
}
