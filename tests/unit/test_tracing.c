/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_tracing.c - the trace's writer against its reader: round trip, order, packets, damage, full disks.
 */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_trace.h"
#include "devices/fabric/fabric_wire.h"
#include "tests/unit/tracing_fixture.h"
#include <signal.h>
#include <sys/resource.h>

static void queue_event(struct tracing *t, enum tracing_event_id id, vtime_t at, uint64_t frame_id,
                        const char *reason)
{
    tracing_link(t, &(struct tracing_link_event){.time_ps = at,
                                                 .id = id,
                                                 .link = 0,
                                                 .end = 1,
                                                 .frame_id = frame_id,
                                                 .len = 98,
                                                 .queue_bytes = 196,
                                                 .reason = reason});
}

START_TEST(round_trip)
{
    static const uint8_t frame[98] = {1, 2, 3};
    struct tracing *t = fix_open("run");
    tracing_node_state(t, 0, 5 * VTIME_NS, "trained", -7);
    tracing_frame(t, TR_FRAME_TX, 1, 3, VTIME_S + 1, 17, frame, sizeof frame);
    tracing_frame(t, TR_FRAME_RX, 0, 0, VTIME_S + 2 * VTIME_US, 18, NULL, 0);
    tracing_console(t, 0, 7 * VTIME_NS, "he\"llo\n", 7, NULL, NULL);
    queue_event(t, TR_LINK_QUEUED, VTIME_S + 1, UINT64_MAX, NULL);
    queue_event(t, TR_LINK_SENT, VTIME_S + 2, 1, NULL);
    queue_event(t, TR_LINK_ARRIVED, VTIME_S + 3, 1, NULL);
    queue_event(t, TR_LINK_DROPPED, VTIME_S + 4, 1, "queue full");
    queue_event(t, TR_LINK_TRAINING, VTIME_S + 5, 0, NULL);
    queue_event(t, TR_LINK_UP, VTIME_S + 6, 0, NULL);
    uint64_t events, bytes;
    tracing_counts(t, &events, &bytes);
    ck_assert_uint_eq(events, 10);
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_str_eq(err, "");
    ck_assert_str_eq(
        out,
        "0.000000005 s  alpha   state trained -7\n"
        "0.000000007 s  alpha   console \"he\"llo\"\n"
        "1.000000000001 s  beta    frame tx #17 eth3 98 bytes hash 370445c338437518\n"
        "1.000000000001 s  fabric  queued wire0.1 #18446744073709551615 98 bytes queue 196 bytes\n"
        "1.000000000002 s  fabric  sent wire0.1 #1 98 bytes queue 196 bytes\n"
        "1.000000000003 s  fabric  arrived wire0.1 #1 98 bytes queue 196 bytes\n"
        "1.000000000004 s  fabric  dropped wire0.1 #1 98 bytes queue 196 bytes (queue full)\n"
        "1.000000000005 s  fabric  training wire0\n"
        "1.000000000006 s  fabric  up wire0\n"
        "1.000002000 s  alpha   frame rx #18 eth0 0 bytes hash ef46db3751d8e999\n");
    free(out);
    free(err);
}
END_TEST

