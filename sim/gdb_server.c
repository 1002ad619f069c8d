/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_server.c - see gdb_server.h. One function per family of packets, and a table that names them.
 *
 * gdb 13's ways that matter here: in all-stop mode it sends vCont with actions for threads, then waits; it
 * takes all its breakpoints out whenever it stops and puts them back before it goes on; each process's
 * description of registers is read when it attaches to that process.
 *
 * Longer than usual: each function is one packet of the protocol and is used by the table alone.
 */
#include "sim/gdb_server.h"
#include "sim/gdb_packet.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gdb_server {
    struct gdb_target t;
    void (*send)(void *ctx, const void *bytes, size_t len);
    void *send_ctx;
    struct gdb_parser in;
    struct gdb_out out;
    char frame[GDB_PACKET_MAX + 8];
    size_t frame_len; /* last packet sent, for '-' */
    unsigned refused; /* in a row */
    bool acks, extended, multiprocess, swbreak, hwbreak, running, bye;
    bool attached[GDB_MAX_NODES];
    unsigned node, cpu;               /* Hg */
    unsigned resume_node, resume_cpu; /* Hc */
    unsigned last_node, last_cpu;     /* of the last stop reported */
    uint8_t bytes[GDB_PACKET_MAX];
    char list[GDB_PACKET_MAX]; /* qXfer:threads */
};

enum { MANY_REFUSALS = 16 };

static void flush(struct gdb_server *s)
{
    s->frame_len = gdb_frame(&s->out, s->frame);
    s->send(s->send_ctx, s->frame, s->frame_len);
}

static void reply(struct gdb_server *s, const char *text)
{
    gdb_out_clear(&s->out);
    gdb_out_add(&s->out, "%s", text);
}

static void reply_int(struct gdb_server *s, int r)
{
    reply(s, r < 0 ? "E01" : "OK");
}

/* ---- threads ---- */

static void add_thread(struct gdb_server *s, unsigned node, unsigned cpu)
{
    if (s->multiprocess)
        gdb_out_add(&s->out, "p%x.%x", node + 1, cpu + 1);
    else
        gdb_out_add(&s->out, "%x", node * GDB_MAX_CPUS + cpu + 1);
}

struct thread {
    unsigned node, cpu; /* ALL: any */
};
enum { ALL = 0xffff };

/* "p1.2", "p1.-1", "p1", "-1", "0", "1a": *text is moved behind it. */
static bool parse_thread(struct gdb_server *s, const char **text, struct thread *th)
{
    const char *t = *text;
    uint64_t pid, tid = 0;

    *th = (struct thread){ALL, ALL};
    if (*t == 'p') {
        t++;
        if (!strncmp(t, "-1", 2)) {
            t += 2;
            pid = 0;
        } else if (!gdb_hex(&t, &pid) || pid > s->t.n_nodes) {
            return false;
        }
        if (pid)
            th->node = (unsigned)pid - 1;
        if (*t == '.') {
            t++;
            if (!strncmp(t, "-1", 2))
                t += 2;
            else if (!gdb_hex(&t, &tid) || tid > GDB_MAX_CPUS)
                return false;
            if (tid)
                th->cpu = (unsigned)tid - 1;
        }
    } else if (!strncmp(t, "-1", 2)) {
        t += 2;
    } else {
        if (!gdb_hex(&t, &tid) || tid > (uint64_t)s->t.n_nodes * GDB_MAX_CPUS)
            return false;
        if (tid) {
            th->node = (unsigned)(tid - 1) / GDB_MAX_CPUS;
            th->cpu = (unsigned)(tid - 1) % GDB_MAX_CPUS;
        }
    }
    *text = t;
    return th->node == ALL || th->cpu == ALL || th->cpu < s->t.cpus(s->t.ctx, th->node);
}

static void attach(struct gdb_server *s, unsigned node)
{
    s->attached[node] = true;
    s->node = s->last_node = node;
    s->cpu = s->last_cpu = 0;
    s->resume_node = s->resume_cpu = ALL;
}

static bool any_attached(const struct gdb_server *s, unsigned *node)
{
    for (*node = 0; *node < s->t.n_nodes; ++*node)
        if (s->attached[*node])
            return true;
    *node = 0;
    return false;
}

