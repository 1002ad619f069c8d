/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_fork.c - fork by a thread elsewhere than at its process's origin. The child's origin is the thread's
 * node; its parent's books, and the files that it inherits, are at the parent's origin.
 *
 *     node of the caller                         the parent's origin
 *        |---- CALL clone: token --------------------->|   as any other call
 *        |<--- SPAWN: whose fork, token, files --------|   the child is there; its thread waits
 *        |---- SPAWNED ------------------------------->|   (process.copying)
 *        |<--- its id ---------------------------------|
 *        |---- RANGES: from that address on ---------->|   again and again: a range, and its pages that
 *        |<--------------------------------------------|   somebody has touched
 *
 * The caller then reads these pages as a program would, so they may change owners and be unmapped meanwhile,
 * and each is as it was at some time within the call. What nobody has touched the child finds where its
 * parent does. Copies of pages are objects of the child's own.
 */
#include "guest-kernel/core/vma.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"
#include "guest-kernel/kernel/syscall.h"

enum { CALL_WAIT4 = 260, KEYS = 480 };

struct forking { /* on its thread's stack */
    struct forking *next;
    int process;
    uint32_t token;
    const struct frame *begin;
    uint64_t tls;
    struct process *child; /* held; NULL: not there yet */
    _Alignas(16) uint8_t fp[FP_BYTES];
};
static struct forking *forkings;
static uint32_t last_token;

struct question {
    int64_t process;
    uint64_t at;
};
struct range { /* the first at the address or above, or what is left of it */
    uint64_t begin, end, first, offset;
    uint32_t object, file, prot, n;
    uint64_t next; /* where to go on; 0: that was the last one */
    uint64_t brk_begin, brk;
    uint64_t key[KEYS]; /* n of them: touched pages */
};
_Static_assert(sizeof(struct range) <= REMOTE_BYTES, "one message");

/* ---- the origin ---- */

static void describe(const struct process *p, uint64_t at, struct range *r)
{
    const struct vma_area *a = vma_from(p->space, at), *behind;

    r->n = 0;
    r->begin = r->end = r->next = 0;
    r->brk_begin = p->space->brk_begin;
    r->brk = p->space->brk;
    if (!a)
        return;
    r->begin = at > a->begin ? at : a->begin;
    r->end = a->end;
    r->first = a->first + (a->object ? (r->begin - a->begin) / PAGE : 0);
    r->offset = a->offset + (a->file ? r->begin - a->begin : 0);
    r->object = a->object;
    r->file = a->file;
    r->prot = a->prot;
    if (a->object) {
        uint64_t first = dsm_key(p->id, a->object, r->first);
        r->n = dsm_touched(first, first + (r->end - r->begin) / PAGE - 1, r->key, KEYS);
        if (r->n == KEYS)
            r->end = r->begin + (r->key[KEYS - 1] - first + 1) * PAGE;
    }
    behind = vma_from(p->space, r->end);
    r->next = behind ? r->end : 0;
}

void remote_fork_message(unsigned from, uint32_t request, const void *data, size_t bytes)
{
    static struct range r;
    struct question q = {0};
    const struct process *p = NULL;

    if (bytes >= sizeof q) {
        memcpy(&q, data, sizeof q);
        p = q.process > 0 && q.process <= INT32_MAX ? process_here((int)q.process) : NULL;
    }
    if (!p || p->replica || !(p->nodes & core_bit(from)) || q.at % PAGE) {
        cluster_answer(from, request, REMOTE_RANGES, &r, 0);
        return;
    }
    describe(p, q.at, &r);
    cluster_answer(from, request, REMOTE_RANGES, &r, offsetof(struct range, key) + r.n * sizeof r.key[0]);
}

/* ---- the caller's node ---- */