/* What the adapters bring: packets with their header, training, records of any bytes. */
START_TEST(adapters)
{
    struct fab_wire w = {
        .type = FAB_P_READ_DATA, .dst = 1, .src = 0, .queue = 7, .psn = 70000, .message = 12, .offset = 4096};
    struct fab_wire odd = {.type = 99, .dst = 700, .src = 65535};
    uint8_t record[FAB_MAX_EVENT] = {0x34, 0x12, FAB_MAX_EVENT & 255, FAB_MAX_EVENT >> 8, 1, 0, 0, 0x80, 'a',
                                     0,    0x1b};
    struct tracing *t = fix_open("run");
    tracing_adapter_train(t, 1, 3, 5 * VTIME_NS);
    tracing_packet(t, TR_PACKET_TX, 0, VTIME_S, 17, (const uint8_t *)&w, sizeof w);
    tracing_packet(t, TR_PACKET_RX, 1, VTIME_S + 1, 17, (const uint8_t *)&odd, sizeof odd);
    tracing_packet(t, TR_PACKET_RX, 1, VTIME_S + 2, 18, (const uint8_t *)&w, 1);
    tracing_guest_event(t, 0, VTIME_S + 3, record, sizeof(struct fab_event));
    tracing_guest_event(t, 0, VTIME_S + 4, record, sizeof(struct fab_event) + 3);
    tracing_guest_event(t, 0, VTIME_S + 5, record, FAB_MAX_EVENT);
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_str_eq(err, "");
    char *last = strstr(out, "1.000000000005 s");
    ck_assert_ptr_nonnull(last);
    ck_assert_uint_eq(strlen(last), strlen("1.000000000005 s  alpha   event 4660 arg 2147483649 \"\"\n") + 1 +
                                        4 * (FAB_MAX_EVENT - sizeof(struct fab_event) - 1));
    *last = 0;
    ck_assert_str_eq(
        out,
        "0.000000005 s  beta    adapter trains its link, interface 3\n"
        "1.000000000 s  alpha   packet tx #17 read-data q7 alpha>beta epoch 0 message 12 psn 70000 at "
        "4096 48 bytes hash dc2705545f21d6be\n"
        "1.000000000001 s  beta    packet rx #17 99 q0 65535>700 epoch 0 message 0 psn 0 at 0 48 "
        "bytes hash 570833f8d887879b\n"
        "1.000000000002 s  beta    packet rx #18 read-data q0 alpha>alpha epoch 0 message 0 psn 0 at 0 1 "
        "bytes hash 669e741f161d1d56\n"
        "1.000000000003 s  alpha   event 4660 arg 2147483649 \"\"\n"
        "1.000000000004 s  alpha   event 4660 arg 2147483649 \"a\\x00\\x1b\"\n");
    free(out);
    free(err);
}
END_TEST

/* Faults by name; that one begins and ends is shown whatever the link, what it does is not. */
START_TEST(fault_events)
{
    struct tracing *t = fix_open("run");
    tracing_fault(t, 10 * VTIME_NS, 0, 0, 0, "begin", 0, 0);
    tracing_fault(t, 11 * VTIME_NS, 0, 1, 0, "hit", 17, 500);
    tracing_node_fault(t, 1, 12 * VTIME_NS, 1, "begin", 0);
    tracing_fault(t, 13 * VTIME_NS, 0, 0, 0, "end", 0, 0);
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_str_eq(err, "");
    ck_assert_str_eq(out,
                     "0.000000010 s  fabric  fault wire0.0 lossy begin #0 value 0\n"
                     "0.000000011 s  fabric  fault wire0.1 lossy hit #17 value 500\n"
                     "0.000000012 s  beta    fault slow begin value 0\n"
                     "0.000000013 s  fabric  fault wire0.0 lossy end #0 value 0\n");
    free(out);
    free(err);
}
END_TEST

/* A count of bytes that leads out of the packet. */
START_TEST(record_that_is_too_long)
{
    const uint8_t record[12] = {7, 0, 12};
    struct tracing *t = fix_open("run");
    tracing_guest_event(t, 0, 5, record, sizeof record);
    fix_close(t);
    /* packet head 60, event head 10, type 4, arg 4: then the count */
    for (unsigned i = 0; i < 4; i++)
        fix_patch("run", "trace/node-alpha", 60 + 10 + 8 + i, 0xff);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), -1);
    ck_assert_ptr_nonnull(strstr(err, "an event is cut short"));
    free(out);
    free(err);
}
END_TEST

