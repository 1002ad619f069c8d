/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_docs.c - a program of the build: writes docs/scenario.md or docs/scenario.schema.json to stdout.
 *
 *   scenario_docs reference | schema
 */
#include "sim/scenario.h"
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "reference") == 0)
        return scenario_reference(stdout) ? 1 : 0;
    if (argc == 2 && strcmp(argv[1], "schema") == 0)
        return scenario_schema(stdout) ? 1 : 0;
    fputs("usage: scenario_docs reference | schema\n", stderr);
    return 2;
}
