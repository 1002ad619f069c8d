/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug_predicate.c - see debug_predicate.h. */
#include "sim/debug_predicate.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 16 };

static const char message_form[] = "message [sent|received] [from NODE] [to NODE] [nth N]";
static const char fault_form[] = "fault [NAME] [begins|hits|ends] [nth N]";
static const char *const phase_names[PORT_FAULT_PHASES] = {
    [PORT_FAULT_BEGIN] = "begins", [PORT_FAULT_END] = "ends", [PORT_FAULT_HIT] = "hits"};

const char *debug_phase_name(unsigned phase)
{
    return phase < PORT_FAULT_PHASES ? phase_names[phase] : "?";
}

static bool number(const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *out > 0;
}

static bool find_node(const struct scenario *scn, const char *name, uint32_t *out)
{
    for (unsigned i = 0; i < scn->n_nodes; i++)
        if (!strcmp(scn->nodes[i].name, name)) {
            *out = i;
            return true;
        }
    return false;
}

static int message(const struct scenario *scn, unsigned n, char *const w[], struct debug_filter *f, char *why,
                   size_t size)
{
    f->wait = DEBUG_WAIT_RECEIVED;
    for (unsigned i = 1; i < n; i++) {
        const char *next = i + 1 < n ? w[i + 1] : NULL;
        if (!strcmp(w[i], "sent")) {
            f->wait = DEBUG_WAIT_SENT;
        } else if (!strcmp(w[i], "received")) {
            f->wait = DEBUG_WAIT_RECEIVED;
        } else if (next && (!strcmp(w[i], "from") || !strcmp(w[i], "to"))) {
            if (!find_node(scn, next, w[i++][0] == 'f' ? &f->from : &f->to)) {
                snprintf(why, size, "there is no node '%.80s'", next);
                return -1;
            }
        } else if (next && !strcmp(w[i], "nth") && number(next, &f->nth)) {
            i++;
        } else {
            snprintf(why, size, "'%.80s' is not understood; %s", w[i], message_form);
            return -1;
        }
    }
    if (f->wait == DEBUG_WAIT_RECEIVED || f->to == DEBUG_ANY_NODE)
        return 0;
    snprintf(why, size, "where a message goes is known when it arrives: `to` needs `received`");
    return -1;
}

static int name_fault(const struct scenario *scn, const char *name, struct debug_filter *f, char *why,
                      size_t size)
{
    bool any = false;

    memset(f->faults, 0, sizeof f->faults);
    for (unsigned i = 0; i < scn->n_faults && i < DEBUG_FAULTS; i++)
        if (scn_name_matches(name, scn->faults[i].name)) {
            f->faults[i / 64] |= UINT64_C(1) << i % 64;
            any = true;
        }
    if (any)
        return 0;
    snprintf(why, size, "the scenario has no fault '%.80s'; %s", name, fault_form);
    return -1;
}

static int fault(const struct scenario *scn, unsigned n, char *const w[], struct debug_filter *f, char *why,
                 size_t size)
{
    bool named = false;

    f->wait = DEBUG_WAIT_FAULT;
    f->phases = 1u << PORT_FAULT_BEGIN | 1u << PORT_FAULT_HIT;
    if (scn->n_faults == 0) {
        snprintf(why, size, "the scenario has no faults");
        return -1;
    }
    if (name_fault(scn, "*", f, why, size) < 0)
        return -1;
    for (unsigned i = 1; i < n; i++) {
        unsigned phase = 0;
        while (phase < PORT_FAULT_PHASES && strcmp(w[i], phase_names[phase]) != 0)
            phase++;
        if (phase < PORT_FAULT_PHASES) {
            f->phases = 1u << phase;
        } else if (i + 1 < n && !strcmp(w[i], "nth") && number(w[i + 1], &f->nth)) {
            i++;
        } else if (!named) {
            named = true;
            if (name_fault(scn, w[i], f, why, size) < 0)
                return -1;
        } else {
            snprintf(why, size, "'%.80s' is not understood; %s", w[i], fault_form);
            return -1;
        }
    }
    return 0;
}

int debug_predicate(const struct scenario *scn, unsigned n, char *const words[], struct debug_filter *f,
                    char *why, size_t size)
{
    memset(f, 0, sizeof *f);
    f->from = f->to = DEBUG_ANY_NODE;
    f->nth = 1;
    f->after_ps = -1;
    if (n > 0 && !strcmp(words[0], "message"))
        return message(scn, n, words, f, why, size);
    if (n > 0 && !strcmp(words[0], "fault"))
        return fault(scn, n, words, f, why, size);
    snprintf(why, size, "%s, or %s", message_form, fault_form);
    return -1;
}

int debug_predicate_text(const struct scenario *scn, const char *first, const char *text,
                         struct debug_filter *f, char *why, size_t size)
{
    char *copy = strdup(text), *start = strdup(first), *save = NULL, *w[WORDS] = {start};
    unsigned n = 1;
    int result = -1;

    for (char *word = copy ? strtok_r(copy, " \t\n", &save) : NULL; word && n < WORDS;
         word = strtok_r(NULL, " \t\n", &save))
        w[n++] = word;
    if (copy && start)
        result = debug_predicate(scn, n, w, f, why, size);
    else
        snprintf(why, size, "%s", strerror(ENOMEM));
    free(copy);
    free(start);
    return result;
}

static void show_fault(const struct scenario *scn, const struct debug_filter *f, FILE *out)
{
    unsigned set = 0, last = 0;

    for (unsigned i = 0; i < scn->n_faults && i < DEBUG_FAULTS; i++)
        if (f->faults[i / 64] >> i % 64 & 1) {
            set++;
            last = i;
        }
    fputs("fault", out);
    if (set == 1)
        fprintf(out, " %s", scn->faults[last].name);
    else if (set < scn->n_faults)
        fprintf(out, " (one of %u)", set);
    for (unsigned p = 0, n = 0; p < PORT_FAULT_PHASES; p++)
        if (f->phases >> p & 1)
            fprintf(out, "%s %s", n++ ? " or" : "", phase_names[p]);
}

char *debug_predicate_show(const struct scenario *scn, const struct debug_filter *f, char *buf, size_t size)
{
    FILE *out = fmemopen(buf, size, "w");

    buf[0] = 0;
    if (!out)
        return buf;
    if (f->wait == DEBUG_WAIT_FAULT) {
        show_fault(scn, f, out);
    } else {
        fprintf(out, "message %s", f->wait == DEBUG_WAIT_SENT ? "sent" : "received");
        if (f->from != DEBUG_ANY_NODE)
            fprintf(out, " from %s", scn->nodes[f->from].name);
        if (f->to != DEBUG_ANY_NODE)
            fprintf(out, " to %s", scn->nodes[f->to].name);
    }
    if (f->nth > 1)
        fprintf(out, " nth %" PRIu64, f->nth);
    fclose(out);
    return buf;
}