/* Any order between commits, with some events announced several commits ahead: sorted by (time, arrival). */
START_TEST(sorts_between_commits)
{
    struct tracing *t = fix_open("run");
    uint64_t random = 12345;
    unsigned sent = 0;
    for (vtime_t quantum = 0; quantum < 300; quantum++) {
        for (unsigned i = 0; i < 40; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            unsigned ahead = random >> 60 == 0 ? 50 : 1;
            vtime_t at = quantum * 1000 + (vtime_t)((random >> 33) % (1000 * ahead));
            queue_event(t, TR_LINK_SENT, at, sent++, NULL);
        }
        tracing_commit(t, (quantum + 1) * 1000);
    }
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_uint_eq(fix_lines(out), sent);
    double last_time = -1;
    unsigned last_id = 0, id;
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        double at = strtod(line, NULL); /* 300 us in ps: exact enough in 53 bits */
        ck_assert_int_eq(sscanf(strchr(line, '#'), "#%u", &id), 1);
        ck_assert_msg(at > last_time || (at == last_time && id > last_id), "%s", line);
        last_time = at;
        last_id = id;
    }
    free(out);
    free(err);
}
END_TEST

/* How often one commits must not be seen in the files. */
START_TEST(commits_leave_no_trace)
{
    static const char *const runs[] = {"often", "never"};
    for (unsigned r = 0; r < 2; r++) {
        struct tracing *t = fix_open(runs[r]);
        uint64_t random = 99;
        for (vtime_t at = 0; at < 5000; at++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            queue_event(t, TR_LINK_QUEUED, at + (vtime_t)(random >> 57), (uint64_t)at, NULL);
            tracing_node_state(t, random >> 63, at, "x", at);
            if (at % 100 == 0)
                tracing_console(t, 1, at, "abc\nde", 6, NULL, NULL);
            if (r == 0)
                tracing_commit(t, at);
        }
        if (r == 0)
            tracing_commit(t, VTIME_S);
        fix_close(t);
    }
    static const char *const files[] = {"trace/fabric", "trace/node-alpha", "trace/node-beta",
                                        "console/beta.log"};
    for (unsigned i = 0; i < 4; i++) {
        size_t a_len, b_len;
        char *a = fix_read("often", files[i], &a_len), *b = fix_read("never", files[i], &b_len);
        ck_assert_uint_gt(a_len, 0);
        ck_assert_uint_eq(a_len, b_len);
        ck_assert_mem_eq(a, b, a_len);
        free(a);
        free(b);
    }
}
END_TEST

/* Whoever reads while it is being written finds whole packets with all that is older than 100 ms. */
START_TEST(saved_in_time)
{
    static const char *const files[] = {"trace/fabric", "trace/node-alpha", "capture/wire0.1.pcapng",
                                        "console/beta.log"};
    static const uint8_t frame[60];
    for (unsigned r = 0; r < 2; r++) {
        const char *run = r ? "at once" : "bit by bit";
        struct tracing *t = fix_open(run);
        for (unsigned i = 0; i < 9000; i++) {
            vtime_t at = i * 100 * VTIME_US;
            char *out, *err;
            tracing_node_state(t, 0, at, "x", i);
            tracing_link(t, &(struct tracing_link_event){
                                .time_ps = at, .id = TR_LINK_SENT, .end = 1, .len = 60, .data = frame});
            tracing_console(t, 1, at, "line\n", 5, NULL, NULL);
            if (r == 1)
                continue;
            tracing_commit(t, at);
            if (i % 700)
                continue;
            ck_assert_msg(fix_print(run, NULL, &out, &err) == 0, "%s", err);
            if (i > 1000)
                ck_assert_uint_ge(fix_lines(out), 3 * (i - 1001));
            free(out);
            free(err);
            for (unsigned k = 0; k < 4 && i > 1000; k++) {
                size_t len;
                free(fix_read(run, files[k], &len));
                ck_assert_uint_ge(len, k < 2 ? TRACING_PACKET_BYTES : 20 * (i - 1001));
                ck_assert(k > 1 || len % TRACING_PACKET_BYTES == 0);
            }
        }
        fix_close(t);
    }
    for (unsigned i = 0; i < 4; i++) {
        size_t a_len, b_len;
        char *a = fix_read("bit by bit", files[i], &a_len), *b = fix_read("at once", files[i], &b_len);
        ck_assert_uint_eq(a_len, b_len);
        ck_assert_mem_eq(a, b, a_len);
        free(a);
        free(b);
    }
}
END_TEST

