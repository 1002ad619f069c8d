/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec.c - statically linked ELF files. Segments are copied from the initial ram disk; the stack gets what
 * Linux puts there: count, pointers to the arguments, an empty environment and an empty auxiliary vector.
 */
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"

struct elf {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, programs, sections;
    uint32_t flags;
    uint16_t size, program_size, n_programs, section_size, n_sections, names;
};
struct program {
    uint32_t type, flags;
    uint64_t offset, at, physical, in_file, in_memory, align;
};
enum {
    ELF_MAGIC = 0x464c457f,
    CLASS_64_LITTLE = 0x0102,
    TYPE_EXEC = 2,
    LOAD = 1,
    F_EXEC = 1,
    F_WRITE = 2,
    F_READ = 4
};
enum { STACK_BYTES = 256 * 1024 };
#define STACK_TOP (USER_END - UINT64_C(0x10000))

static int load(struct process *p, const uint8_t *file, const struct program *s)
{
    uintptr_t begin = s->at & ~(uintptr_t)(PAGE - 1),
              end = (s->at + s->in_memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    unsigned prot = (s->flags & F_READ ? PROT_READ : 0) | (s->flags & F_WRITE ? PROT_WRITE : 0) |
                    (s->flags & F_EXEC ? PROT_EXEC : 0);

    if (begin < USER_BEGIN || end > STACK_TOP - STACK_BYTES || end <= begin || s->in_file > s->in_memory)
        return -ENOEXEC;
    if (!range_add(p, begin, end, prot))
        return -ENOMEM;
    for (uint64_t done = 0; done < s->in_file;) {
        uintptr_t at = s->at + done;
        uint64_t offset = at % PAGE, piece = PAGE - offset;
        char *page = user_page(p, at, prot);
        if (!page)
            return -ENOMEM;
        if (piece > s->in_file - done)
            piece = s->in_file - done;
        memcpy(page + offset, file + s->offset + done, piece);
        done += piece;
    }
    if (end > p->brk_begin)
        p->brk_begin = p->brk = end;
    return 0;
}

static int push_arguments(struct process *p, const struct arguments *a, uintptr_t *sp)
{
    uint64_t words[ARGUMENTS + 5] = {a->n};
    uintptr_t text = (STACK_TOP - a->bytes) & ~(uintptr_t)15;
    size_t at = 0, n_words = a->n + 5; /* count, pointers, 0; environment: 0; auxiliary: 0, 0 */

    for (unsigned i = 0; i < a->n; i++) {
        words[1 + i] = text + at;
        at += length(a->text + at) + 1;
    }
    *sp = (text - n_words * 8) & ~(uintptr_t)15;
    if (!range_add(p, STACK_TOP - STACK_BYTES, STACK_TOP, PROT_READ | PROT_WRITE) ||
        copy_to(p, text, a->text, a->bytes) < 0 || copy_to(p, *sp, words, n_words * 8) < 0)
        return -ENOMEM;
    return 0;
}

int exec_load(struct process *p, const char *path, const struct arguments *a, struct frame *f)
{
    uint64_t bytes;
    const uint8_t *file = initrd_find(path, &bytes);
    struct elf e;
    uint32_t magic;
    uintptr_t sp;

    if (!file)
        return -ENOENT;
    if (bytes < sizeof e)
        return -ENOEXEC;
    memcpy(&e, file, sizeof e);
    memcpy(&magic, e.ident, sizeof magic);
    if (magic != ELF_MAGIC || (e.ident[5] << 8 | e.ident[4]) != CLASS_64_LITTLE || e.type != TYPE_EXEC ||
        e.machine != arch_elf_machine || e.program_size != sizeof(struct program) || e.programs > bytes ||
        e.n_programs > (bytes - e.programs) / sizeof(struct program))
        return -ENOEXEC;
    for (unsigned i = 0; i < e.n_programs; i++) {
        struct program s;
        memcpy(&s, file + e.programs + i * sizeof s, sizeof s);
        if (s.type != LOAD)
            continue;
        if (s.offset > bytes || s.in_file > bytes - s.offset || s.in_memory > USER_END || s.at > USER_END)
            return -ENOEXEC;
        int error = load(p, file, &s);
        if (error)
            return error;
    }
    int error = push_arguments(p, a, &sp);
    if (error)
        return error;
    arch_code_changed();
    arch_frame_user(f, e.entry, sp, 0);
    return 0;
}
