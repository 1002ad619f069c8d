/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs.h - the verbs of the `cob` program, one file each (sim/verb_<name>.c), called through the table in
 * main.c.
 *
 * argv[0] is the verb; options follow. Each returns the exit status of the program (0 good, 1 an expectation
 * failed, 2 usage or scenario error, 3 environment, 4 diverged, 124 wall-clock limit, 130 interrupted),
 * prints results on stdout and everything else on stderr, and answers --help on stdout. Call only one of
 * them, once, per process.
 */
#ifndef COB_VERBS_H
#define COB_VERBS_H

int verb_run(int argc, char **argv);
int verb_debug(int argc, char **argv);
int verb_symbols(int argc, char **argv);
int verb_validate(int argc, char **argv);
int verb_diff(int argc, char **argv);
int verb_explore(int argc, char **argv);
int verb_inspect(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_trace(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_replay(int argc, char **argv);

#endif
