/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.c - pages of user memory when they are touched, by a program or for it: the range says what may be
 * done (memory.c), dsm.h gets the page. Ranges of object 0 are text, and files that are shared: each node has
 * them out of its own initial ram disk, and nobody writes them. Waiting for a page, anything may happen to
 * the range: it is looked at again afterwards.
 */
#include "guest-kernel/core/vma.h"
#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/kernel/process.h"

/* So soon it is seen that a thread has gone on, if no trap tells earlier. */
enum { PROGRESS_NS = 5000, AGAIN_NS = 4 * PROGRESS_NS };

static uintptr_t down(uintptr_t at)
{
    return at & ~(uintptr_t)(PAGE - 1);
}

static void *text_page(struct process *p, const struct vma_area *a, uintptr_t at)
{
    unsigned has;
    void *page = space_page(p->root, at, &has);

    if (page)
        return page;
    page = page_new();
    if (!page)
        return NULL;
    memory_contents(p, a, at, page);
    if (space_map(p->root, at, page, a->prot & ~(unsigned)PROT_WRITE) < 0) {
        page_free(page);
        return NULL;
    }
    if (a->prot & PROT_EXEC)
        arch_code_changed();
    return page;
}

static void *shared_page(uintptr_t at, unsigned prot, struct page_ref *ref)
{
    if (prot & PROT_EXEC)
        return NULL;
    ref->key = (at - SHARED_BEGIN) / PAGE;
    ref->frame = dsm_get(ref->key, prot & PROT_WRITE, NULL, &ref->status);
    ref->pinned = ref->frame != NULL;
    return ref->frame;
}

/* That page of the process, as far as is known here, with these rights. NULL: none. */
static const struct vma_area *range_of(const struct process *p, uintptr_t at, unsigned prot, uint64_t key)
{
    const struct vma_area *a = memory_known(p, at);

    return a && (prot & a->prot) == prot && a->object &&
                   key == dsm_key(p->id, a->object, a->first + (at - a->begin) / PAGE)
               ? a
               : NULL;
}

void *user_page(struct process *p, uintptr_t at, unsigned prot, struct page_ref *ref)
{
    *ref = (struct page_ref){.status = CORE_EINVAL};
    if (shared_here(at))
        return shared_page(at, prot, ref);
    for (;;) {
        const struct vma_area *a = memory_range(p, at, &ref->status);
        if (!a)
            return NULL;
        if ((prot & a->prot) != prot || (prot & PROT_WRITE && !a->object)) {
            ref->status = CORE_EINVAL;
            return NULL;
        }
        if (memory_beyond(a, down(at))) {
            ref->status = PAGE_BEYOND;
            return NULL;
        }
        if (!a->object) {
            ref->status = CORE_ENOMEM;
            return ref->frame = text_page(p, a, down(at));
        }
        ref->key = dsm_key(p->id, a->object, a->first + (at - a->begin) / PAGE);
        ref->frame = dsm_get(ref->key, prot & PROT_WRITE, a, &ref->status);
        if (!ref->frame) {
            memory_quiet();
            return NULL;
        }
        ref->pinned = true;
        a = range_of(p, at, prot, ref->key);
        if (a) {
            ref->prot = dsm_writable(ref->key) ? a->prot : a->prot & ~(unsigned)PROT_WRITE;
            return ref->frame;
        }
        user_page_put(ref);
        memory_quiet(); /* who takes the range back may have waited for this thread */
    }
}

void user_page_put(struct page_ref *ref)
{
    if (ref->pinned)
        dsm_unpin(ref->key, false);
    ref->pinned = false;
}

void memory_progress(bool anyway)
{
    struct thread *t = current();

    if (!t->pinned)
        return;
    if (!anyway && arch_frame_pc(t->frame) == t->pinned_pc) {
        timer_by(arch_time_ns() + AGAIN_NS); /* not yet, or a loop of few instructions is there again */
        return;
    }
    t->pinned = false;
    dsm_unpin(t->pinned_key, arch_frame_pc(t->frame) == t->pinned_pc);
}

bool process_fault(uintptr_t address, unsigned prot)
{
    struct thread *t = current();
    struct process *p = t->process;
    struct page_ref ref;

    memory_progress(true);
    if (user_page(p, address, prot, &ref)) {
        if (ref.prot && ref.pinned && space_map(p->root, down(address), ref.frame, ref.prot) < 0) {
            user_page_put(&ref);
            ref.status = CORE_ENOMEM;
        } else {
            if (ref.pinned && ref.prot & PROT_EXEC)
                arch_code_changed();
            t->pinned = ref.pinned;
            t->pinned_key = ref.key;
            t->pinned_pc = arch_frame_pc(t->frame);
            /* Another node waits for it, or another CPU may hear of one that does: no trap may come. */
            if (t->pinned && (boot_info.n_cpus > 1 || dsm_wanted(ref.key)))
                timer_by(arch_time_ns() + PROGRESS_NS);
            return true;
        }
    }
    if (p->ending)
        return true; /* it is on its way out */
    if (ref.status == CORE_EINVAL) {
        process_end(p, SIGSEGV);
        return false;
    }
    if (ref.status != PAGE_BEYOND)
        print("process %d: the page at %lx is lost: error %d\n", p->id, down(address), -ref.status);
    process_end(p, SIGBUS);
    return false;
}