/* ---- packets: each has what stands behind its name; the reply is in s->out ---- */

static void stop_reply(struct gdb_server *s, const struct gdb_stop *st)
{
    static const char *const watch[] = {"watch", "rwatch", "awatch"};

    gdb_out_clear(&s->out);
    if (st->why == GDB_WHY_EXIT) {
        s->attached[st->node] = false;
        gdb_out_add(&s->out, "W%02x", (unsigned)st->exit_status & 0xff);
        if (s->multiprocess)
            gdb_out_add(&s->out, ";process:%x", st->node + 1);
        return;
    }
    gdb_out_add(&s->out, "T%02xthread:", (unsigned)st->signal & 0xff);
    add_thread(s, st->node, st->cpu);
    gdb_out_add(&s->out, ";");
    if (st->why == GDB_WHY_BREAK && s->swbreak)
        gdb_out_add(&s->out, "swbreak:;");
    else if (st->why == GDB_WHY_WATCH && st->watch_kind >= 2 && st->watch_kind <= 4)
        gdb_out_add(&s->out, "%s:%" PRIx64 ";", watch[st->watch_kind - 2], st->watch_addr);
    else if (st->why == GDB_WHY_BEGIN)
        gdb_out_add(&s->out, "replaylog:begin;");
}

static void on_status(struct gdb_server *s, const char *rest)
{
    unsigned node;

    (void)rest;
    if (!any_attached(s, &node)) {
        if (s->extended) {
            reply(s, "W00");
            return;
        }
        attach(s, 0);
    }
    if (!s->attached[s->node])
        attach(s, node);
    stop_reply(s, &(struct gdb_stop){.node = s->node, .cpu = s->cpu, .signal = 5});
}

static void on_extended(struct gdb_server *s, const char *rest)
{
    (void)rest;
    s->extended = true;
    reply(s, "OK");
}

static void on_supported(struct gdb_server *s, const char *rest)
{
    s->multiprocess = strstr(rest, "multiprocess+") != NULL;
    s->swbreak = strstr(rest, "swbreak+") != NULL;
    s->hwbreak = strstr(rest, "hwbreak+") != NULL;
    gdb_out_clear(&s->out);
    gdb_out_add(
        &s->out,
        "PacketSize=%x;multiprocess+;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;swbreak+;"
        "vContSupported+;ReverseStep+;ReverseContinue+",
        GDB_PACKET_MAX);
}

static void on_no_ack(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reply(s, "OK");
    flush(s);
    s->acks = false;
    s->out.len = SIZE_MAX; /* sent already */
}

static void on_attach(struct gdb_server *s, const char *rest)
{
    uint64_t pid;

    if (!gdb_hex(&rest, &pid) || pid == 0 || pid > s->t.n_nodes ||
        s->t.cpus(s->t.ctx, (unsigned)pid - 1) == 0) {
        reply(s, "E01");
        return;
    }
    attach(s, (unsigned)pid - 1);
    stop_reply(s, &(struct gdb_stop){.node = s->node, .signal = 5});
}

static void leave_node(struct gdb_server *s, unsigned node)
{
    if (s->attached[node])
        s->t.detach(s->t.ctx, node);
    s->attached[node] = false;
}

/* "D", "D;pid"; also vKill: a rack's node cannot be killed alone. */
static void on_detach(struct gdb_server *s, const char *rest)
{
    uint64_t pid;
    unsigned node;

    if (*rest == ';') {
        rest++;
        if (!gdb_hex(&rest, &pid) || pid == 0 || pid > s->t.n_nodes) {
            reply(s, "E01");
            return;
        }
        leave_node(s, (unsigned)pid - 1);
    } else {
        for (unsigned i = 0; i < s->t.n_nodes; i++)
            leave_node(s, i);
    }
    reply(s, "OK");
    if (!any_attached(s, &node)) {
        s->t.resume(s->t.ctx, NULL);
        s->bye = !s->extended;
    }
}

static void on_kill_all(struct gdb_server *s, const char *rest)
{
    (void)rest;
    on_detach(s, "");
    s->out.len = SIZE_MAX; /* 'k' has no reply */
    s->bye = true;
}