/* A node state takes 10 + text + 1 + 8 bytes: events that fill a packet to the last byte, and one byte more.
 */
START_TEST(packet_boundary)
{
    const size_t room = TRACING_PACKET_BYTES - TRACING_PACKET_HEAD, first = 1000;
    for (size_t extra = 0; extra < 2; extra++) {
        const char *run = extra ? "over" : "full";
        struct tracing *t = fix_open(run);
        char *text = malloc(room);
        memset(text, 'a', room);
        text[first - 19] = 0;
        tracing_node_state(t, 0, 1, text, 0);
        text[first - 19] = 'a';
        text[room - first - 19 + extra] = 0;
        tracing_node_state(t, 0, 2, text, 0);
        tracing_node_state(t, 0, 3, "next", 0);
        free(text);
        fix_close(t);
        size_t len;
        char *file = fix_read(run, "trace/node-alpha", &len);
        ck_assert_uint_eq(len, 2 * TRACING_PACKET_BYTES);
        const uint8_t *head = (const uint8_t *)file;
        ck_assert_uint_eq(tracing_get32(head), 0xC1FC1FC1u);
        ck_assert_uint_eq(tracing_get64(head + 8), 1);
        ck_assert_uint_eq(tracing_get64(head + 16), extra ? 1 : 2);
        ck_assert_uint_eq(tracing_get64(head + 24),
                          8 * (extra ? TRACING_PACKET_HEAD + first : TRACING_PACKET_BYTES));
        ck_assert_uint_eq(tracing_get64(head + 32), 8 * TRACING_PACKET_BYTES);
        ck_assert_uint_eq(tracing_get64(head + TRACING_PACKET_BYTES + 40), 1);
        free(file);
        char *out, *err;
        ck_assert_int_eq(fix_print(run, NULL, &out, &err), 0);
        ck_assert_uint_eq(fix_lines(out), 3);
        free(out);
        free(err);
    }
}
END_TEST

START_TEST(long_string_is_cut)
{
    struct tracing *t = fix_open("run");
    char *text = malloc(200001);
    memset(text, 'b', 200000);
    text[200000] = 0;
    tracing_node_state(t, 1, 1, text, 42);
    tracing_node_state(t, 1, 2, "next", 43);
    free(text);
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_ptr_nonnull(strstr(out, "bbb[cut] 42\n"));
    ck_assert_ptr_nonnull(strstr(out, "state next 43\n"));
    ck_assert_uint_eq(strcspn(strstr(out, "state ") + 6, " "),
                      TRACING_PACKET_BYTES - TRACING_PACKET_HEAD - 19);
    free(out);
    free(err);
}
END_TEST

/* 30 bytes an event, 2182 a packet. */
static void write_packets(const char *run, unsigned events)
{
    struct tracing *t = fix_open(run);
    for (unsigned i = 0; i < events; i++) {
        tracing_node_state(t, 0, 10 * i, "0123456789a", i);
        tracing_commit(t, 10 * i);
    }
    fix_close(t);
}

START_TEST(truncated)
{
    char *out, *err;
    write_packets("run", 10000);
    ck_assert_int_eq(truncate(fix_path("run", "trace/node-alpha"), 3 * TRACING_PACKET_BYTES), 0);
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0); /* as after a crash: whole packets */
    ck_assert_uint_eq(fix_lines(out), 3 * 2182);
    free(out);
    free(err);
    ck_assert_int_eq(truncate(fix_path("run", "trace/node-alpha"), 2 * TRACING_PACKET_BYTES + 777), 0);
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), -1);
    ck_assert_uint_eq(fix_lines(out), 2 * 2182);
    ck_assert_ptr_nonnull(strstr(err, "trace/node-alpha: packet 2 (byte 131072): truncated"));
    free(out);
    free(err);
}
END_TEST

