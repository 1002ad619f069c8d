/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_server.c - see gdb_server.h. Takes packets out of bytes and gives each to the function that the table
 * names for it.
 *
 * gdb 13's ways that matter here: in all-stop mode it sends vCont with actions for threads, then waits; it
 * takes all its breakpoints out whenever it stops and puts them back before it goes on; each process's
 * description of registers is read when it attaches to that process.
 */
#include "sim/gdb_server_internal.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY_REFUSALS = 16 };

void gdb_flush(struct gdb_server *s)
{
    s->frame_len = gdb_frame(&s->out, s->frame);
    s->send(s->send_ctx, s->frame, s->frame_len);
}

void gdb_reply(struct gdb_server *s, const char *text)
{
    gdb_out_clear(&s->out);
    gdb_out_add(&s->out, "%s", text);
}

void gdb_reply_int(struct gdb_server *s, int r)
{
    gdb_reply(s, r < 0 ? "E01" : "OK");
}

void gdb_say(void *to, const char *text)
{
    struct gdb_server *s = to;

    while (*text) {
        size_t n = strnlen(text, 1024);
        gdb_out_clear(&s->out);
        gdb_out_add(&s->out, "O");
        gdb_out_hex(&s->out, text, n);
        gdb_flush(s);
        text += n;
    }
}

static void on_extended(struct gdb_server *s, const char *rest)
{
    (void)rest;
    s->extended = true;
    gdb_reply(s, "OK");
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
    gdb_reply(s, "OK");
    gdb_flush(s);
    s->acks = false;
    s->out.len = SIZE_MAX; /* sent already */
}

static const struct {
    const char *name;
    void (*on)(struct gdb_server *s, const char *rest);
    bool whole; /* nothing stands behind the name */
} packets[] = {
    {"?", gdb_on_status, true},
    {"!", on_extended, true},
    {"qSupported", on_supported, false},
    {"QStartNoAckMode", on_no_ack, true},
    {"vAttach;", gdb_on_attach, false},
    {"vKill", gdb_on_detach, false},
    {"D", gdb_on_detach, false},
    {"k", gdb_on_kill_all, true},
    {"H", gdb_on_thread, false},
    {"T", gdb_on_alive, false},
    {"qC", gdb_on_current, true},
    {"qfThreadInfo", gdb_on_first_threads, true},
    {"qsThreadInfo", gdb_on_more_threads, true},
    {"qThreadExtraInfo,", gdb_on_thread_info, false},
    {"qXfer:features:read:", gdb_on_features, false},
    {"qXfer:threads:read::", gdb_on_threads, false},
    {"qAttached", gdb_on_was_attached, false},
    {"qRcmd,", gdb_on_monitor, false},
    {"g", gdb_on_read_all, true},
    {"p", gdb_on_read_register, false},
    {"P", gdb_on_write_register, false},
    {"m", gdb_on_read_memory, false},
    {"M", gdb_on_write_memory, false},
    {"X", gdb_on_write_binary, false},
    {"Z", gdb_on_insert, false},
    {"z", gdb_on_remove, false},
    {"vCont?", gdb_on_can_continue, true},
    {"vCont", gdb_on_continue, false},
    {"bc", gdb_on_reverse_continue, true},
    {"bs", gdb_on_reverse_step, true},
    {"c", gdb_on_old_continue, true},
    {"s", gdb_on_old_step, true},
};

static void on_packet(struct gdb_server *s)
{
    const char *text = s->in.payload;

    gdb_reply(s, ""); /* not known to us */
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        size_t n = strlen(packets[i].name);
        if (!strncmp(text, packets[i].name, n) && (!packets[i].whole || !text[n])) {
            packets[i].on(s, text + n);
            break;
        }
    }
    if (s->out.len != SIZE_MAX)
        gdb_flush(s);
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
        gdb_say(s, stop->say);
    s->running = false;
    s->node = s->last_node = stop->node;
    s->cpu = s->last_cpu = stop->cpu;
    s->resume_node = s->resume_cpu = GDB_ALL;
    gdb_stop_reply(s, stop);
    gdb_flush(s);
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
    s->resume_node = s->resume_cpu = GDB_ALL;
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