static void on_thread(struct gdb_server *s, const char *rest)
{
    struct thread th;
    char op = *rest;

    if (!op || (rest++, !parse_thread(s, &rest, &th))) {
        reply(s, "E01");
        return;
    }
    if (th.node != ALL && op == 'g') {
        s->node = th.node;
        s->cpu = th.cpu == ALL ? 0 : th.cpu;
    } else if (op == 'c') {
        s->resume_node = th.node;
        s->resume_cpu = th.cpu;
    }
    reply(s, "OK");
}

static void on_alive(struct gdb_server *s, const char *rest)
{
    struct thread th;
    reply(s, parse_thread(s, &rest, &th) && th.node != ALL && s->attached[th.node] ? "OK" : "E01");
}

static void on_current(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reply(s, "QC");
    add_thread(s, s->node, s->cpu);
}

static void on_first_threads(struct gdb_server *s, const char *rest)
{
    bool any = false;

    (void)rest;
    gdb_out_clear(&s->out);
    for (unsigned i = 0; i < s->t.n_nodes; i++)
        for (unsigned c = 0; s->attached[i] && c < s->t.cpus(s->t.ctx, i); c++) {
            gdb_out_add(&s->out, any ? "," : "m");
            add_thread(s, i, c);
            any = true;
        }
    if (!any)
        reply(s, "l");
}

static void on_more_threads(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reply(s, "l");
}

static void on_thread_info(struct gdb_server *s, const char *rest)
{
    struct thread th;
    char text[160];

    if (!parse_thread(s, &rest, &th) || th.node == ALL || th.cpu == ALL) {
        reply(s, "E01");
        return;
    }
    s->t.thread_state(s->t.ctx, th.node, th.cpu, text, sizeof text);
    gdb_out_clear(&s->out);
    gdb_out_hex(&s->out, text, strlen(text));
}

/* "offset,length" of a text: 'l' or 'm', then the bytes. */
static void window(struct gdb_server *s, const char *text, const char *rest)
{
    uint64_t offset, len;

    if (!text || !gdb_hex(&rest, &offset) || *rest++ != ',' || !gdb_hex(&rest, &len)) {
        reply(s, "E00");
        return;
    }
    size_t all = strlen(text);
    if (offset > all)
        offset = all;
    if (len > GDB_PACKET_MAX / 2 - 8)
        len = GDB_PACKET_MAX / 2 - 8;
    if (len > all - offset)
        len = all - offset;
    gdb_out_clear(&s->out);
    gdb_out_byte(&s->out, offset + len == all ? 'l' : 'm');
    for (uint64_t i = 0; i < len; i++)
        gdb_out_byte(&s->out, (uint8_t)text[offset + i]);
}

static void on_features(struct gdb_server *s, const char *rest)
{
    char annex[80];
    const char *colon = strchr(rest, ':');

    if (!colon || (size_t)(colon - rest) >= sizeof annex) {
        reply(s, "E00");
        return;
    }
    snprintf(annex, sizeof annex, "%.*s", (int)(colon - rest), rest);
    window(s, s->t.description(s->t.ctx, s->node, annex), colon + 1);
}

