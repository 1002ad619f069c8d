/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_file.c - reads and writes of files whose home is another node. The home does not wait: what cannot
 * be done yet stands in a list and is tried again whenever a pipe or the console has changed. Who asks waits,
 * and if it may wait no longer it says so; the answer comes in any case.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/remote.h"

struct waiting {
    struct waiting *next;
    struct file *file; /* held */
    unsigned from;
    uint32_t request;
    bool write;
    uint64_t token;
    size_t n;
    char data[]; /* to be written */
};
static struct waiting *first;
static uint64_t last_token;

/* ---- who asks ---- */

static int64_t ask(const struct file *f, unsigned type, struct file_piece *p, size_t n, size_t bytes)
{
    size_t got = 0;

    p->token = ++last_token;
    p->number = f->number;
    p->n = (int64_t)n;
    int status =
        remote_ask_long(f->home, type, p, FILE_PIECE_HEAD + bytes, p, sizeof *p, &got, REMOTE_FILE_CANCEL);
    if (status == CORE_ENOMEM)
        return -ENOMEM;
    if (status != CORE_OK || got < FILE_PIECE_HEAD)
        return -EHOSTDOWN;
    return p->n > (int64_t)n || (!bytes && p->n > (int64_t)(got - FILE_PIECE_HEAD)) ? -EINVAL : p->n;
}

int64_t remote_file_read(struct file *f, struct file_piece *p, size_t n)
{
    return ask(f, REMOTE_FILE_READ, p, n, 0);
}

int64_t remote_file_write(struct file *f, struct file_piece *p, size_t n)
{
    return ask(f, REMOTE_FILE_WRITE, p, n, n);
}

void remote_file_release(const struct file *f)
{
    cluster_post(f->home, REMOTE_FILE_RELEASE, &f->number, sizeof f->number);
}

/* ---- the file's home ---- */

static void answer(unsigned node, uint32_t request, unsigned type, struct file_piece *p)
{
    size_t n = type == REMOTE_FILE_READ && p->n > 0 ? (size_t)p->n : 0;

    cluster_answer(node, request, type, p, FILE_PIECE_HEAD + n);
}

static void end(struct waiting **at, struct file_piece *p)
{
    struct waiting *w = *at;
    struct file *f = w->file;

    *at = w->next;
    answer(w->from, w->request, w->write ? REMOTE_FILE_WRITE : REMOTE_FILE_READ, p);
    heap_free(w, sizeof *w + (w->write ? w->n : 0));
    file_close(f);
}

/* May that one be done before others? */
static bool is_next(const struct waiting *w)
{
    for (const struct waiting *x = first; x != w; x = x->next)
        if (x->file == w->file)
            return false;
    return true;
}

void remote_file_serve(void)
{
    static struct file_piece p;
    static bool serving, again;

    again = true;
    if (serving)
        return; /* what is being done has changed something: one more round */
    serving = true;
    while (again) {
        again = false;
        for (struct waiting **at = &first; *at;) {
            struct waiting *w = *at;
            p.n = -EAGAIN;
            if (is_next(w))
                p.n = w->write ? file_put(w->file, w->data, w->n) : file_get(w->file, p.data, w->n);
            if (p.n == -EAGAIN)
                at = &w->next;
            else
                end(at, &p);
        }
    }
    serving = false;
}

static void begin(unsigned from, uint32_t request, const struct file_piece *m, bool write)
{
    struct file *f = file_numbered(m->number);
    struct waiting *w = NULL, **at = &first;
    static struct file_piece error;
    size_t n = (size_t)m->n;

    error.n = -EBADF;
    if (f && (!m->number || (f->holders & core_bit(from)))) {
        w = heap_new(sizeof *w + (write ? n : 0));
        error.n = -ENOMEM;
    }
    if (!w) {
        answer(from, request, write ? REMOTE_FILE_WRITE : REMOTE_FILE_READ, &error);
        return;
    }
    *w = (struct waiting){
        .file = file_hold(f), .from = from, .request = request, .write = write, .token = m->token, .n = n};
    if (write)
        memcpy(w->data, m->data, n);
    while (*at)
        at = &(*at)->next;
    *at = w;
    remote_file_serve();
}

static void cancel(unsigned from, uint64_t token)
{
    struct file_piece p = {.n = -EINTR};

    for (struct waiting **at = &first; *at; at = &(*at)->next)
        if ((*at)->from == from && (*at)->token == token) {
            end(at, &p);
            return;
        }
}

void remote_file_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    static struct file_piece m;
    uint64_t number;

    if (type == REMOTE_FILE_CANCEL || type == REMOTE_FILE_RELEASE) {
        if (bytes < sizeof number)
            return;
        memcpy(&number, data, sizeof number);
        struct file *f = type == REMOTE_FILE_RELEASE ? file_numbered(number) : NULL;
        if (type == REMOTE_FILE_CANCEL)
            cancel(from, number);
        else if (f)
            file_released(f, from);
        return;
    }
    bool write = type == REMOTE_FILE_WRITE;
    if (bytes >= FILE_PIECE_HEAD && bytes <= sizeof m)
        memcpy(&m, data, bytes);
    if (bytes < FILE_PIECE_HEAD || bytes > sizeof m || m.n < 0 || m.n > FILE_PIECE ||
        (write && (size_t)m.n > bytes - FILE_PIECE_HEAD)) {
        m.n = -EINVAL;
        answer(from, request, type, &m);
        return;
    }
    begin(from, request, &m, write);
}

void remote_file_dead(unsigned node)
{
    static struct file_piece p; /* that nobody hears */

    for (struct waiting **at = &first; *at;)
        if ((*at)->from == node)
            end(at, &p), at = &first; /* others may have been done by that */
        else
            at = &(*at)->next;
    file_dead(node);
}