/* Any damage to the head or to the events' frame is noticed; what stands before it is printed. */
START_TEST(corrupt)
{
    static const struct {
        off_t at;
        uint8_t byte;
        const char *say;
    } damages[] = {
        {0, 0, "no packet of this stream"},
        {4, 1, "no packet of this stream"},
        {8, 1, "wrong times"},
        {24, 1, "wrong size"},
        {27, 255, "wrong size"},
        {32, 1, "wrong size"},
        {40, 9, "wrong number"},
        {56, 1, "no packet of this stream"},
        {48, 1, "wrong number"},
        {60, 4, "cannot hold"},
        {61, 1, "cannot hold"},
        {62, 1, "wrong times|not in order"},
        {69, 0x80, "out of range"},
        {TRACING_PACKET_BYTES - 1, 7, "padding"},
    };
    char *out, *err;
    write_packets("run", 4000);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        size_t len;
        char *good = fix_read("run", "trace/node-alpha", &len);
        fix_patch("run", "trace/node-alpha", TRACING_PACKET_BYTES + damages[i].at, damages[i].byte);
        ck_assert_int_eq(fix_print("run", NULL, &out, &err), -1);
        const char *bar = strchr(damages[i].say, '|');
        ck_assert_msg(strstr(err, bar ? bar + 1 : damages[i].say) != NULL, "damage %zu: %s", i, err);
        ck_assert_uint_ge(fix_lines(out), 2182);
        ck_assert_ptr_nonnull(strstr(err, "packet 1 (byte 65536)"));
        free(out);
        free(err);
        fix_write("run", "trace/node-alpha", good, len);
        free(good);
    }
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    free(out);
    free(err);
}
END_TEST

START_TEST(filters)
{
    struct tracing *t = fix_open("run");
    for (vtime_t i = 0; i < 10000; i++) {
        tracing_node_state(t, 0, i * VTIME_NS, "a", i);
        tracing_node_state(t, 1, i * VTIME_NS, "b", i);
        queue_event(t, TR_LINK_SENT, i * VTIME_NS, (uint64_t)i, NULL);
    }
    fix_close(t);
    static const struct {
        struct tracing_filter filter;
        unsigned lines;
    } cases[] = {
        {{.from = 0, .to = INT64_MAX, .node = NULL, .link = NULL}, 30000},
        {{.from = 9000 * VTIME_NS, .to = INT64_MAX, .node = NULL, .link = NULL}, 3000},
        {{.from = 9000 * VTIME_NS + 1, .to = 9010 * VTIME_NS, .node = NULL, .link = NULL}, 27},
        {{.from = 0, .to = 5 * VTIME_NS, .node = "beta", .link = NULL}, 5},
        {{.from = 0, .to = 5 * VTIME_NS, .node = NULL, .link = "wire0"}, 5},
        {{.from = 0, .to = 5 * VTIME_NS, .node = "alpha", .link = "wire0"}, 10},
        {{.from = 5, .to = 5, .node = NULL, .link = NULL}, 0},
    };
    char *out, *err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(fix_print("run", &cases[i].filter, &out, &err), 0);
        ck_assert_msg(fix_lines(out) == cases[i].lines, "case %zu: %u lines", i, fix_lines(out));
        free(out);
        free(err);
    }
    ck_assert_int_eq(fix_print("run", &(struct tracing_filter){.to = 1, .node = "gamma"}, &out, &err), -1);
    ck_assert_ptr_nonnull(strstr(err, "no node is called \"gamma\"; there is: alpha beta"));
    free(out);
    free(err);
}
END_TEST

