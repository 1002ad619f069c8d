/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_file.c - reads and writes of files whose home is another node. The home does not wait: what cannot
 * be done yet stands in a list and is tried again whenever a pipe or the console has changed. Who asks waits,
 * and if it may wait no longer it says so; the answer comes in any case.
 *
 * A read of more than FILE_PIECE bytes names a place (msg_bulk.h), which the home writes into; the answer
 * only says how much. Others, and all writes, have their bytes in the message: what can be written is a pipe,
 * which holds no more than two such pieces.
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
    struct msg_bulk place; /* key 0: the bytes go in the answer */
    char data[];           /* to be written */
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

/* As a device sees it: not on a stack. */
struct bulk {
    struct msg_place place;
    void *page[FILE_BULK / PAGE];
    unsigned pages;
};

static void bulk_free(struct bulk *b)
{
    while (b->pages)
        page_free(b->page[--b->pages]);
    heap_free(b, sizeof *b);
}

/* Cleared pages: no home can show what was in them before. */
static struct bulk *bulk_new(size_t bytes)
{
    struct bulk *b = heap_new(sizeof *b);

    if (!b)
        return NULL;
    b->pages = 0;
    while (b->pages * PAGE < bytes && (b->page[b->pages] = page_new()))
        b->pages++;
    if (b->pages * PAGE >= bytes)
        return b;
    bulk_free(b);
    return NULL;
}

static int64_t bulk_out(const struct bulk *b, uintptr_t to, size_t n)
{
    for (size_t done = 0, now; done < n; done += now) {
        now = n - done < PAGE ? n - done : PAGE;
        if (copy_out(to + done, b->page[done / PAGE], now) < 0)
            return -EFAULT;
    }
    return (int64_t)n;
}

int64_t remote_file_bulk(struct file *f, uintptr_t to, uint64_t n)
{
    size_t bytes = n < FILE_BULK ? (size_t)n : FILE_BULK, got = 0;
    struct bulk *b = bulk_new(bytes);
    struct {
        uint64_t token, number;
        int64_t n;
        struct msg_bulk place;
    } m = {.token = ++last_token, .number = f->number, .n = (int64_t)bytes};
    _Static_assert(offsetof(typeof(m), place) == FILE_PIECE_HEAD, "format");

    if (!b)
        return -ENOMEM;
    if (cluster_place_open(&b->place, f->home, b->page, bytes) != CORE_OK) {
        bulk_free(b);
        return -ENOMEM;
    }
    m.place = b->place.name;
    int status =
        remote_ask_long(f->home, REMOTE_FILE_READ, &m, sizeof m, &m, sizeof m, &got, REMOTE_FILE_CANCEL);
    cluster_place_close(&b->place);
    int64_t result = status == CORE_ENOMEM                        ? -ENOMEM
                     : status != CORE_OK || got < FILE_PIECE_HEAD ? -EHOSTDOWN
                     : m.n > (int64_t)bytes                       ? -EINVAL
                     : m.n > 0                                    ? bulk_out(b, to, (size_t)m.n)
                                                                  : m.n;
    bulk_free(b);
    return result;
}

void remote_file_release(const struct file *f)
{
    cluster_post(f->home, REMOTE_FILE_RELEASE, &f->number, sizeof f->number);
}

/* ---- the file's home ---- */

static void refuse(unsigned node, uint32_t request, unsigned type, int64_t error)
{
    static struct file_piece p;

    p.n = error;
    cluster_answer(node, request, type, &p, FILE_PIECE_HEAD);
}

static void end(struct waiting **at, struct file_piece *p)
{
    struct waiting *w = *at;
    struct file *f = w->file;

    *at = w->next;
    size_t n = !w->write && !w->place.key && p->n > 0 ? (size_t)p->n : 0;
    cluster_answer(w->from, w->request, w->write ? REMOTE_FILE_WRITE : REMOTE_FILE_READ, p,
                   FILE_PIECE_HEAD + n);
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

static int64_t get_bulk(const struct waiting *w)
{
    static char buffer[CLUSTER_WRITE];
    size_t done = 0;
    int64_t got;

    do {
        got = file_get(w->file, buffer, w->n - done < sizeof buffer ? w->n - done : sizeof buffer);
        if (got > 0) {
            cluster_write(w->from, &w->place, done, buffer, (size_t)got);
            done += (size_t)got;
        }
    } while (got > 0 && done < w->n && file_steady(w->file));
    return done ? (int64_t)done : got;
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
                p.n = w->write       ? file_put(w->file, w->data, w->n)
                      : w->place.key ? get_bulk(w)
                                     : file_get(w->file, p.data, w->n);
            if (p.n == -EAGAIN)
                at = &w->next;
            else
                end(at, &p);
        }
    }
    serving = false;
}

static void begin(unsigned from, uint32_t request, const struct file_piece *m, const struct msg_bulk *place,
                  bool write)
{
    struct file *f = file_numbered(m->number);
    struct waiting *w = NULL, **at = &first;
    int64_t error = -EBADF;
    size_t n = (size_t)m->n;

    if (f && (!m->number || (f->holders & core_bit(from)))) {
        w = heap_new(sizeof *w + (write ? n : 0));
        error = -ENOMEM;
    }
    if (!w) {
        refuse(from, request, write ? REMOTE_FILE_WRITE : REMOTE_FILE_READ, error);
        return;
    }
    *w = (struct waiting){.file = file_hold(f),
                          .from = from,
                          .request = request,
                          .write = write,
                          .token = m->token,
                          .n = n,
                          .place = *place};
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
    struct msg_bulk place = {0};
    if (bytes >= FILE_PIECE_HEAD && bytes <= sizeof m)
        memcpy(&m, data, bytes);
    if (!write && bytes >= FILE_PIECE_HEAD + sizeof place && bytes <= sizeof m)
        memcpy(&place, m.data, sizeof place);
    int64_t most = !place.key ? FILE_PIECE : place.bytes < FILE_BULK ? place.bytes : FILE_BULK;
    if (bytes < FILE_PIECE_HEAD || bytes > sizeof m || m.n < 0 || m.n > most ||
        (write && (size_t)m.n > bytes - FILE_PIECE_HEAD)) {
        refuse(from, request, type, -EINVAL);
        return;
    }
    begin(from, request, &m, &place, write);
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
