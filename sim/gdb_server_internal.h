/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb_server_internal.h - what the files of the gdb server share; nobody else includes it.
 *
 *   gdb_server.c   bytes to packets to the table of packets; the answers' way back
 *   gdb_threads.c  processes, threads, stops    gdb_data.c  registers, memory, points
 *   gdb_resume.c   going on, and back           gdb_packet.c  framing
 *
 * A function of the table is given what stands behind the packet's name. It leaves its reply in s->out;
 * without one it sets s->out.len to SIZE_MAX.
 */
#ifndef COB_GDB_SERVER_INTERNAL_H
#define COB_GDB_SERVER_INTERNAL_H

#include "sim/gdb_packet.h"
#include "sim/gdb_server.h"

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

enum { GDB_ALL = 0xffff };
struct gdb_thread {
    unsigned node, cpu; /* GDB_ALL: any */
};

/* gdb_server.c: sends s->out; replaces it by a text, by OK or an error; sends a text for gdb's user */
void gdb_flush(struct gdb_server *s);
void gdb_reply(struct gdb_server *s, const char *text);
void gdb_reply_int(struct gdb_server *s, int r);
void gdb_say(void *server, const char *text);

/* gdb_threads.c */
void gdb_add_thread(struct gdb_server *s, unsigned node, unsigned cpu); /* its name, to s->out */
/* "p1.2", "p1.-1", "p1", "-1", "0", "1a": *text is moved behind it. False: none of these, or no such thread.
 */
bool gdb_parse_thread(struct gdb_server *s, const char **text, struct gdb_thread *th);
void gdb_stop_reply(struct gdb_server *s, const struct gdb_stop *st);

/* The table's. */
void gdb_on_status(struct gdb_server *s, const char *rest);
void gdb_on_attach(struct gdb_server *s, const char *rest);
void gdb_on_detach(struct gdb_server *s, const char *rest);
void gdb_on_kill_all(struct gdb_server *s, const char *rest);
void gdb_on_thread(struct gdb_server *s, const char *rest);
void gdb_on_alive(struct gdb_server *s, const char *rest);
void gdb_on_current(struct gdb_server *s, const char *rest);
void gdb_on_first_threads(struct gdb_server *s, const char *rest);
void gdb_on_more_threads(struct gdb_server *s, const char *rest);
void gdb_on_thread_info(struct gdb_server *s, const char *rest);
void gdb_on_was_attached(struct gdb_server *s, const char *rest);
void gdb_on_features(struct gdb_server *s, const char *rest);
void gdb_on_threads(struct gdb_server *s, const char *rest);
void gdb_on_read_all(struct gdb_server *s, const char *rest);
void gdb_on_read_register(struct gdb_server *s, const char *rest);
void gdb_on_write_register(struct gdb_server *s, const char *rest);
void gdb_on_read_memory(struct gdb_server *s, const char *rest);
void gdb_on_write_memory(struct gdb_server *s, const char *rest);
void gdb_on_write_binary(struct gdb_server *s, const char *rest);
void gdb_on_insert(struct gdb_server *s, const char *rest);
void gdb_on_remove(struct gdb_server *s, const char *rest);
void gdb_on_can_continue(struct gdb_server *s, const char *rest);
void gdb_on_continue(struct gdb_server *s, const char *rest);
void gdb_on_old_continue(struct gdb_server *s, const char *rest);
void gdb_on_old_step(struct gdb_server *s, const char *rest);
void gdb_on_reverse_continue(struct gdb_server *s, const char *rest);
void gdb_on_reverse_step(struct gdb_server *s, const char *rest);
void gdb_on_monitor(struct gdb_server *s, const char *rest);

#endif