START_TEST(metadata_names)
{
    static const char *const nodes[] = {"a\"b\\c", "d"}, *const links[] = {"a:eth0--d:eth1"},
                             *const faults[] = {"lossy", "slow"};
    struct tracing_names names, again;
    size_t len;
    ck_assert_int_eq(tracing_names_copy(&names, nodes, 2, links, 1, faults, 2), 0);
    char *text = tracing_metadata_text(&names, &len);
    ck_assert_int_eq(strncmp(text, "/* CTF 1.8 */\n", 14), 0);
    ck_assert_ptr_nonnull(strstr(text, "freq = 1000000000000;"));
    ck_assert_int_eq(tracing_metadata_parse(text, len, &again), 0);
    ck_assert_uint_eq(again.n_nodes, 2);
    ck_assert_str_eq(again.nodes[0], nodes[0]);
    ck_assert_str_eq(again.links[0], links[0]);
    ck_assert_uint_eq(again.n_faults, 2);
    ck_assert_str_eq(again.faults[1], faults[1]);
    tracing_names_free(&again);
    for (size_t i = 0; i < len; i += 13) {
        text[i] ^= 1; /* a change anywhere: other names, or refused; never accepted as the same */
        if (tracing_metadata_parse(text, len, &again) == 0) {
            ck_assert(strcmp(again.nodes[0], nodes[0]) != 0 || strcmp(again.nodes[1], nodes[1]) != 0 ||
                      strcmp(again.links[0], links[0]) != 0 || strcmp(again.faults[0], faults[0]) != 0 ||
                      strcmp(again.faults[1], faults[1]) != 0);
            tracing_names_free(&again);
        }
        text[i] ^= 1;
    }
    ck_assert_int_eq(tracing_metadata_parse(text, len - 1, &again), -1);
    tracing_names_free(&names);
    free(text);
}
END_TEST

START_TEST(not_a_run)
{
    char *out, *err;
    ck_assert_int_eq(fix_print("none", NULL, &out, &err), -1);
    ck_assert_ptr_nonnull(strstr(err, "none: No such file or directory\n"));
    free(out);
    free(err);
    ck_assert_int_eq(mkdir(fix_path("empty", ""), 0777), 0);
    ck_assert_int_eq(fix_print("empty", NULL, &out, &err), -1);
    ck_assert_ptr_nonnull(
        strstr(err, "empty/trace/metadata: No such file or directory (not a run directory"));
    free(out);
    free(err);
    fix_write("empty", "file", "x", 1);
    ck_assert_int_eq(fix_print("empty/file", NULL, &out, &err), -1);
    ck_assert_ptr_nonnull(strstr(err, "empty/file: Not a directory\n"));
    free(out);
    free(err);
}
END_TEST

START_TEST(cannot_open)
{
    char why[256] = "";
    fix_write("", "file", "x", 1);
    struct tracing_config cfg = {.dir = fix_path("file", ""),
                                 .nodes = fix_nodes,
                                 .n_nodes = 2,
                                 .links = fix_links,
                                 .n_links = 1,
                                 .trace = true,
                                 .capture = true};
    ck_assert_ptr_null(tracing_open(&cfg, why, sizeof why));
    ck_assert_int_eq(errno, ENOTDIR);
    ck_assert_ptr_nonnull(strstr(why, "/file/trace: Not a directory"));
    fix_close(fix_open("run")); /* a run directory is not written twice */
    cfg.dir = fix_path("run", "");
    ck_assert_ptr_null(tracing_open(&cfg, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "run/trace/metadata: File exists"));
    static const char *const bad[] = {"../x"};
    cfg.nodes = bad;
    cfg.n_nodes = 1;
    ck_assert_ptr_null(tracing_open(&cfg, why, sizeof why));
    ck_assert_str_eq(why, "../x: Invalid argument");
}
END_TEST

static unsigned lines_seen;

