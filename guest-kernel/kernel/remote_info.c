/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote_info.c - what nodes tell of themselves, as files that are made when they are opened:
 *
 *     /proc/ps               processes of all nodes
 *     /proc/NODE/cpuinfo     instruction set, processors
 *     /proc/NODE/meminfo     memory in KiB
 *     /proc/NODE/counters    messages and pages
 *     /proc/NODE/files       open files: number, what, users there, nodes that refer to it (a mask); of a
 * reference: number and node of what it refers to
 *
 * And the console of the whole: on a node without a first program, what programs print goes to node 0.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/remote.h"
#include "guest-kernel/kernel/text.h"

enum { INFO_PS, INFO_CPU, INFO_MEMORY, INFO_COUNTERS, INFO_FILES };

struct text {
    char *at;
    size_t n;
};

static void add(struct text *t, const char *s)
{
    size_t n = length(s);

    if (n > PAGE - t->n)
        n = PAGE - t->n;
    memcpy(t->at + t->n, s, n);
    t->n += n;
}

static void add_number(struct text *t, uint64_t value, const char *behind)
{
    char digits[24], *p = digits + sizeof digits - 1;

    *p = 0;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    add(t, p);
    add(t, behind);
}

static void add_line(struct text *t, const char *name, uint64_t value)
{
    add(t, name);
    add(t, " ");
    add_number(t, value, "\n");
}

/* id, parent, node, threads, state, program; a line each */
static void processes(struct text *t)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        const struct process *p = process_at(i);
        if (!p || p->replica)
            continue;
        add_number(t, (uint64_t)p->id, " ");
        add_number(t, (uint64_t)p->parent, " ");
        add_number(t, cluster_self(), " ");
        add_number(t, p->threads + p->elsewhere,
                   p->zombie   ? " zombie "
                   : p->ending ? " ending "
                               : " running ");
        add(t, p->path);
        add(t, "\n");
    }
}

static void counters(struct text *t)
{
    const struct page_counts *c = dsm_counts();
    const struct msg_counts *m = cluster_counts();

    add_line(t, "page_faults", c->faults);
    add_line(t, "page_faults_joined", c->coalesced);
    add_line(t, "page_requests", c->requests);
    add_line(t, "page_messages", c->sent);
    add_line(t, "pages_sent", c->sent_data);
    add_line(t, "pages_first_touched", c->initial);
    add_line(t, "messages_sent", m->sent);
    add_line(t, "messages_received", m->received);
    add_line(t, "messages_repeated", m->repeated);
}

static void open_files(struct text *t)
{
    static const char *const kinds[] = {[FILE_INITRD] = " disk ",
                                        [FILE_TEXT] = " text ",
                                        [FILE_PIPE_IN] = " pipe-in ",
                                        [FILE_PIPE_OUT] = " pipe-out ",
                                        [FILE_REMOTE] = " at "};
    const struct file *f;

    for (unsigned i = 0; (f = file_at(i)); i++) {
        if (!f->users && !f->holders)
            continue;
        add_number(t, f->number, kinds[f->kind]);
        if (f->kind == FILE_REMOTE)
            add_number(t, f->home, " ");
        add_number(t, f->users, " ");
        add_number(t, f->holders, "\n");
    }
}

static size_t here(unsigned which, char *page)
{
    struct text t = {page, 0};

    switch (which) {
    case INFO_PS:
        processes(&t);
        break;
    case INFO_CPU:
        add(&t, "isa ");
        add(&t, arch_name);
        add(&t, "\n");
        add_line(&t, "cpus", boot_info.n_cpus);
        break;
    case INFO_MEMORY:
        add_line(&t, "free_kib", (pages_free_bytes() + stacks_free_bytes()) / 1024);
        break;
    case INFO_COUNTERS:
        counters(&t);
        break;
    case INFO_FILES:
        open_files(&t);
        break;
    }
    return t.n;
}

static size_t ask(unsigned node, uint32_t which, char *page, size_t max)
{
    size_t got = 0;

    if (node == cluster_self()) {
        char *own = page_new();
        if (!own)
            return 0;
        got = here(which, own);
        got = got < max ? got : max;
        memcpy(page, own, got);
        page_free(own);
        return got;
    }
    return remote_ask(node, REMOTE_INFO, &which, sizeof which, page, max, &got) == CORE_OK ? got : 0;
}

/* "NODE/name" */
static bool parse(const char *s, unsigned *node, uint32_t *which)
{
    static const char *const names[] = {[INFO_CPU] = "cpuinfo",
                                        [INFO_MEMORY] = "meminfo",
                                        [INFO_COUNTERS] = "counters",
                                        [INFO_FILES] = "files"};

    if (*s < '0' || *s > '9')
        return false;
    for (*node = 0; *s >= '0' && *s <= '9' && *node < CORE_MAX_NODES; s++)
        *node = *node * 10 + (unsigned)(*s - '0');
    if (*s != '/' || *node >= cluster_nodes())
        return false;
    for (*which = INFO_CPU; *which <= INFO_FILES; ++*which)
        if (same(s + 1, names[*which]))
            return true;
    return false;
}

int64_t remote_info(const char *path, char *page)
{
    uint32_t which;
    unsigned node;

    if (same(path, "ps")) {
        size_t n = 0;
        for (node = 0; node < cluster_nodes(); node++)
            if (cluster_alive(node))
                n += ask(node, INFO_PS, page + n, PAGE - n);
        return (int64_t)n;
    }
    if (!parse(path, &node, &which))
        return -ENOENT;
    return cluster_alive(node) ? (int64_t)ask(node, which, page, PAGE) : -EHOSTDOWN;
}

bool remote_console_elsewhere(void)
{
    char what[2];

    return cluster_self() && cluster_alive(0) && boot_option("init", what, sizeof what) && same(what, "-");
}

void remote_console(const char *text, size_t n)
{
    if (remote_console_elsewhere())
        cluster_post(0, REMOTE_CONSOLE, text, n);
    else
        print_text(text, n);
}

void remote_info_message(unsigned from, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    static char page[PAGE];
    uint32_t which = UINT32_MAX;

    if (type == REMOTE_CONSOLE) {
        print_text(data, bytes);
        return;
    }
    if (bytes >= sizeof which)
        memcpy(&which, data, sizeof which);
    cluster_answer(from, request, type, page, here(which, page));
}