static void on_threads(struct gdb_server *s, const char *rest)
{
    size_t at = 0, size = sizeof s->list;
    char name[80], state[160];

    at += (size_t)snprintf(s->list, size, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (unsigned i = 0; i < s->t.n_nodes; i++)
        for (unsigned c = 0; s->attached[i] && c < s->t.cpus(s->t.ctx, i); c++) {
            s->t.thread_name(s->t.ctx, i, c, name, sizeof name);
            s->t.thread_state(s->t.ctx, i, c, state, sizeof state);
            gdb_out_clear(&s->out);
            add_thread(s, i, c);
            int n = snprintf(s->list + at, size - at, "<thread id=\"%s\" name=\"%s\">%s</thread>\n",
                             s->out.text, name, state);
            at += (size_t)n < size - at ? (size_t)n : 0;
        }
    if (size - at > 12)
        snprintf(s->list + at, size - at, "</threads>\n");
    window(s, s->list, rest);
}

static void on_read_all(struct gdb_server *s, const char *rest)
{
    (void)rest;
    int n = s->t.read_registers(s->t.ctx, s->node, s->cpu, 0, s->t.core_registers(s->t.ctx, s->node),
                                s->bytes, sizeof s->bytes / 2);
    gdb_out_clear(&s->out);
    if (n > 0)
        gdb_out_hex(&s->out, s->bytes, (size_t)n);
    else
        reply(s, "E01");
}

static void on_read_register(struct gdb_server *s, const char *rest)
{
    uint64_t number;
    int n = -1;

    if (gdb_hex(&rest, &number) && number < 100000)
        n = s->t.read_registers(s->t.ctx, s->node, s->cpu, (unsigned)number, 1, s->bytes,
                                sizeof s->bytes / 2);
    gdb_out_clear(&s->out);
    if (n > 0)
        gdb_out_hex(&s->out, s->bytes, (size_t)n);
    else
        reply(s, "E01");
}

static void on_write_register(struct gdb_server *s, const char *rest)
{
    uint64_t number;
    int n = -1;

    if (gdb_hex(&rest, &number) && number < 100000 && *rest == '=')
        n = gdb_unhex(rest + 1, s->bytes, 256);
    reply_int(s, n <= 0
                     ? -1
                     : s->t.write_register(s->t.ctx, s->node, s->cpu, (unsigned)number, s->bytes, (size_t)n));
}

static bool range(const char **rest, uint64_t *addr, uint64_t *len)
{
    return gdb_hex(rest, addr) && *(*rest)++ == ',' && gdb_hex(rest, len);
}

static void on_read_memory(struct gdb_server *s, const char *rest)
{
    uint64_t addr, len;
    int n = -1;

    if (range(&rest, &addr, &len) && !*rest) {
        if (len > GDB_PACKET_MAX / 2)
            len = GDB_PACKET_MAX / 2;
        n = len == 0 ? 0 : s->t.read_memory(s->t.ctx, s->node, s->cpu, addr, s->bytes, len);
    }
    gdb_out_clear(&s->out);
    if (n >= 0)
        gdb_out_hex(&s->out, s->bytes, (size_t)n);
    else
        reply(s, "E14");
}

static void on_write_memory(struct gdb_server *s, const char *rest)
{
    uint64_t addr, len;
    int n = -1;

    if (range(&rest, &addr, &len) && *rest == ':' && len <= GDB_PACKET_MAX / 2)
        n = gdb_unhex(rest + 1, s->bytes, sizeof s->bytes);
    reply_int(s, n < 0 || (uint64_t)n != len ? -1
                 : n == 0                    ? 0
                          : s->t.write_memory(s->t.ctx, s->node, s->cpu, addr, s->bytes, len));
}

static void on_write_binary(struct gdb_server *s, const char *rest)
{
    uint64_t addr, len;
    int r = -1;

    if (range(&rest, &addr, &len) && *rest == ':' &&
        len == (uint64_t)(s->in.payload + s->in.len - (rest + 1)) && len <= GDB_PACKET_MAX / 2)
        r = len == 0
                ? 0
                : s->t.write_memory(s->t.ctx, s->node, s->cpu, addr, (const uint8_t *)rest + 1, (size_t)len);
    reply_int(s, r);
}

static void point(struct gdb_server *s, const char *rest, bool insert)
{
    uint64_t addr, len;
    unsigned kind = (unsigned)(*rest - '0');

    if (kind > 4) {
        reply(s, "");
        return;
    }
    if (rest[1] != ',' || (rest += 2, !range(&rest, &addr, &len)) || len > 4096) {
        reply(s, "E01");
        return;
    }
    reply_int(s, s->t.point(s->t.ctx, s->node, insert, kind, addr, (unsigned)len));
}

static void on_insert(struct gdb_server *s, const char *rest)
{
    point(s, rest, true);
}

static void on_remove(struct gdb_server *s, const char *rest)
{
    point(s, rest, false);
}

static void go(struct gdb_server *s, const struct gdb_orders *orders)
{
    s->running = true;
    s->t.resume(s->t.ctx, orders);
    s->out.len = SIZE_MAX; /* the reply is the next stop */
}

static void on_can_continue(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reply(s, "vCont;c;C;s;S");
}

/* vCont;action[:thread];... - for each thread the first that fits. */
static void on_continue(struct gdb_server *s, const char *rest)
{
    struct gdb_orders orders = {0};
    bool given[GDB_MAX_NODES][GDB_MAX_CPUS] = {{false}};

    while (*rest == ';') {
        struct thread th = {ALL, ALL};
        uint64_t signal;
        char action = rest[1];
        rest += 2;
        if ((action != 'c' && action != 's' && action != 'C' && action != 'S') ||
            ((action == 'C' || action == 'S') && !gdb_hex(&rest, &signal)) ||
            (*rest == ':' && (rest++, !parse_thread(s, &rest, &th)))) {
            reply(s, "E01");
            return;
        }
        for (unsigned i = 0; i < s->t.n_nodes; i++)
            for (unsigned c = 0; c < GDB_MAX_CPUS; c++)
                if (s->attached[i] && !given[i][c] && (th.node == ALL || th.node == i) &&
                    (th.cpu == ALL || th.cpu == c)) {
                    given[i][c] = true;
                    orders.go[i][c] = action == 's' || action == 'S' ? GDB_STEP : GDB_CONTINUE;
                }
    }
    if (*rest)
        reply(s, "E01");
    else
        go(s, &orders);
}

/* The old 'c' and 's'. */
static void old_go(struct gdb_server *s, bool step)
{
    struct gdb_orders orders;

    memset(&orders, GDB_CONTINUE, sizeof orders);
    if (step)
        orders.go[s->resume_node == ALL ? s->last_node : s->resume_node]
                 [s->resume_cpu == ALL ? 0 : s->resume_cpu] = GDB_STEP;
    go(s, &orders);
}

static void on_old_continue(struct gdb_server *s, const char *rest)
{
    (void)rest;
    old_go(s, false);
}

static void on_old_step(struct gdb_server *s, const char *rest)
{
    (void)rest;
    old_go(s, true);
}

static void reverse(struct gdb_server *s, bool step)
{
    /* gdb names the thread by Hc, or none if all shall go; Hg may stand anywhere. */
    unsigned node = s->resume_node == ALL ? s->last_node : s->resume_node;
    unsigned cpu = s->resume_node == ALL ? s->last_cpu : s->resume_cpu == ALL ? 0 : s->resume_cpu;
    s->running = true;
    if (s->t.reverse(s->t.ctx, node, cpu, step) < 0) {
        s->running = false;
        reply(s, "E01");
        return;
    }
    s->out.len = SIZE_MAX;
}

static void on_reverse_continue(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reverse(s, false);
}

static void on_reverse_step(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reverse(s, true);
}

static void on_was_attached(struct gdb_server *s, const char *rest)
{
    (void)rest;
    reply(s, "1");
}

static void say(void *to, const char *text)
{
    struct gdb_server *s = to;

    while (*text) {
        size_t n = strnlen(text, 1024);
        gdb_out_clear(&s->out);
        gdb_out_add(&s->out, "O");
        gdb_out_hex(&s->out, text, n);
        flush(s);
        text += n;
    }
}

static void on_monitor(struct gdb_server *s, const char *rest)
{
    int n = gdb_unhex(rest, s->bytes, 1024);

    if (n < 0) {
        reply(s, "E01");
        return;
    }
    s->bytes[n] = 0;
    s->t.monitor(s->t.ctx, s->node, (const char *)s->bytes, say, s);
    reply(s, "OK");
}

static const struct {
    const char *name;
    void (*on)(struct gdb_server *s, const char *rest);
    bool whole; /* nothing stands behind the name */
} packets[] = {
    {"?", on_status, true},
    {"!", on_extended, true},
    {"qSupported", on_supported, false},
    {"QStartNoAckMode", on_no_ack, true},
    {"vAttach;", on_attach, false},
    {"vKill", on_detach, false},
    {"D", on_detach, false},
    {"k", on_kill_all, true},
    {"H", on_thread, false},
    {"T", on_alive, false},
    {"qC", on_current, true},
    {"qfThreadInfo", on_first_threads, true},
    {"qsThreadInfo", on_more_threads, true},
    {"qThreadExtraInfo,", on_thread_info, false},
    {"qXfer:features:read:", on_features, false},
    {"qXfer:threads:read::", on_threads, false},
    {"qAttached", on_was_attached, false},
    {"qRcmd,", on_monitor, false},
    {"g", on_read_all, true},
    {"p", on_read_register, false},
    {"P", on_write_register, false},
    {"m", on_read_memory, false},
    {"M", on_write_memory, false},
    {"X", on_write_binary, false},
    {"Z", on_insert, false},
    {"z", on_remove, false},
    {"vCont?", on_can_continue, true},
    {"vCont", on_continue, false},
    {"bc", on_reverse_continue, true},
    {"bs", on_reverse_step, true},
    {"c", on_old_continue, true},
    {"s", on_old_step, true},
};

static void on_packet(struct gdb_server *s)
{
    const char *text = s->in.payload;

    reply(s, ""); /* not known to us */
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        size_t n = strlen(packets[i].name);
        if (!strncmp(text, packets[i].name, n) && (!packets[i].whole || !text[n])) {
            packets[i].on(s, text + n);
            break;
        }
    }
    if (s->out.len != SIZE_MAX)
        flush(s);
    else
        gdb_out_clear(&s->out);
}

