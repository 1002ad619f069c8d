/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_check.c - rules between the keys of one object, and over the whole scenario.
 *
 * What a single key may be is in scenario_tables.c; rules about endpoints are in scenario_links.c. The JSON
 * Schema does not know the rules of these two files, so an editor that uses it accepts a little more than
 * `cob validate`.
 */
#include "devices/fabric/fabric_wire.h"
#include "sim/scenario_internal.h"
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define MIB               UINT64_C(1048576)
#define MIN_LOOKAHEAD_PS  (100 * VTIME_NS)
#define LINUX_MIN_MEMORY  (96 * MIB) /* of `image: linux`; less does not get through its own unpacking */
#define TOTAL_MAX_MEMORY  (256 * 1024 * MIB) /* of all nodes: a typo, not a rack */
#define PATTERN_MAX_BYTES 256
#define PATTERN_MAX_WORK  1000 /* product of all repetition counts */

/*
 * The C library expands x{m,n} while compiling, so nested counts can take all memory. The product of all
 * counts bounds the expansion, whatever their nesting.
 */
static bool counts_too_large(const char *pattern)
{
    uint64_t product = 1;

    for (const char *p = pattern; *p; p++) {
        uint64_t largest = 1;

        if (*p != '{')
            continue;
        for (const char *q = p + 1; (*q >= '0' && *q <= '9') || *q == ','; q++) {
            uint64_t value = 0;

            for (; *q >= '0' && *q <= '9'; q++)
                value = value < PATTERN_MAX_WORK ? value * 10 + (uint64_t)(*q - '0') : value;
            if (value > largest)
                largest = value;
            if (*q != ',')
                break;
        }
        product *= largest + (largest > 1);
        if (product > PATTERN_MAX_WORK)
            return true;
    }
    return false;
}

int scn_check_pattern(const char *pattern, char *err, size_t size)
{
    regex_t re;
    int code;

    if (*pattern == '\0') {
        snprintf(err, size, "the regular expression is empty");
        return -1;
    }
    if (strlen(pattern) > PATTERN_MAX_BYTES) {
        snprintf(err, size, "the regular expression has more than %d bytes", PATTERN_MAX_BYTES);
        return -1;
    }
    if (counts_too_large(pattern)) {
        snprintf(err, size, "the repetition counts of \"%.60s\" are too large (their product exceeds %d)",
                 pattern, PATTERN_MAX_WORK);
        return -1;
    }
    code = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);
    if (code) {
        char reason[128];

        regerror(code, &re, reason, sizeof reason);
        snprintf(err, size, "\"%.60s\" is no extended regular expression: %s", pattern, reason);
        return -1;
    }
    regfree(&re);
    return 0;
}

static enum scn_origin origin(const struct scn_where *w, const struct scn_table *t, const char *key)
{
    return w->origin[scn_where_key(t, key)];
}

static size_t at(const struct scn_where *w, const struct scn_table *t, const char *key)
{
    return w->pos[scn_where_key(t, key)];
}

static void drop(char **text)
{
    free(*text);
    *text = NULL;
}

/* image or kernel: the node's own choice beats an inherited one; both at the same level contradict each
 * other. */
static void check_kernel(struct scn_reader *r, struct scn_node *n, const struct scn_where *w)
{
    const struct scn_table *t = &scn_table_node;
    enum scn_origin image = origin(w, t, "image"), kernel = origin(w, t, "kernel"),
                    initrd = origin(w, t, "initrd");

    if (image != SCN_ABSENT && image == kernel)
        scn_error(r->d, at(w, t, "kernel"),
                  "kernel: a node has either an \"image\" or a \"kernel\" of its own");
    if (image > kernel) {
        drop(&n->kernel);
        if (initrd == SCN_INHERITED)
            drop(&n->initrd);
        kernel = SCN_ABSENT;
    } else if (kernel != SCN_ABSENT) {
        drop(&n->image);
    }
    if (kernel == SCN_ABSENT && initrd > (image > SCN_INHERITED ? SCN_INHERITED : SCN_ABSENT))
        scn_error(r->d, at(w, t, "initrd"), "initrd: there is no \"kernel\" that it could belong to");
    if (kernel == SCN_ABSENT && !n->image)
        n->image = scn_strdup("linux");
    if (kernel != SCN_ABSENT && origin(w, t, "run") != SCN_ABSENT)
        scn_error(r->d, at(w, t, "run"),
                  "run: needs \"image: linux\": a kernel of your own has no part of ours that could run it");
}

