/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_pass.c - the open files that a process on another node inherits.
 *
 *     parent's node       child's node            homes of the files
 *          |---- PASS -------->|
 *          |                   |---- TAKE ------------->|   holds them from now on
 *          |                   |<-----------------------|
 *          |<-- parcel ------- |
 *          |---- SPAWN with the parcel's number -->     |   else DROP
 *
 * The parent's node has the files until it is answered, and each node asks the homes itself: messages of one
 * node to a home keep their order, so a reference that is given back (RELEASE) and one that is taken do not
 * mix. The console needs no reference: there is one for all.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"

struct file_ref {
    uint64_t number;
    uint32_t home, descriptors; /* a mask */
};
struct remote_pass {
    uint32_t n, zero;
    struct file_ref ref[FILES];
};
struct parcel { /* at the child's node */
    struct msg_call call;
    struct parcel *next;
    unsigned from;
    uint32_t request;
    uint32_t number;
    bool asking, dead;
    struct remote_pass pass;
    struct file *file[FILES]; /* of pass.ref */
};
static struct parcel *parcels;
static uint32_t last_number;

static void add(struct remote_pass *m, const struct file *f, unsigned descriptor)
{
    uint32_t home = f->kind == FILE_REMOTE ? f->home : cluster_self(), i = 0;

    while (i < m->n && (m->ref[i].home != home || m->ref[i].number != f->number))
        i++;
    if (i == m->n)
        m->ref[m->n++] = (struct file_ref){.number = f->number, .home = home};
    m->ref[i].descriptors |= UINT32_C(1) << descriptor;
}

int64_t remote_pass(const struct process *p, unsigned node, bool all, struct remote_files *files)
{
    struct file *held[FILES];
    struct remote_pass m = {0};
    int64_t number = 0;
    unsigned n = 0;

    *files = (struct remote_files){.close_on_exec = all ? p->close_on_exec : 0};
    for (unsigned i = 0; i < FILES; i++) {
        struct file *f = !all && p->close_on_exec >> i & 1 ? NULL : p->files[i];
        if (!f)
            continue;
        if (f->kind == FILE_CONSOLE)
            files->console |= UINT32_C(1) << i;
        else
            add(&m, held[n++] = file_hold(f), i);
    }
    if (m.n)
        number = remote_ask_number(node, REMOTE_FILE_PASS, &m, sizeof m);
    while (n)
        file_close(held[--n]);
    if (number > 0)
        files->parcel = (uint32_t)number;
    return number < 0 ? number : 0;
}

void remote_pass_drop(unsigned node, const struct remote_files *files)
{
    if (files->parcel)
        cluster_post(node, REMOTE_FILE_DROP, &files->parcel, sizeof files->parcel);
}

static void free_parcel(struct parcel *x)
{
    struct parcel **at = &parcels;

    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
    for (uint32_t i = 0; i < x->pass.n; i++)
        if (x->file[i])
            file_close(x->file[i]);
    heap_free(x, sizeof *x);
}

static struct parcel *find(unsigned from, uint32_t number)
{
    struct parcel *x = parcels;

    while (x && (x->from != from || x->number != number || x->asking))
        x = x->next;
    return x;
}

void remote_pass_take(struct process *child, unsigned from, const struct remote_files *files)
{
    struct parcel *x = find(from, files->parcel);

    descriptors_console(child, files->console);
    child->close_on_exec = files->close_on_exec;
    for (uint32_t i = 0; x && i < x->pass.n; i++)
        for (unsigned k = 0; x->file[i] && k < FILES; k++)
            if (x->pass.ref[i].descriptors >> k & 1 && !child->files[k])
                child->files[k] = file_hold(x->file[i]);
    if (x)
        free_parcel(x);
}

static void answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    (void)c;
    (void)from;
    (void)data;
    (void)len;
}

static void done(struct msg_call *c, int status)
{
    struct parcel *x = (struct parcel *)c;

    x->asking = false;
    remote_answer_number(x->from, x->request, REMOTE_FILE_PASS,
                         status == CORE_OK ? (int64_t)x->number : -EHOSTDOWN);
    if (status != CORE_OK || x->dead)
        free_parcel(x);
}

/* The nodes that have to be asked. */
static uint64_t open_all(struct parcel *x)
{
    uint64_t homes = 0;

    for (uint32_t i = 0; i < x->pass.n; i++) {
        const struct file_ref *r = &x->pass.ref[i];
        struct file *f = r->home == cluster_self() ? file_numbered(r->number) : NULL;
        if (f)
            x->file[i] = file_hold(f);
        else if (r->home != cluster_self() && r->home < cluster_nodes())
            x->file[i] = file_reference(r->home, r->number);
        if (x->file[i] && r->home != cluster_self() && cluster_alive(r->home))
            homes |= core_bit(r->home);
    }
    return homes;
}

static void pass(unsigned from, uint32_t request, const struct remote_pass *m)
{
    struct parcel *x = m->n && m->n <= FILES ? heap_new(sizeof *x) : NULL;

    if (!x) {
        remote_answer_number(from, request, REMOTE_FILE_PASS, m->n <= FILES ? -ENOMEM : -EINVAL);
        return;
    }
    last_number = last_number % INT32_MAX + 1;
    *x = (struct parcel){.call = {.answered = answered, .done = done},
                         .next = parcels,
                         .from = from,
                         .request = request,
                         .number = last_number,
                         .asking = true,
                         .pass = *m};
    parcels = x;
    uint64_t homes = open_all(x);
    if (!homes) {
        done(&x->call, CORE_OK);
        return;
    }
    int status = cluster_request(&x->call, homes, (unsigned)__builtin_popcountll(homes), REMOTE_FILE_TAKE, m,
                                 sizeof *m);
    if (status != CORE_OK)
        done(&x->call, status);
}

static void take(unsigned from, const struct remote_pass *m)
{
    for (uint32_t i = 0; i < m->n && i < FILES; i++) {
        const struct file_ref *r = &m->ref[i];
        struct file *f = r->home == cluster_self() && r->number ? file_numbered(r->number) : NULL;
        if (f)
            file_held(f, from);
    }
}

void remote_pass_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    struct remote_pass m;
    uint32_t number;

    if (type == REMOTE_FILE_DROP) {
        if (bytes < sizeof number)
            return;
        memcpy(&number, data, sizeof number);
        struct parcel *x = find(from, number);
        if (x)
            free_parcel(x);
        return;
    }
    if (bytes < sizeof m) {
        remote_answer_number(from, request, type, -EINVAL);
        return;
    }
    memcpy(&m, data, sizeof m);
    if (type == REMOTE_FILE_PASS) {
        pass(from, request, &m);
    } else {
        take(from, &m);
        remote_answer_number(from, request, type, 0);
    }
}

void remote_pass_dead(unsigned node)
{
    for (struct parcel *x = parcels, *next; x; x = next) {
        next = x->next;
        if (x->from != node)
            continue;
        x->dead = true; /* its homes' answers, or their deaths, end it */
        if (!x->asking)
            free_parcel(x);
    }
}
