/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkprogram.c - runs on the host: mkprogram X86_64 AARCH64 RISCV64 writes a program file
 * (kernel/program_file.h) with the three ELF files to the standard output, without symbols.
 */
#include "guest-kernel/kernel/program_file.h"
#include "guest-kernel/user/elf_file.h"
#include <stdio.h>
#include <string.h>

_Static_assert((int)PROGRAM_PARTS == (int)ISAS, "a part for each");

int main(int argc, char **argv)
{
    struct program_file head = {.magic = PROGRAM_MAGIC};
    struct elf_file files[ISAS];
    uint64_t at = sizeof head;

    if (argc != 1 + ISAS) {
        fprintf(stderr, "usage: mkprogram X86_64 AARCH64 RISCV64\n");
        return 2;
    }
    for (unsigned i = 0; i < ISAS; i++) {
        uint64_t end = 0;
        if (!elf_read(&files[i], argv[1 + i], i, ET_EXEC))
            return 1;
        for (unsigned k = 0; k < files[i].n_programs; k++) {
            const Elf64_Phdr *p = &files[i].programs[k];
            if (p->p_offset + p->p_filesz > end)
                end = p->p_offset + p->p_filesz;
        }
        Elf64_Ehdr *h = (Elf64_Ehdr *)files[i].bytes;
        h->e_shoff = 0;
        h->e_shnum = h->e_shstrndx = 0;
        head.part[i] = (struct program_part){.machine = isa_machines[i], .at = at, .bytes = end};
        at += end;
    }
    fwrite(&head, sizeof head, 1, stdout);
    for (unsigned i = 0; i < ISAS; i++)
        fwrite(files[i].bytes, 1, head.part[i].bytes, stdout);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
