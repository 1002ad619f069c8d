/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stack.c - see stack.h. What was a stack once stays one: taking it out of the tables would disturb all CPUs.
 */
#include "guest-kernel/kernel/stack.h"
#include "guest-kernel/kernel/process.h"

enum { SLOT = 2 * KERNEL_STACK, PAGES = KERNEL_STACK / PAGE };

_Static_assert(sizeof(struct thread) <= THREAD_BYTES, "the record is at the end of the stack");
_Static_assert(KERNEL_STACK == 1 << STACK_BIT, "the bit tells");

static unsigned slots; /* so far */
static struct thread *unused;
static unsigned n_unused;

static struct thread *make(void)
{
    uintptr_t at = STACKS_BEGIN + (uintptr_t)slots * SLOT + KERNEL_STACK;
    void *page[PAGES];
    unsigned n = 0;

    if (at >= USER_BEGIN || paging_tables(at) < 0)
        return NULL;
    while (n < PAGES && (page[n] = page_new()))
        n++;
    if (n < PAGES) {
        while (n)
            page_free(page[--n]);
        return NULL;
    }
    for (n = 0; n < PAGES; n++)
        paging_stack(at + n * PAGE, page[n]);
    arch_paging_flush_here(); /* other CPUs do when they take an address space, before they take the stack */
    slots++;
    return (struct thread *)(at + KERNEL_STACK - THREAD_BYTES);
}

struct thread *stack_new(void)
{
    struct thread *t = unused;

    if (!t)
        return make();
    unused = t->next;
    n_unused--;
    return memset(t, 0, sizeof *t);
}

void stack_free(struct thread *t)
{
    t->next = unused;
    unused = t;
    n_unused++;
}

uint64_t stacks_free_bytes(void)
{
    return (uint64_t)n_unused * KERNEL_STACK;
}

static bool in_slot(uintptr_t at)
{
    return at >= STACKS_BEGIN && at < STACKS_BEGIN + (uint64_t)slots * SLOT;
}

bool stack_guard(uintptr_t at)
{
    return in_slot(at) && !(at >> STACK_BIT & 1);
}

bool stack_holds(uintptr_t at, uint64_t n)
{
    uintptr_t last = at + n - 1, boot = (uintptr_t)boot_stack;

    if (at >= boot && last < boot + KERNEL_STACK)
        return last >= at;
    return in_slot(at) && at >> STACK_BIT & 1 && at >> STACK_BIT == last >> STACK_BIT;
}