/* One page of the parent, which is somewhere. What has been unmapped meanwhile is left out. */
static int copy_page(struct process *to, const struct vma_area *a, struct process *from, uintptr_t at)
{
    uint64_t key = dsm_key(to->id, a->object, a->first + (at - a->begin) / PAGE);
    struct page_ref ref;
    int status;

    if (!user_page(from, at, 0, &ref))
        return ref.status == CORE_EINVAL ? 0 : ref.status == CORE_ENOMEM ? -ENOMEM : -EHOSTDOWN;
    void *copy = dsm_get(key, true, a, &status); /* of this node alone: it does not wait */
    if (copy) {
        memcpy(copy, ref.frame, PAGE);
        dsm_unpin(key, false);
    }
    user_page_put(&ref);
    memory_quiet();
    return copy ? 0 : -ENOMEM;
}

static int copy_range(struct process *to, struct process *from, const struct range *r)
{
    struct vma_area a = {.begin = r->begin,
                         .end = r->end,
                         .first = r->first,
                         .offset = r->offset,
                         .object = r->object,
                         .file = r->file,
                         .prot = (uint8_t)r->prot};
    int error = 0;

    if (!memory_adopt(to, &a))
        return -ENOMEM;
    for (uint32_t i = 0; !error && a.object && i < r->n; i++) {
        uint64_t page = (r->key[i] & (DSM_OBJECT_PAGES - 1)) - a.first;
        breathe();
        error = page < (a.end - a.begin) / PAGE ? copy_page(to, &a, from, a.begin + page * PAGE) : -EINVAL;
    }
    return error;
}

static int copy_all(struct process *to, struct process *from)
{
    struct range *r = heap_new(sizeof *r);
    struct question q = {.process = from->id};
    size_t got = 0;
    int error = r ? 0 : -ENOMEM;

    for (bool more = true; !error && more; q.at = r->next) {
        if (remote_ask(process_origin(from->id), REMOTE_RANGES, &q, sizeof q, r, sizeof *r, &got) !=
                CORE_OK ||
            got < offsetof(struct range, key))
            error = -EHOSTDOWN;
        else if (r->n > (got - offsetof(struct range, key)) / sizeof r->key[0] ||
                 (r->next && r->next <= q.at))
            error = -EINVAL;
        else
            error = r->end ? copy_range(to, from, r) : 0;
        more = !error && r->next;
        if (!error)
            memory_brk_is(to, r->brk_begin, r->brk);
    }
    if (r)
        heap_free(r, sizeof *r);
    return error;
}

int32_t remote_fork_load(struct process *child, int parent, uint32_t token)
{
    const struct process *p = process_here(parent);
    struct forking *f = forkings;

    while (f && (f->process != parent || f->token != token || f->child))
        f = f->next;
    if (!f || !p)
        return -EINVAL;
    child->program = p->program;
    memcpy(child->path, p->path, sizeof child->path);
    child->copying = true;
    struct thread *t = thread_new(child, f->begin, child->id);
    if (!t)
        return -EAGAIN;
    t->tls = f->tls;
    memcpy(t->fp, f->fp, sizeof f->fp);
    process_hold(child);
    f->child = child;
    return 0;
}

/* Nobody should find a child that did not come to be. */
static int64_t undo(struct process *child, int64_t error, bool known)
{
    const uint64_t argument[CALL_ARGUMENTS] = {(uint64_t)child->id};

    process_end(child, SIGKILL);
    child->copying = false;
    wake(&child->copying);
    process_release(child);
    if (known)
        remote_system_call(CALL_WAIT4, argument);
    return error;
}

int64_t remote_fork(const struct frame *begin, uint64_t tls)
{
    struct process *p = current()->process;
    struct forking f = {
        .next = forkings, .process = p->id, .token = ++last_token, .begin = begin, .tls = tls};
    const uint64_t argument[CALL_ARGUMENTS] = {f.token};
    struct forking **at = &forkings;

    arch_fp_save(f.fp);
    forkings = &f;
    int64_t id = remote_system_call(REMOTE_CALL_FORK, argument);
    while (*at != &f)
        at = &(*at)->next;
    *at = f.next;
    if (!f.child)
        return id > 0 ? -EINVAL : id;
    if (id != f.child->id)
        return undo(f.child, id < 0 ? id : -EINVAL, false);
    int error = copy_all(f.child, p);
    if (error)
        return undo(f.child, error, true);
    f.child->copying = false;
    wake(&f.child->copying);
    process_release(f.child);
    return id;
}