static void count_line(void *ctx, unsigned node, vtime_t at, const char *line)
{
    (void)ctx, (void)node, (void)at, (void)line;
    lines_seen++;
}

/* A file may grow to 100000 bytes: one packet of the trace, no more. */
START_TEST(disk_full)
{
    signal(SIGXFSZ, SIG_IGN);
    struct tracing *t = fix_open("run");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){100000, 100000}), 0);
    static const uint8_t frame[1500];
    for (vtime_t i = 0; i < 10000; i++) {
        tracing_node_state(t, 0, i, "0123456789a", i);
        tracing_link(
            t, &(struct tracing_link_event){
                   .time_ps = i, .id = TR_LINK_SENT, .len = sizeof frame, .data = i > 5000 ? frame : NULL});
        tracing_console(t, 1, i, "line\n", 5, count_line, NULL);
        tracing_commit(t, i);
    }
    ck_assert_uint_eq(lines_seen, 10000); /* whoever waits for a line still gets it */
    char why[256] = "";
    errno = 0;
    ck_assert_int_eq(tracing_close(t, why, sizeof why), -1);
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_ptr_nonnull(strstr(why, "/run/trace/"));
    ck_assert_ptr_nonnull(strstr(why, ": File too large"));
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0); /* the file ends at a packet */
    ck_assert_uint_ge(fix_lines(out), 1000);
    free(out);
    free(err);
}
END_TEST

/* A node killed while idle may be behind the others: its state is traced, in order. */
START_TEST(late_state)
{
    struct tracing *t = fix_open("run");
    tracing_node_state(t, 0, 100, "trained", 0);
    tracing_commit(t, 500);
    tracing_node_state(t, 0, 50, "killed", 0);
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_str_eq(out,
                     "0.000000000100 s  alpha   state trained 0\n0.000000000500 s  alpha   state killed 0\n");
    free(out);
    free(err);
}
END_TEST

START_TEST(everything_off)
{
    char why[256];
    ck_assert_int_eq(mkdir(fix_path("run", ""), 0777), 0);
    struct tracing_config cfg = {.dir = fix_path("run", ""),
                                 .nodes = fix_nodes,
                                 .n_nodes = 2,
                                 .links = fix_links,
                                 .n_links = 1,
                                 .trace = false,
                                 .capture = false};
    struct tracing *t = tracing_open(&cfg, why, sizeof why);
    ck_assert_ptr_nonnull(t);
    tracing_node_state(t, 0, 5, "x", 0);
    tracing_frame(t, TR_FRAME_TX, 0, 0, 5, 1, NULL, 0);
    queue_event(t, TR_LINK_DROPPED, 5, 1, NULL);
    tracing_console(t, 0, 5, "hello\n", 6, count_line, NULL);
    tracing_commit(t, 10);
    fix_close(t);
    ck_assert_uint_eq(lines_seen, 1);
    ck_assert_int_ne(access(fix_path("run", "trace"), F_OK), 0);
    ck_assert_int_ne(access(fix_path("run", "capture"), F_OK), 0);
    char *log = fix_read("run", "console/alpha.log", NULL);
    ck_assert_str_eq(log, "[    0.000000000] hello\n");
    free(log);
}
END_TEST

