/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sh.h - between the shell's files.
 *
 *   sh.c        runs pipelines        sh_parse.c   reads them from the script's text
 */
#ifndef SH_H
#define SH_H

#include "guest-kernel/user/user.h"

enum { WORDS = 15, COMMANDS = 6, TEXT = 2048 };

struct command {
    char *word[WORDS + 1]; /* NULL behind the last */
    unsigned n;
    char *input; /* of <, or NULL */
};
enum end { END_LINE, END_BACKGROUND, END_AND, END_OR, END_SCRIPT };
struct pipeline {
    struct command command[COMMANDS];
    unsigned n; /* 0: nothing between two ends */
    enum end end;
    size_t used;
    char text[TEXT]; /* of the words */
};
struct script {
    const char *name, *at;
    unsigned line;
    int argc; /* $0 and on */
    char **argv;
    int status;      /* $? */
    long background; /* $! */
};

/* The next pipeline, its words with what $ stands for. False: an error, which was said. */
bool parse_pipeline(struct script *s, struct pipeline *p);
void script_error(const struct script *s, const char *what);

#endif
