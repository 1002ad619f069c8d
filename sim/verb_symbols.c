/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb_symbols.c - `cob symbols KERNEL FILE`: a stock kernel's symbols as an ELF file for gdb (kallsyms.h).
 */
#include "sim/kallsyms.h"
#include "sim/run.h"
#include "sim/symbols.h"
#include "sim/verbs.h"
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: cob symbols KERNEL FILE\n"
    "\n"
    "Writes the symbols of a Linux kernel into an ELF file for a debugger (`symbols:` of a node in a "
    "scenario). They are\n"
    "taken from the table in the kernel's image, so the kernel needs no debug package; there are names and "
    "addresses,\n"
    "no types and no lines. KERNEL is an ELF file (vmlinux) or an unpacked Image, for x86_64, aarch64 or "
    "riscv64. The\n"
    "addresses are right if the kernel runs with `nokaslr`.\n"
    "\n"
    "`cob debug` does this by itself for nodes with `image: linux`.\n";

int verb_symbols(int argc, char **argv)
{
    char why[300];

    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    if (argc != 3) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    long n = symbols_make(argv[1], argv[2], why, sizeof why);
    if (n < 0) {
        fprintf(stderr, "cob symbols: %s\n", why);
        return EXIT_USAGE;
    }
    printf("%ld symbols of %s in %s\n", n, argv[1], argv[2]);
    return EXIT_OK;
}