/* A node without a guest: there is nothing that could do anything. */
static void check_no_guest(struct scn_reader *r, const struct scn_where *w)
{
    static const char *const keys[] = {"image", "kernel", "initrd", "append", "run"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (origin(w, &scn_table_node, keys[i]) != SCN_ABSENT)
            scn_error(r->d, at(w, &scn_table_node, keys[i]), "%s: with \"arch: none\" there is no guest",
                      keys[i]);
    for (size_t i = 0; i < scn_table_expect.n_keys; i++)
        if (w->sub->origin[i] != SCN_ABSENT)
            scn_error(r->d, w->sub->pos[i], "expect: with \"arch: none\" there is no guest");
}

void scn_check_node(struct scn_reader *r, struct scn_node *n, const struct scn_where *w)
{
    const struct scn_table *t = &scn_table_node;
    const struct scn_table *te = &scn_table_expect;
    bool has_run = origin(w, t, "run") != SCN_ABSENT;

    if (n->arch == SCN_ARCH_NONE) {
        check_no_guest(r, w);
        return;
    }

    check_kernel(r, n, w);
    if (n->image && n->memory_bytes < LINUX_MIN_MEMORY)
        scn_error(r->d, at(w, t, "memory"), "memory: \"image: linux\" needs at least %" PRIu64 "MiB",
                  LINUX_MIN_MEMORY / MIB);
    /* A kernel of the user's own can report a result by itself: on its console, or by the adapter's port. */
    if (origin(w->sub, te, "exit") != SCN_ABSENT && !has_run && !n->kernel)
        scn_error(r->d, at(w->sub, te, "exit"),
                  "exit: there is no \"run\" whose exit status could be compared");
    if (has_run && !n->expect_exit_set) {
        n->expect_exit_set = true;
        n->expect_exit = 0;
    }
}

/* Where to point at for a rule about a key: at the key, or else at the link. */
static size_t place(const struct scn_where *w, const char *key, size_t pos)
{
    size_t k = scn_where_key(&scn_table_link, key);

    return w->origin[k] ? w->pos[k] : pos;
}

static bool any_bad(const struct scn_where *w)
{
    for (size_t i = 0; i < scn_table_link.n_keys; i++)
        if (w->bad[i])
            return true;
    return false;
}

static void check_fabric_link(struct scn_reader *r, const struct scn_link *l, const struct scn_where *w,
                              size_t pos)
{
    uint32_t packet = l->mtu_bytes + FAB_HEADER_BYTES;

    if (any_bad(w))
        return;
    if (l->mtu_bytes & (l->mtu_bytes - 1))
        scn_error(r->d, place(w, "mtu", pos), "mtu: %u is no power of two, as a fabric link needs it",
                  l->mtu_bytes);
    if (l->queue_bytes < packet)
        scn_error(r->d, place(w, "queue", pos), "queue: %uB is less than one packet of mtu %u and its header",
                  l->queue_bytes, l->mtu_bytes);
    if (l->buffer_bytes < packet)
        scn_error(r->d, place(w, "buffer", pos),
                  "buffer: %uB is less than one packet of mtu %u and its header", l->buffer_bytes,
                  l->mtu_bytes);
    if (l->training_ps > 0 && l->training_ps <= l->tx_ps)
        scn_error(r->d, place(w, "training", pos),
                  "training: must be longer than the transmit pipeline (\"tx\"), or 0s");
    if ((l->end[0].adapter || l->end[1].adapter) && l->tx_ps + l->delay_ps + l->rx_ps < MIN_LOOKAHEAD_PS)
        scn_error(
            r->d, place(w, "delay", pos),
            "delay: \"tx\", \"delay\" and \"rx\" together are less than 100ns: they are the lookahead, the "
            "time for which both sides can run without hearing from each other");
}

void scn_check_link(struct scn_reader *r, const struct scn_link *l, const struct scn_where *w, size_t pos)
{
    const struct scn_table *t = &scn_table_link;
    size_t queue = scn_where_key(t, "queue"), mtu = scn_where_key(t, "mtu");

    if (l->fabric) {
        check_fabric_link(r, l, w, pos);
        return;
    }
    if (l->queue_bytes < l->mtu_bytes && !w->bad[queue] && !w->bad[mtu])
        scn_error(r->d,
                  w->origin[queue] ? w->pos[queue]
                  : w->origin[mtu] ? w->pos[mtu]
                                   : pos,
                  "queue: %uB is less than one frame of mtu %u", l->queue_bytes, l->mtu_bytes);
}

void scn_check_totals(struct scn_reader *r, size_t nodes_pos)
{
    uint64_t memory = 0;

    for (unsigned i = 0; i < r->s->n_nodes; i++)
        memory += r->s->nodes[i].memory_bytes;
    if (memory > TOTAL_MAX_MEMORY)
        scn_error(r->d, nodes_pos,
                  "all nodes together have %" PRIu64 "MiB of memory; the limit is %" PRIu64 "MiB",
                  memory / MIB, TOTAL_MAX_MEMORY / MIB);
}

void scn_check_load(struct scn_reader *r, const struct scn_where *w, size_t pos)
{
    const struct scn_table *t = &scn_table_load;
    const struct scenario *s = r->s;
    unsigned adapters = 0, hot = 0;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        bool none = s->nodes[i].arch == SCN_ARCH_NONE;

        if (none && !s->load.given)
            scn_error(r->d, pos, "node \"%s\" has no guest (\"arch: none\"), so there must be a \"load\"",
                      s->nodes[i].name);
        if (!none && s->load.given)
            scn_error(r->d, pos, "load: is for a fabric without guests, but node \"%s\" has one",
                      s->nodes[i].name);
        adapters += s->nodes[i].adapter;
        hot += s->nodes[i].adapter && (!s->load.hot || strcmp(s->load.hot, s->nodes[i].name) == 0);
    }
    if (!s->load.given)
        return;
    if (!s->load.n_rates && !w->bad[scn_where_key(t, "rates")])
        scn_error(r->d, pos, "load: \"rates\" is missing");
    if (adapters < 2)
        scn_error(r->d, pos, "load: at least two nodes must have an adapter (fab0)");
    else if (hot == 0)
        scn_error(r->d, at(w, t, "hot"), "hot: there is no node \"%s\" with an adapter", s->load.hot);
}

void scn_check_checks(struct scn_reader *r, const struct scn_where *where)
{
    const struct scenario *s = r->s;
    bool adapter = false;

    for (unsigned i = 0; i < s->n_nodes; i++)
        adapter |= s->nodes[i].adapter;
    if (s->check.coherence && !adapter)
        scn_error(
            r->d, where->pos[scn_where_key(&scn_table_check, "coherence")],
            "coherence: no node has a fabric adapter (a link of its fab0), whose event port tells of pages");
}
