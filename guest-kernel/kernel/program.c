/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.c - this machine's part of a program file; see program.h. */
#include "guest-kernel/kernel/program.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/program_file.h"

struct elf {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, programs, sections;
    uint32_t flags;
    uint16_t size, program_size, n_programs, section_size, n_sections, names;
};
struct elf_segment {
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

/* The ELF file for this machine; NULL: there is none. */
static const uint8_t *part_of(const uint8_t *file, uint64_t *bytes)
{
    struct program_file head;

    if (*bytes < sizeof head)
        return NULL;
    memcpy(&head, file, sizeof head);
    if (head.magic != PROGRAM_MAGIC)
        return NULL;
    for (unsigned i = 0; i < PROGRAM_PARTS; i++) {
        const struct program_part *p = &head.part[i];
        if (p->machine != arch_elf_machine)
            continue;
        if (p->at > *bytes || p->bytes > *bytes - p->at)
            return NULL;
        *bytes = p->bytes;
        return file + p->at;
    }
    return NULL;
}

/* False: not a segment that can be in memory. */
static bool add(struct program *p, const uint8_t *file, uint64_t bytes, const struct elf_segment *s,
                uintptr_t limit)
{
    if (p->n == SEGMENTS || s->offset > bytes || s->in_file > bytes - s->offset ||
        s->in_file > s->in_memory || s->at < USER_BEGIN || s->at > limit || s->in_memory > limit - s->at)
        return false;
    struct segment *to = &p->segments[p->n++];
    to->begin = s->at & ~(uintptr_t)(PAGE - 1);
    to->end = (s->at + s->in_memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    to->prot = (s->flags & F_READ ? PROT_READ : 0) | (s->flags & F_WRITE ? PROT_WRITE : 0) |
               (s->flags & F_EXEC ? PROT_EXEC : 0);
    to->at = s->at;
    to->in_file = s->in_file;
    to->contents = file + s->offset;
    if (to->end > p->end)
        p->end = to->end;
    return to->end > to->begin && to->end <= limit;
}

int program_find(const char *path, uintptr_t limit, struct program *out)
{
    uint64_t bytes;
    const uint8_t *file = initrd_find(path, &bytes);
    struct elf e;
    uint32_t magic;

    if (!file)
        return -ENOENT;
    file = part_of(file, &bytes);
    if (!file || bytes < sizeof e)
        return -ENOEXEC;
    memcpy(&e, file, sizeof e);
    memcpy(&magic, e.ident, sizeof magic);
    if (magic != ELF_MAGIC || (e.ident[5] << 8 | e.ident[4]) != CLASS_64_LITTLE || e.type != TYPE_EXEC ||
        e.machine != arch_elf_machine || e.entry < USER_BEGIN || e.entry >= limit ||
        e.program_size != sizeof(struct elf_segment) || e.programs > bytes ||
        e.n_programs > (bytes - e.programs) / sizeof(struct elf_segment))
        return -ENOEXEC;
    memset(out, 0, sizeof *out);
    out->entry = e.entry;
    for (unsigned i = 0; i < e.n_programs; i++) {
        struct elf_segment s;
        memcpy(&s, file + e.programs + i * sizeof s, sizeof s);
        if (s.type == LOAD && !add(out, file, bytes, &s, limit))
            return -ENOEXEC;
    }
    return 0;
}

bool segment_page(const struct segment *s, uintptr_t page, void *frame)
{
    uintptr_t begin = s->at > page ? s->at : page, end = s->at + s->in_file;

    if (end > page + PAGE)
        end = page + PAGE;
    if (begin >= end)
        return false;
    memcpy((char *)frame + (begin - page), s->contents + (begin - s->at), end - begin);
    return true;
}