static int on_event(struct gdb_server *s, enum gdb_event ev, char *why, size_t size)
{
    switch (ev) {
    case GDB_NOTHING:
        break;
    case GDB_INTERRUPT:
        if (s->running)
            s->t.interrupt(s->t.ctx);
        break;
    case GDB_RESEND:
        if (s->acks && s->frame_len) /* who never gets one right does not get it for ever */
            s->send(s->send_ctx, s->frame, ++s->refused < MANY_REFUSALS ? s->frame_len : 0);
        break;
    case GDB_BAD_SUM:
        if (!s->acks || ++s->refused >= MANY_REFUSALS) {
            snprintf(why, size, "a packet's checksum is wrong");
            return -1;
        }
        s->send(s->send_ctx, "-", 1);
        break;
    case GDB_HOSTILE:
        snprintf(why, size, "%s", s->in.why);
        return -1;
    case GDB_PACKET:
        if (s->running) {
            snprintf(why, size, "a packet came while the guests run");
            return -1;
        }
        s->refused = 0;
        if (s->acks)
            s->send(s->send_ctx, "+", 1);
        on_packet(s);
        if (s->bye)
            return 1;
        break;
    }
    return 0;
}

int gdb_server_input(struct gdb_server *s, const uint8_t *bytes, size_t len, char *why, size_t size)
{
    for (size_t i = 0; i < len; i++) {
        int r = on_event(s, gdb_parse(&s->in, bytes[i]), why, size);
        if (r != 0)
            return r;
    }
    return 0;
}

