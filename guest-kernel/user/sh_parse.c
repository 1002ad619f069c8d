/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sh_parse.c - words, quotes, $ and operators of a script; see sh.h. */
#include "guest-kernel/user/sh.h"

void script_error(const struct script *s, const char *what)
{
    print_to(2, "%s:%u: %s\n", s->name, s->line, what);
}

static bool put(struct script *s, struct pipeline *p, char c)
{
    if (p->used == TEXT) {
        script_error(s, "too long");
        return false;
    }
    p->text[p->used++] = c;
    return true;
}

static bool put_text(struct script *s, struct pipeline *p, const char *text)
{
    while (*text)
        if (!put(s, p, *text++))
            return false;
    return true;
}

/* At a $: $? $! $NODE $NODES $0 .. $9; anything else is an error. */
static bool expand(struct script *s, struct pipeline *p)
{
    char number[24];
    unsigned self, nodes = node_count(&self);
    const char *at = ++s->at;

    if (*at >= '0' && *at <= '9') {
        s->at++;
        return *at - '0' >= s->argc || put_text(s, p, s->argv[*at - '0']);
    }
    if (*at == '?')
        format_text(number, sizeof number, "%d", s->status);
    else if (*at == '!')
        format_text(number, sizeof number, "%ld", s->background);
    else if (!strncmp(at, "NODES", 5))
        format_text(number, sizeof number, "%u", nodes);
    else if (!strncmp(at, "NODE", 4))
        format_text(number, sizeof number, "%u", self);
    else {
        script_error(s, "unknown word behind $");
        return false;
    }
    s->at += *at == 'N' ? (at[4] == 'S' ? 5 : 4) : 1;
    return put_text(s, p, number);
}

/* NULL: an error. */
static char *word(struct script *s, struct pipeline *p)
{
    char *begin = p->text + p->used, quote = 0;

    for (; *s->at; s->at += *s->at != 0) {
        char c = *s->at;
        if (quote ? c == quote : c == '\'' || c == '"') {
            quote = quote ? 0 : c;
            continue;
        }
        if (!quote && strchr(" \t\n;|&<#", c))
            break;
        if (c == '\n')
            s->line++;
        if (c == '$' && quote != '\'') {
            if (!expand(s, p))
                return NULL;
            s->at--;
            continue;
        }
        if (c == '\\' && quote != '\'' && s->at[1])
            c = *++s->at;
        if (!put(s, p, c))
            return NULL;
    }
    if (quote) {
        script_error(s, "a quote has no end");
        return NULL;
    }
    return put(s, p, 0) ? begin : NULL;
}

static void blanks(struct script *s)
{
    for (;; s->at++)
        if (s->at[0] == '\\' && s->at[1] == '\n') {
            s->line++;
            s->at++;
        } else if (*s->at != ' ' && *s->at != '\t') {
            break;
        }
    if (*s->at == '#')
        while (*s->at && *s->at != '\n')
            s->at++;
}

/* At an operator that ends a pipeline. */
static enum end end_of(struct script *s)
{
    char c = *s->at;

    s->at += c != 0;
    if ((c == '&' || c == '|') && *s->at == c) {
        s->at++;
        return c == '&' ? END_AND : END_OR;
    }
    s->line += c == '\n';
    return !c ? END_SCRIPT : c == '&' ? END_BACKGROUND : END_LINE;
}

/* A word, or a file behind <. */
static bool add(struct script *s, struct pipeline *p, struct command *c)
{
    bool input = *s->at == '<';

    if (input) {
        s->at++;
        blanks(s);
    }
    char *w = word(s, p);
    if (!w)
        return false;
    if (input) {
        c->input = w;
        return *w || (script_error(s, "no file behind <"), false);
    }
    if (c->n == WORDS) {
        script_error(s, "too many words");
        return false;
    }
    c->word[c->n++] = w;
    return true;
}

bool parse_pipeline(struct script *s, struct pipeline *p)
{
    memset(p, 0, sizeof *p);
    for (;;) {
        struct command *c = &p->command[p->n];
        for (blanks(s); *s->at && !strchr("\n;|&", *s->at); blanks(s))
            if (!add(s, p, c))
                return false;
        bool pipe_follows = s->at[0] == '|' && s->at[1] != '|';
        if (!c->n && (pipe_follows || p->n || c->input)) {
            script_error(s, "a command is missing");
            return false;
        }
        p->n += c->n > 0;
        if (!pipe_follows) {
            p->end = end_of(s);
            if (p->n || p->end == END_LINE || p->end == END_SCRIPT)
                return true;
            script_error(s, "a command is missing");
            return false;
        }
        if (p->n == COMMANDS) {
            script_error(s, "too many commands in a pipeline");
            return false;
        }
        s->at++;
    }
}