START_TEST(device)
{
    static const struct fab_trace records[] = {
        {.op = 0, .queue = 2, .index = 5},
        {.op = 2, .queue = 1, .node = 1, .message = FAB_T_NONE, .index = 4, .value = 0xc0de, .len = 8},
        {.op = 1, .value = 0x1000, .len = 64, .node = 1, .queue = 2, .epoch = 3, .message = 4},
        {.op = 0, .value = 0x2000, .len = 32, .node = FAB_T_NONE, .message = FAB_T_NONE},
        {.op = 16,
         .queue = 1,
         .node = 1,
         .epoch = 3,
         .message = 4,
         .index = 5,
         .entry = 6,
         .value = 7,
         .len = 9,
         .status = 3},
        {.op = 99, .queue = UINT32_MAX, .node = 99, .status = 77},
        {.op = 8}};
    static const unsigned kinds[] = {FAB_T_DOORBELL,   FAB_T_MESSAGE,    FAB_T_DMA,      FAB_T_DMA,
                                     FAB_T_COMPLETION, FAB_T_COMPLETION, FAB_T_INTERRUPT};
    struct tracing *t = fix_open("run");
    for (unsigned i = 0; i < 7; i++)
        tracing_device(t, 0, 10 + i, kinds[i], &records[i]);
    tracing_commit(t, 50);
    tracing_grant(t, 1, 20, 70); /* behind the others, see tracing.h */
    tracing_grant(t, 1, 60, VTIME_NEVER);
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_str_eq(
        out,
        "0.000000000010 s  alpha   doorbell send q2 index 5\n"
        "0.000000000011 s  alpha   message datagram q1 to beta epoch 0 message - index 4 cookie "
        "000000000000c0de 8 bytes\n"
        "0.000000000012 s  alpha   dma write 0000000000001000 64 bytes for beta q2 epoch 3 message 4\n"
        "0.000000000013 s  alpha   dma read 0000000000002000 32 bytes for nothing\n"
        "0.000000000014 s  alpha   completion recv q1 peer beta epoch 3 message 4 index 5 entry 6 cookie "
        "0000000000000007 remote 9 bytes\n"
        "0.000000000015 s  alpha   completion 99 q4294967295 peer 99 epoch 0 message 0 index 0 entry 0 "
        "cookie 0000000000000000 77 0 bytes\n"
        "0.000000000016 s  alpha   interrupt vector 8\n"
        "0.000000000050 s  beta    grant until 0.000000000070 s\n"
        "0.000000000060 s  beta    grant until the end\n");
    free(out);
    free(err);
}
END_TEST

/* Only what is wanted, but always how a node fared. */
START_TEST(wanted)
{
    char why[256];
    ck_assert_int_eq(mkdir(fix_path("run", ""), 0777), 0);
    struct tracing_config cfg = {.dir = fix_path("run", ""),
                                 .nodes = fix_nodes,
                                 .n_nodes = 2,
                                 .links = fix_links,
                                 .n_links = 1,
                                 .trace = true,
                                 .events = UINT64_C(1) << TR_FRAME_TX | UINT64_C(1) << TR_LINK_SENT,
                                 .want_nodes = (const bool[]){true, false},
                                 .want_links = (const bool[]){false}};
    struct tracing *t = tracing_open(&cfg, why, sizeof why);
    ck_assert_ptr_nonnull(t);
    for (unsigned node = 0; node < 2; node++) {
        tracing_node_state(t, node, 5, "x", 0);
        tracing_frame(t, TR_FRAME_TX, node, 0, 6, 1, NULL, 0);
        tracing_frame(t, TR_FRAME_RX, node, 0, 7, 1, NULL, 0);
        tracing_grant(t, node, 8, 9);
        tracing_console(t, node, 9, "hello\n", 6, count_line, NULL);
    }
    queue_event(t, TR_LINK_SENT, 5, 1, NULL);
    fix_close(t);
    char *out, *err;
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_str_eq(out,
                     "0.000000000005 s  alpha   state x 0\n0.000000000005 s  beta    state x 0\n"
                     "0.000000000006 s  alpha   frame tx #1 eth0 0 bytes hash ef46db3751d8e999\n");
    free(out);
    free(err);
}
END_TEST

FIX_MAIN("tracing", round_trip, adapters, fault_events, device, wanted, record_that_is_too_long,
         sorts_between_commits, commits_leave_no_trace, saved_in_time, packet_boundary, long_string_is_cut,
         truncated, corrupt, filters, metadata_names, not_a_run, cannot_open, disk_full, late_state,
         everything_off)
