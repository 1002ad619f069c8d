/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec.c - begins a program: its segments are copied from the program file (program.h); the stack gets what
 * Linux puts there: count, pointers to the arguments, an empty environment and an empty auxiliary vector.
 */
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/program.h"

enum { STACK_BYTES = 256 * 1024 };
#define STACK_TOP (USER_END - UINT64_C(0x10000))

static int load(struct process *p, const struct segment *s)
{
    if (!range_add(p, s->begin, s->end, s->prot))
        return -ENOMEM;
    for (uintptr_t at = s->begin; at < s->at + s->in_file; at += PAGE) {
        void *page = user_page(p, at, s->prot);
        if (!page)
            return -ENOMEM;
        segment_page(s, at, page);
    }
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
    struct program program;
    uintptr_t sp;
    int error = program_find(path, STACK_TOP - STACK_BYTES, &program);

    if (error)
        return error;
    for (unsigned i = 0; i < program.n; i++) {
        error = load(p, &program.segments[i]);
        if (error)
            return error;
    }
    p->brk_begin = p->brk = program.end;
    error = push_arguments(p, a, &sp);
    if (error)
        return error;
    arch_code_changed();
    arch_frame_user(f, program.entry, sp, 0);
    return 0;
}
