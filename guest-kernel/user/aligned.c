/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aligned.c - runs on the host: aligned X86_64 AARCH64 RISCV64 holds the three versions of a program against
 * each other. Every function, datum and thread-local variable must be at the same address, every byte of
 * initial data the same, and no section be there that layout.c has not placed. Says what is not so, and ends
 * with 1. What it trusts is only the files, not layout.c.
 */
#include "guest-kernel/user/elf_file.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct elf_file files[ISAS];
static unsigned wrong;

struct symbol {
    const char *file, *name; /* file: "" if all files see it */
    uint64_t value, size;
    unsigned type, isa;
};

/* Sections by name; true: with the same contents everywhere. Others may not be in memory. */
static const struct {
    const char *name;
    bool same;
} known[] = {{".text", false}, {".rodata", true}, {".tdata", true}, {".tbss", true},
             {".own", false},  {".data", true},   {".bss", true}};

static void check_segments(unsigned isa)
{
    const struct elf_file *a = &files[0], *b = &files[isa];

    if (a->header->e_entry != b->header->e_entry || a->n_programs != b->n_programs) {
        fprintf(stderr, "%s: entry or number of segments differs from %s\n", b->path, a->path);
        wrong++;
        return;
    }
    for (unsigned i = 0; i < a->n_programs; i++) {
        const Elf64_Phdr *p = &a->programs[i], *q = &b->programs[i];
        bool sizes = p->p_filesz == q->p_filesz && p->p_memsz == q->p_memsz;
        bool data = p->p_flags & PF_W || p->p_type == PT_TLS;
        if (p->p_type != q->p_type || p->p_flags != q->p_flags || p->p_vaddr != q->p_vaddr ||
            (data && !sizes) || (p->p_flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
            fprintf(stderr, "%s: segment %u differs from that of %s\n", b->path, i, a->path);
            wrong++;
        }
    }
}

static const Elf64_Shdr *section_of(const struct elf_file *f, const char *name)
{
    for (unsigned i = 0; i < f->n_sections; i++)
        if (!strcmp(elf_section_name(f, &f->sections[i]), name))
            return &f->sections[i];
    return NULL;
}

static void check_sections(unsigned isa)
{
    const struct elf_file *a = &files[0], *b = &files[isa];

    for (unsigned i = 0; i < b->n_sections; i++) {
        const Elf64_Shdr *s = &b->sections[i], *t;
        const char *name = elf_section_name(b, s);
        size_t k = 0;
        if (!(s->sh_flags & SHF_ALLOC))
            continue;
        while (k < sizeof known / sizeof known[0] && strcmp(known[k].name, name))
            k++;
        if (k == sizeof known / sizeof known[0]) {
            fprintf(stderr, "%s: a section %s, which has no place\n", b->path, name);
            wrong++;
            continue;
        }
        if (!known[k].same)
            continue;
        t = section_of(a, name);
        if (!t || t->sh_addr != s->sh_addr || t->sh_size != s->sh_size || t->sh_type != s->sh_type) {
            fprintf(stderr, "%s: %s is not as in %s\n", b->path, name, a->path);
            wrong++;
            continue;
        }
        for (uint64_t at = 0; s->sh_type != SHT_NOBITS && at < s->sh_size; at++)
            if (a->bytes[t->sh_offset + at] != b->bytes[s->sh_offset + at]) {
                fprintf(stderr, "%s: %s differs from that of %s at 0x%" PRIx64 "\n", b->path, name, a->path,
                        s->sh_addr + at);
                wrong++;
                break;
            }
    }
}

/* Appends a file's functions, data, and what all files see. */
static size_t gather(unsigned isa, struct symbol *to)
{
    const struct elf_file *f = &files[isa];
    const char *file = "";
    size_t n = 0;

    for (unsigned i = 1; i < f->n_symbols; i++) {
        const Elf64_Sym *s = &f->symbols[i];
        unsigned type = ELF64_ST_TYPE(s->st_info);
        /* what is hidden from other programs is local, too, but belongs to all files */
        bool local = ELF64_ST_BIND(s->st_info) == STB_LOCAL && ELF64_ST_VISIBILITY(s->st_other) != STV_HIDDEN;
        const char *name = elf_symbol_name(f, s);
        if (type == STT_FILE)
            file = name;
        if (type == STT_FILE || type == STT_SECTION || (type == STT_NOTYPE && local) || !*name ||
            !strncmp(name, ".L", 2) || !strcmp(name, "__global_pointer$"))
            continue;
        to[n++] = (struct symbol){local ? file : "", name, s->st_value, s->st_size, type, isa};
    }
    return n;
}

static int by_name(const void *x, const void *y)
{
    const struct symbol *a = x, *b = y;
    int d = strcmp(a->name, b->name);

    if (!d)
        d = strcmp(a->file, b->file);
    return d ? d : (int)a->isa - (int)b->isa;
}

/* n versions of one symbol. */
static void check_symbol(const struct symbol *s, size_t n)
{
    bool local_function = *s->file && s->type == STT_FUNC; /* may be inlined; layout.c sees to its address */
    bool good = n == ISAS || local_function;

    for (size_t i = 1; i < n; i++)
        good = good && s[i].isa != s[i - 1].isa && s[i].value == s->value && s[i].type == s->type &&
               (s->type == STT_FUNC || s->type == STT_NOTYPE || s[i].size == s->size);
    if (good)
        return;
    fprintf(stderr, "not aligned: %s%s%s:", s->name, *s->file ? " of " : "", s->file);
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, " %s 0x%" PRIx64 " (%" PRIu64 " bytes)", isa_names[s[i].isa], s[i].value, s[i].size);
    fprintf(stderr, "\n");
    wrong++;
}

static void check_symbols(void)
{
    size_t n = 0;
    struct symbol *all;

    for (unsigned isa = 0; isa < ISAS; isa++)
        n += files[isa].n_symbols;
    all = calloc(n + 1, sizeof *all);
    if (!all) {
        perror("aligned");
        wrong++;
        return;
    }
    n = 0;
    for (unsigned isa = 0; isa < ISAS; isa++)
        n += gather(isa, all + n);
    qsort(all, n, sizeof *all, by_name);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && !strcmp(all[i].name, all[j].name) && !strcmp(all[i].file, all[j].file);)
            j++;
        check_symbol(&all[i], j - i);
    }
    free(all);
}

int main(int argc, char **argv)
{
    if (argc != 1 + ISAS) {
        fprintf(stderr, "usage: aligned X86_64 AARCH64 RISCV64\n");
        return 2;
    }
    for (unsigned isa = 0; isa < ISAS; isa++)
        if (!elf_read(&files[isa], argv[1 + isa], isa, ET_EXEC))
            return 1;
    for (unsigned isa = 0; isa < ISAS; isa++) {
        check_segments(isa);
        check_sections(isa);
    }
    check_symbols();
    return wrong ? 1 : 0;
}
