/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_file.c - see elf_file.h. */
#include "guest-kernel/user/elf_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const isa_names[ISAS] = {"x86_64", "aarch64", "riscv64"};
const uint16_t isa_machines[ISAS] = {EM_X86_64, EM_AARCH64, EM_RISCV};

static bool wrong(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return false;
}

static bool read_all(struct elf_file *f)
{
    FILE *in = fopen(f->path, "rb");
    long end = -1;

    if (in && !fseek(in, 0, SEEK_END))
        end = ftell(in);
    if (end >= 0) {
        rewind(in);
        f->size = (size_t)end;
        f->bytes = malloc(f->size + 1);
    }
    bool good = f->bytes && fread(f->bytes, 1, f->size, in) == f->size;
    if (!good)
        perror(f->path);
    if (in)
        fclose(in);
    return good;
}

static bool inside(const struct elf_file *f, uint64_t at, uint64_t n, uint64_t each)
{
    return at <= f->size && n <= (f->size - at) / each;
}

bool elf_read(struct elf_file *f, const char *path, unsigned isa, uint16_t type)
{
    memset(f, 0, sizeof *f);
    f->path = path;
    if (!read_all(f))
        return false;
    f->header = (const Elf64_Ehdr *)f->bytes;
    const Elf64_Ehdr *h = f->header;
    if (f->size < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
        h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_type != type || h->e_machine != isa_machines[isa])
        return wrong(path, "not an ELF file of the expected kind");
    if (!inside(f, h->e_shoff, h->e_shnum, sizeof(Elf64_Shdr)) || h->e_shstrndx >= h->e_shnum ||
        !inside(f, h->e_phoff, h->e_phnum, sizeof(Elf64_Phdr)))
        return wrong(path, "tables outside of the file");
    f->sections = (const Elf64_Shdr *)(f->bytes + h->e_shoff);
    f->n_sections = h->e_shnum;
    f->programs = (const Elf64_Phdr *)(f->bytes + h->e_phoff);
    f->n_programs = h->e_phnum;
    for (unsigned i = 0; i < f->n_programs; i++)
        if (!inside(f, f->programs[i].p_offset, f->programs[i].p_filesz, 1))
            return wrong(path, "a segment outside of the file");
    for (unsigned i = 0; i < f->n_sections; i++) {
        const Elf64_Shdr *s = &f->sections[i];
        if (s->sh_type != SHT_NOBITS && !inside(f, s->sh_offset, s->sh_size, 1))
            return wrong(path, "a section outside of the file");
        if (s->sh_type != SHT_SYMTAB || s->sh_link >= f->n_sections)
            continue;
        f->symbols = (const Elf64_Sym *)(f->bytes + s->sh_offset);
        f->n_symbols = (unsigned)(s->sh_size / sizeof(Elf64_Sym));
        f->symbol_names = &f->sections[s->sh_link];
    }
    return f->symbols || wrong(path, "no symbols");
}

const char *elf_string(const struct elf_file *f, const Elf64_Shdr *table, uint64_t at)
{
    const char *begin = (const char *)f->bytes + table->sh_offset;

    return at < table->sh_size && memchr(begin + at, 0, table->sh_size - at) ? begin + at : "";
}

const char *elf_section_name(const struct elf_file *f, const Elf64_Shdr *s)
{
    return elf_string(f, &f->sections[f->header->e_shstrndx], s->sh_name);
}

const char *elf_symbol_name(const struct elf_file *f, const Elf64_Sym *s)
{
    return elf_string(f, f->symbol_names, s->st_name);
}
