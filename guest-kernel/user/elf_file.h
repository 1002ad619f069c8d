/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elf_file.h - reads 64-bit little-endian ELF files whole; for the tools that build programs, which run on
 * the host (little endian, too). What is wrong is said on the standard error.
 */
#ifndef ELF_FILE_H
#define ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ISAS = 3 };
extern const char *const isa_names[ISAS];
extern const uint16_t isa_machines[ISAS]; /* e_machine */

struct elf_file {
    const char *path; /* the caller's */
    uint8_t *bytes;   /* never freed: tools end soon */
    size_t size;
    const Elf64_Ehdr *header;
    const Elf64_Shdr *sections;
    const Elf64_Phdr *programs;
    unsigned n_sections, n_programs;
    const Elf64_Sym *symbols;
    unsigned n_symbols;
    const Elf64_Shdr *symbol_names;
};

/* False: not such a file of this instruction set (index in isa_names) and type (ET_REL, ET_EXEC). */
bool elf_read(struct elf_file *f, const char *path, unsigned isa, uint16_t type);
/* "" if there is no such string. */
const char *elf_string(const struct elf_file *f, const Elf64_Shdr *table, uint64_t at);
const char *elf_section_name(const struct elf_file *f, const Elf64_Shdr *s);
const char *elf_symbol_name(const struct elf_file *f, const Elf64_Sym *s);

#endif
