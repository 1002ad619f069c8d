/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout.c - runs on the host: layout DIRECTORY NAME.. writes to the standard output the linker script of the
 * program that consists of DIRECTORY/<isa>/NAME.o: one script for all instruction sets, in which every
 * function and every datum has an address of its own, the same for all.
 *
 * The compiler puts each into a section of its own (-ffunction-sections -fdata-sections). A function's slot
 * is as big as its biggest version. Data must be equally big everywhere. Constants that the compiler made
 * for one instruction set (.rodata.cst*) are nobody's business: nothing points to them, they come last.
 *
 *   text       functions                                        read, execute
 *   constants  constants, initial thread-local data, own        read
 *   data       data, then what is zero at first                 read, write
 *
 * A function inlined everywhere on one instruction set is not there; that is an error only if another one
 * uses its address for something else than a call. Ends with 1 if anything is wrong.
 */
#include "guest-kernel/user/elf_file.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 8192, SLOT = 16, PAGE = 4096, TLS_ALIGN = 16, BLOCK_EXTRA = 64 };
#define BASE UINT64_C(0x8000400000)

enum kind { TEXT, CONSTANT, TLS_DATA, TLS_ZERO, OWN, DATA, ZERO, KINDS };
static const char *const outputs[KINDS] = {".text", ".rodata", ".tdata", ".tbss", ".own", ".data", ".bss"};
static const char *const segments[KINDS] = {
    "text", "constants", "constants :tls", "constants :tls", "constants", "data", "data"};

struct unit { /* one section of one object */
    const char *object, *section;
    enum kind kind;
    bool there[ISAS], taken, global;
    uint64_t size[ISAS], align, at;
};
static struct unit units[UNITS];
static unsigned n_units, wrong;

static void error(const struct unit *u, const char *what)
{
    fprintf(stderr, "layout: %s(%s): %s\n", u->object, u->section, what);
    wrong++;
}

