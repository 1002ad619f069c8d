/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec.c - begins a program: its segments stay in the program file (program.h) until a page is
 * touched (memory_contents); the stack gets what
 * Linux puts there: count, pointers to the arguments, an empty environment and an empty auxiliary vector.
 */
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/program.h"

enum { STACK_BYTES = 256 * 1024 };
#define STACK_TOP (USER_END - UINT64_C(0x10000))

static int load(struct process *p, const struct segment *s)
{
    return memory_add(p, s->begin, s->end, s->prot, CONTENTS_PROGRAM, !(s->prot & PROT_WRITE)) ? 0 : -ENOMEM;
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
    if (!memory_add(p, STACK_TOP - STACK_BYTES, STACK_TOP, PROT_READ | PROT_WRITE, CONTENTS_ZERO, false) ||
        copy_to(p, text, a->text, a->bytes) < 0 || copy_to(p, *sp, words, n_words * 8) < 0)
        return -ENOMEM;
    return 0;
}

static int find(struct process *p, const char *path)
{
    size_t n = length(path);

    if (n >= PATH)
        return -ENOENT;
    memcpy(p->path, path, n + 1);
    return program_find(path, STACK_TOP - STACK_BYTES, &p->program);
}

int exec_load(struct process *p, const char *path, const struct arguments *a, struct frame *f)
{
    uintptr_t sp;
    int error = find(p, path);

    for (unsigned i = 0; !error && i < p->program.n; i++)
        error = load(p, &p->program.segments[i]);
    if (error)
        return error;
    memory_brk_begin(p, p->program.end);
    error = push_arguments(p, a, &sp);
    if (error)
        return error;
    arch_frame_user(f, p->program.entry, sp, 0);
    return 0;
}

int exec_replica(struct process *p, const char *path)
{
    return find(p, path);
}
