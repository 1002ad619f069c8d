/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms_write.c - a kernel's symbols as an ELF file (kallsyms.h).
 *
 *   header | symbols | their names | section names | section headers
 *
 * gdb wants each symbol in a section, and takes it for a function or a variable by the section's flags. So
 * there is one section without contents for each stretch of addresses that has one kind only.
 */
#include "sim/kallsyms.h"
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char section_names[] = "\0.text\0.data\0.symtab\0.strtab\0.shstrtab";
enum { NAME_TEXT = 1, NAME_DATA = 7, NAME_SYMTAB = 13, NAME_STRTAB = 21, NAME_SHSTRTAB = 29 };
enum { MANY_SECTIONS = 0xf000 };

static bool is_code(const struct kallsym *s)
{
    return strchr("tTwW", s->type) != NULL;
}

static bool absolute(const struct kallsym *s)
{
    return s->type == 'A' || s->type == 'a';
}

/* Up to the next symbol that is elsewhere. */
static uint64_t size_of(const struct kallsyms *k, size_t i)
{
    size_t next = i + 1;
    while (next < k->n && k->sym[next].addr == k->sym[i].addr)
        next++;
    return next < k->n ? k->sym[next].addr - k->sym[i].addr : 0;
}

struct tables {
    Elf64_Shdr *section; /* [0] none, then the stretches; three places more */
    size_t n_sections;
    Elf64_Sym *sym; /* [0] none */
    size_t n_syms;
    size_t names_len;
};

static void fill(const struct kallsyms *k, struct tables *t)
{
    Elf64_Shdr *now = NULL;

    t->n_sections = t->n_syms = t->names_len = 1;
    for (size_t i = 0; i < k->n; i++) {
        const struct kallsym *s = &k->sym[i];
        bool code = is_code(s);
        if (!absolute(s)) {
            bool same = now && !(now->sh_flags & SHF_EXECINSTR) == !code;
            if (now)
                now->sh_size = s->addr - now->sh_addr;
            if (!same && t->n_sections < MANY_SECTIONS) {
                now = &t->section[t->n_sections++];
                *now = (Elf64_Shdr){.sh_name = code ? NAME_TEXT : NAME_DATA,
                                    .sh_type = SHT_NOBITS,
                                    .sh_flags = SHF_ALLOC | (code ? SHF_EXECINSTR : SHF_WRITE),
                                    .sh_addr = s->addr,
                                    .sh_addralign = 1};
            }
        }
        t->sym[t->n_syms++] = (Elf64_Sym){.st_name = (Elf64_Word)t->names_len,
                                          .st_info = ELF64_ST_INFO(STB_GLOBAL, code ? STT_FUNC : STT_OBJECT),
                                          .st_shndx = absolute(s) ? SHN_ABS : (Elf64_Half)(t->n_sections - 1),
                                          .st_value = s->addr,
                                          .st_size = absolute(s) ? 0 : size_of(k, i)};
        t->names_len += strlen(s->name) + 1;
    }
    if (now)
        now->sh_size += 1;
}

static bool put(FILE *f, const void *what, size_t bytes)
{
    return fwrite(what, 1, bytes, f) == bytes;
}

int kallsyms_write(const struct kallsyms *k, FILE *f)
{
    struct tables t = {.section = calloc(k->n + 4, sizeof *t.section),
                       .sym = calloc(k->n + 1, sizeof *t.sym)};
    bool good = t.section && t.sym;

    if (!good) {
        errno = ENOMEM;
    } else {
        fill(k, &t);
        size_t syms = t.n_syms * sizeof *t.sym, at = sizeof(Elf64_Ehdr), n = t.n_sections;
        size_t pad = (8 - (t.names_len + sizeof section_names) % 8) % 8;
        t.section[n] = (Elf64_Shdr){.sh_name = NAME_SYMTAB,
                                    .sh_type = SHT_SYMTAB,
                                    .sh_offset = at,
                                    .sh_size = syms,
                                    .sh_link = (Elf64_Word)n + 1,
                                    .sh_info = 1,
                                    .sh_addralign = 8,
                                    .sh_entsize = sizeof *t.sym};
        t.section[n + 1] = (Elf64_Shdr){.sh_name = NAME_STRTAB,
                                        .sh_type = SHT_STRTAB,
                                        .sh_offset = at + syms,
                                        .sh_size = t.names_len,
                                        .sh_addralign = 1};
        t.section[n + 2] = (Elf64_Shdr){.sh_name = NAME_SHSTRTAB,
                                        .sh_type = SHT_STRTAB,
                                        .sh_offset = at + syms + t.names_len,
                                        .sh_size = sizeof section_names,
                                        .sh_addralign = 1};
        Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                        .e_type = ET_EXEC,
                        .e_machine = (Elf64_Half)k->machine,
                        .e_version = EV_CURRENT,
                        .e_shoff = at + syms + t.names_len + sizeof section_names + pad,
                        .e_ehsize = sizeof h,
                        .e_shentsize = sizeof(Elf64_Shdr),
                        .e_shnum = (Elf64_Half)(n + 3),
                        .e_shstrndx = (Elf64_Half)(n + 2)};
        good = put(f, &h, sizeof h) && put(f, t.sym, syms) && put(f, "", 1);
        for (size_t i = 0; good && i < k->n; i++)
            good = put(f, k->sym[i].name, strlen(k->sym[i].name) + 1);
        good = good && put(f, section_names, sizeof section_names) && put(f, "\0\0\0\0\0\0\0", pad) &&
               put(f, t.section, (n + 3) * sizeof *t.section);
    }
    free(t.section);
    free(t.sym);
    return good ? 0 : -1;
}