static bool begins(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

static enum kind kind_of(const char *name, const Elf64_Shdr *s)
{
    bool zero = s->sh_type == SHT_NOBITS;

    if (s->sh_flags & SHF_EXECINSTR)
        return TEXT;
    if (s->sh_flags & SHF_TLS)
        return zero ? TLS_ZERO : TLS_DATA;
    if (begins(name, ".rodata.cst") || begins(name, ".srodata.cst"))
        return OWN;
    if (!(s->sh_flags & SHF_WRITE) || begins(name, ".data.rel.ro"))
        return CONSTANT;
    return zero ? ZERO : DATA;
}

static struct unit *unit_of(const char *object, const char *section, enum kind kind)
{
    for (unsigned i = 0; i < n_units; i++)
        if (units[i].kind == kind && !strcmp(units[i].object, object) && !strcmp(units[i].section, section))
            return &units[i];
    if (n_units == UNITS) {
        fprintf(stderr, "layout: more than %d sections\n", UNITS);
        exit(1);
    }
    units[n_units] = (struct unit){.object = object, .section = section, .kind = kind, .align = 1};
    return &units[n_units++];
}

static bool is_call(unsigned isa, uint64_t type)
{
    switch (isa_machines[isa]) {
    case EM_X86_64:
        return type == R_X86_64_PLT32;
    case EM_AARCH64:
        return type == R_AARCH64_CALL26 || type == R_AARCH64_JUMP26 || type == R_AARCH64_CONDBR19;
    default:
        return type == R_RISCV_CALL || type == R_RISCV_CALL_PLT || type == R_RISCV_JAL ||
               type == R_RISCV_BRANCH || type == R_RISCV_RVC_JUMP || type == R_RISCV_RVC_BRANCH;
    }
}

/* Functions that are named other than in calls, and those that other files see. */
static void mark(const struct elf_file *f, unsigned isa, struct unit *const *of)
{
    for (unsigned i = 0; i < f->n_symbols; i++) {
        const Elf64_Sym *s = &f->symbols[i];
        if (s->st_shndx < f->n_sections && of[s->st_shndx] && ELF64_ST_BIND(s->st_info) != STB_LOCAL)
            of[s->st_shndx]->global = true;
    }
    for (unsigned i = 0; i < f->n_sections; i++) {
        const Elf64_Shdr *s = &f->sections[i];
        if (s->sh_type != SHT_RELA || s->sh_info >= f->n_sections || !of[s->sh_info])
            continue;
        const Elf64_Rela *r = (const Elf64_Rela *)(f->bytes + s->sh_offset);
        for (unsigned n = (unsigned)(s->sh_size / sizeof *r); n; n--, r++) {
            uint64_t symbol = ELF64_R_SYM(r->r_info);
            unsigned to = symbol < f->n_symbols ? f->symbols[symbol].st_shndx : 0;
            if (to < f->n_sections && to != s->sh_info && of[to] && !is_call(isa, ELF64_R_TYPE(r->r_info)))
                of[to]->taken = true;
        }
    }
}

static bool add_object(const char *directory, unsigned isa, const char *name)
{
    char *path = malloc(strlen(directory) + strlen(name) + 32);
    struct elf_file f;

    if (!path)
        return false;
    sprintf(path, "%s/%s/%s.o", directory, isa_names[isa], name);
    if (!elf_read(&f, path, isa, ET_REL))
        return false;
    struct unit **of = calloc(f.n_sections, sizeof *of);
    if (!of)
        return false;
    for (unsigned i = 0; i < f.n_sections; i++) {
        const Elf64_Shdr *s = &f.sections[i];
        const char *section = elf_section_name(&f, s);
        if (!(s->sh_flags & SHF_ALLOC) || !s->sh_size || s->sh_type == SHT_NOTE)
            continue;
        struct unit *u = of[i] = unit_of(name, section, kind_of(section, s));
        if (u->there[isa])
            error(u, "two sections of this name");
        u->there[isa] = true;
        u->size[isa] = s->sh_size;
        if (s->sh_addralign > u->align)
            u->align = s->sh_addralign;
    }
    mark(&f, isa, of);
    free(of);
    return true;
}

static void check(const struct unit *u)
{
    char text[200];

    for (unsigned i = 0; i < ISAS; i++)
        for (unsigned j = 0; j < ISAS; j++) {
            if (u->kind == TEXT && u->there[i] && !u->there[j] && (u->taken || u->global)) {
                snprintf(text, sizeof text, "on %s, but not on %s", isa_names[i], isa_names[j]);
                error(u, text);
            } else if (u->kind != TEXT && u->kind != OWN && u->size[i] > u->size[j]) {
                snprintf(text, sizeof text, "%" PRIu64 " bytes on %s, %" PRIu64 " on %s", u->size[i],
                         isa_names[i], u->size[j], isa_names[j]);
                error(u, text);
            }
        }
    if ((u->kind == TLS_DATA || u->kind == TLS_ZERO) && u->align > TLS_ALIGN)
        error(u, "thread-local data may not be aligned to more than 16 bytes");
}

static uint64_t up(uint64_t at, uint64_t align)
{
    return (at + align - 1) & ~(align - 1);
}

/* Places all of a kind behind this address; where they end. */
static uint64_t place(enum kind kind, uint64_t at)
{
    for (unsigned i = 0; i < n_units; i++) {
        struct unit *u = &units[i];
        uint64_t biggest = 0;
        if (u->kind != kind)
            continue;
        for (unsigned isa = 0; isa < ISAS; isa++)
            biggest = u->size[isa] > biggest ? u->size[isa] : biggest;
        u->at = up(at, kind == TEXT && u->align < SLOT ? SLOT : u->align);
        at = u->at + biggest;
    }
    return at;
}

static void print_kind(enum kind kind, uint64_t begin, uint64_t end, const char *more)
{
    if (begin == end)
        return;
    printf("    %s 0x%" PRIx64 " : {\n", outputs[kind], begin);
    for (unsigned i = 0; i < n_units; i++)
        if (units[i].kind == kind)
            printf("        . = 0x%" PRIx64 "; */%s.o(%s)\n", units[i].at, units[i].object, units[i].section);
    printf("%s        . = 0x%" PRIx64 ";\n    } :%s\n", more, end, segments[kind]);
}

static void print_script(void)
{
    char more[200];
    uint64_t text_end = place(TEXT, BASE);
    uint64_t constants = up(text_end, PAGE), info = up(place(CONSTANT, constants), 8);
    uint64_t tdata = up(info + 24, TLS_ALIGN), tbss = up(place(TLS_DATA, tdata), TLS_ALIGN);
    uint64_t tls_end = up(place(TLS_ZERO, tbss), TLS_ALIGN);
    uint64_t own = up(tbss, 64), own_end = place(OWN, own);
    uint64_t data = up(own_end, PAGE), data_end = place(DATA, data);
    uint64_t zero = up(data_end, PAGE), block = up(place(ZERO, zero), TLS_ALIGN);
    uint64_t zero_end = block + TLS_ALIGN + (tls_end - tdata) + BLOCK_EXTRA;

    printf(
        "ENTRY(_start)\n"
        "PHDRS {\n    text PT_LOAD FLAGS(5);\n    constants PT_LOAD FLAGS(4);\n    data PT_LOAD FLAGS(6);\n"
        "    tls PT_TLS FLAGS(4);\n}\nSECTIONS {\n");
    print_kind(TEXT, BASE, text_end, "");
    snprintf(more, sizeof more,
             "        . = 0x%" PRIx64
             "; tls_info = .;\n"
             "        QUAD(0x%" PRIx64 ") QUAD(%" PRIu64 ") QUAD(%" PRIu64 ")\n",
             info, tdata, tbss - tdata, tls_end - tdata);
    print_kind(CONSTANT, constants, info + 24, more);
    print_kind(TLS_DATA, tdata, tbss, "");
    print_kind(TLS_ZERO, tbss, tls_end, "");
    if (own_end > own)
        printf("    .own 0x%" PRIx64 " : { *(.rodata.cst* .srodata.cst*) } :constants\n", own);
    print_kind(DATA, data, data_end, "");
    snprintf(more, sizeof more, "        . = 0x%" PRIx64 "; main_block = .;\n", block);
    print_kind(ZERO, zero, zero_end, more);
    printf(
        "    /DISCARD/ : { *(.note*) *(.comment) *(.eh_frame) *(.riscv.attributes) *(.llvm_addrsig) }\n}\n");
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: layout DIRECTORY NAME..\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        for (unsigned isa = 0; isa < ISAS; isa++)
            if (!add_object(argv[1], isa, argv[i]))
                return 1;
    for (unsigned i = 0; i < n_units; i++)
        check(&units[i]);
    if (!wrong)
        print_script();
    return wrong || fflush(stdout) ? 1 : 0;
}