void gdb_server_stopped(struct gdb_server *s, const struct gdb_stop *stop)
{
    if (!s->running)
        return;
    if (stop->say)
        say(s, stop->say);
    s->running = false;
    s->node = s->last_node = stop->node;
    s->cpu = s->last_cpu = stop->cpu;
    s->resume_node = s->resume_cpu = ALL;
    stop_reply(s, stop);
    flush(s);
}

bool gdb_server_running(const struct gdb_server *s)
{
    return s->running;
}

bool gdb_server_attached(const struct gdb_server *s, unsigned node)
{
    return node < GDB_MAX_NODES && s->attached[node];
}

void gdb_server_connected(struct gdb_server *s)
{
    s->in.state = GDB_OUTSIDE;
    s->acks = true;
    s->extended = s->multiprocess = s->swbreak = s->hwbreak = s->running = s->bye = false;
    memset(s->attached, 0, sizeof s->attached);
    s->node = s->cpu = s->last_node = s->last_cpu = s->refused = 0;
    s->resume_node = s->resume_cpu = ALL;
    s->frame_len = 0;
}

struct gdb_server *gdb_server_create(const struct gdb_target *target,
                                     void (*send)(void *ctx, const void *bytes, size_t len), void *ctx)
{
    struct gdb_server *s = calloc(1, sizeof *s);

    assert(s && target->n_nodes >= 1 && target->n_nodes <= GDB_MAX_NODES);
    s->t = *target;
    s->send = send;
    s->send_ctx = ctx;
    gdb_server_connected(s);
    return s;
}

void gdb_server_free(struct gdb_server *s)
{
    free(s);
}
