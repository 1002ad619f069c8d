/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_tracing_diff.c - tracing_diff(): equal runs, a planted difference of each kind at its time, runs that
 * are none.
 */
#include "tests/unit/tracing_fixture.h"
#include "tracing/tracing_gaps.h"

/* What is different in a recorded run. */
struct plant {
    bool tx_len, tx_time, node_end, link_drop, console_text, console_more, capture_byte, raw_only, late_state;
    const char *hash; /* alpha's memory */
    struct tracing_gap gap[2];
    unsigned n_gaps;
};

static void write_result(const char *run, const char *hash, int exit_status)
{
    char text[1024];
    int len =
        snprintf(text, sizeof text,
                 "{\"format\":1,\"name\":\"t\",\"outcome\":\"ok\",\"exit\":0,\"virtual_ps\":9,\"nodes\":["
                 "{\"name\":\"alpha\",\"end\":\"result\",\"exit\":%d,\"end_ps\":9000000000000,"
                 "\"ram_xxh3\":\"%s\"},"
                 "{\"name\":\"beta\",\"end\":\"stopped\",\"exit\":null,\"end_ps\":9000000000000,"
                 "\"ram_xxh3\":\"0000000000000002\"}],\"host\":{\"wall_s\":%d}}",
                 exit_status, hash, (int)random());
    fix_write(run, "result.json", text, (size_t)len);
}

/* Five packets of events on each stream; the differences are at 2.5 s, far behind the first packet. */
static void record(const char *run, const struct plant *p)
{
    static uint8_t frame[200];
    struct tracing *t = fix_open(run);
    for (unsigned i = 0; i < 5000; i++) {
        if (i == 1000 && p->n_gaps) /* told while the run is under way */
            tracing_set_gaps(t, p->gap, p->n_gaps);
        vtime_t at = i * VTIME_MS;
        bool here = i == 2500;
        uint32_t len = 98 + (here && p->tx_len ? 4 : 0);
        if (!(i >= 4900 && p->node_end))
            tracing_frame(t, TR_FRAME_TX, 1, 0, at + (here && p->tx_time ? VTIME_NS : 0), i, frame, len);
        frame[0] ^= here && p->capture_byte;
        tracing_link(
            t, &(struct tracing_link_event){
                   .time_ps = at + VTIME_US, .id = TR_LINK_SENT, .frame_id = i, .len = 98, .data = frame});
        frame[0] ^= here && p->capture_byte;
        tracing_link(
            t, &(struct tracing_link_event){.time_ps = at + 2 * VTIME_US,
                                            .id = here && p->link_drop ? TR_LINK_DROPPED : TR_LINK_ARRIVED,
                                            .end = 1,
                                            .frame_id = i,
                                            .len = 98,
                                            .reason = "queue full",
                                            .data = frame});
        if (i % 10 == 0) {
            const char *text = here && p->console_text ? "lime\n" : "line\n";
            tracing_console(t, 0, at, text, 5, NULL, NULL);
        }
        if (here && p->raw_only)
            tracing_console(t, 1, at + 10 * VTIME_NS, "x\r\n", 3, NULL, NULL);
        else if (here)
            tracing_console(t, 1, at + 10 * VTIME_NS, "x\n", 2, NULL, NULL);
        tracing_commit(t, at);
    }
    if (p->console_more)
        tracing_console(t, 0, 6 * VTIME_S, "more\n", 5, NULL, NULL);
    if (p->late_state)
        tracing_node_state(t, 0, 7 * VTIME_S, "panic", 0);
    fix_close(t);
    write_result(run, p->hash ? p->hash : "0000000000000001", 0);
}

/* Expects a difference whose text begins so, and has the rest somewhere. */
static void expect(const char *a, const char *b, const char *begins, const char *has)
{
    char *out, *err;
    ck_assert_int_eq(fix_diff(a, b, &out, &err), 1);
    ck_assert_msg(strncmp(out, begins, strlen(begins)) == 0, "%s", out);
    ck_assert_msg(strstr(out, has) != NULL, "%s", out);
    ck_assert_str_eq(err, "");
    free(out);
    free(err);
}

static void plant(struct plant p, const char *begins, const char *has)
{
    record("a", &(struct plant){0});
    record("b", &p);
    expect("a", "b", begins, has);
}

START_TEST(equal)
{
    record("a", &(struct plant){0});
    record("b", &(struct plant){0});
    char *out, *err;
    ck_assert_int_eq(fix_diff("a", "b", &out, &err), 0);
    ck_assert_str_eq(out, "identical: 3 streams, 15501 events, 2 consoles, 2 captures, 2 memory hashes\n");
    ck_assert_str_eq(err, "");
    free(out);
    free(err);
}
END_TEST

START_TEST(frame_length)
{
    plant((struct plant){.tx_len = true},
          "first difference at 2.500000000 s: node beta: frame tx #2500 eth0 98 bytes hash ",
          " | B: frame tx #2500 eth0 102 bytes hash ");
    expect("b", "a", "first difference at 2.500000000 s: node beta: frame tx #2500 eth0 102 bytes hash ",
           "\ndifferent: 1 of 3 streams, 0 of 2 consoles, 0 of 2 captures, 0 of 2 results\n");
}
END_TEST

START_TEST(frame_time)
{
    plant((struct plant){.tx_time = true},
          "first difference at 2.500000000 s: node beta: frame tx #2500 eth0 ",
          " | B: at 2.500000001 s frame tx #2500 eth0 98 bytes");
}
END_TEST

START_TEST(stream_ends)
{
    plant((struct plant){.node_end = true},
          "first difference at 4.900000000 s: node beta: A continues with frame tx #4900 eth0 98 bytes hash ",
          ", B ends here\ndifferent: 1 of 3 streams");
    expect("b", "a",
           "first difference at 4.900000000 s: node beta: A ends here, B continues with frame tx #4900 ",
           "different: 1 of 3");
}
END_TEST

START_TEST(fabric)
{
    plant((struct plant){.link_drop = true},
          "first difference at 2.500002000 s: fabric: arrived wire0.1 #2500 98 bytes queue 0 bytes | B: "
          "dropped "
          "wire0.1 #2500 98 bytes queue 0 bytes (queue full)\n",
          "different: 1 of 3 streams, 0 of 2 consoles, 1 of 2 captures, 0 of 2 results\n");
}
END_TEST

/* The stream is told before the console, though both have it. */
START_TEST(console_text)
{
    plant((struct plant){.console_text = true},
          "first difference at 2.500000000 s: node alpha: console \"line\" | B: console \"lime\"\n",
          "different: 1 of 3 streams, 1 of 2 consoles, 0 of 2 captures");
}
END_TEST

START_TEST(console_only)
{
    record("a", &(struct plant){0});
    record("b", &(struct plant){0});
    fix_patch("b", "console/alpha.log", 24 * 100 - 2, 'X'); /* "[    0.123456789] line\n" is 23 bytes */
    fix_patch("b", "console/alpha.log", 23 * 100 - 2, 'X');
    expect("a", "b", "first difference at 0.990000000 s: console alpha line 100: \"line\" | B: \"linX\"\n",
           "different: 0 of 3 streams, 1 of 2 consoles");
    ck_assert_int_eq(truncate(fix_path("b", "console/alpha.log"), 23 * 50), 0);
    expect(
        "a", "b",
        "first difference at 0.500000000 s: console alpha line 51: A continues with \"line\", B ends here\n",
        "");
}
END_TEST

START_TEST(console_longer)
{
    plant((struct plant){.console_more = true},
          "first difference at 6.000000000 s: node alpha: A ends here, B continues with console \"more\"\n",
          "1 of 2 consoles");
}
END_TEST

START_TEST(raw_bytes)
{
    plant((struct plant){.raw_only = true}, "different: 0 of 3 streams, 1 of 2 consoles",
          "console/beta.raw: the bytes differ from byte 1 on (the lines do not)\n");
}
END_TEST

START_TEST(capture_bytes)
{
    plant((struct plant){.capture_byte = true},
          "first difference at 2.500001000 s: capture wire0.0 frame 2501: out 98 bytes hash ",
          "different: 0 of 3 streams, 0 of 2 consoles, 1 of 2 captures");
}
END_TEST

START_TEST(earliest_of_many)
{
    plant((struct plant){.late_state = true, .capture_byte = true, .console_more = true, .link_drop = true},
          "first difference at 2.500001000 s: capture wire0.0 frame 2501: ", "different: 2 of 3 streams");
}
END_TEST

START_TEST(memory)
{
    plant(
        (struct plant){.hash = "00000000000000ff"},
        "first difference at 9.000000000 s: node alpha: ram_xxh3 \"0000000000000001\" | B: "
        "\"00000000000000ff\"\n",
        "different: 0 of 3 streams, 0 of 2 consoles, 0 of 2 captures, 1 of 2 results\nnode alpha: ram_xxh3 ");
    write_result("b", "0000000000000001", 3);
    expect("a", "b", "first difference at 9.000000000 s: node alpha: exit 0 | B: 3\n",
           "node alpha: exit 0 | B: 3\n");
    static const char one[] =
        "{\"nodes\":[{\"name\":\"alpha\",\"end\":\"result\",\"exit\":0,"
        "\"end_ps\":9000000000000,\"ram_xxh3\":\"0000000000000001\",\"more\":1}]}";
    fix_write("b", "result.json", one, sizeof one - 1);
    expect("a", "b", "first difference at 9.000000000 s: node alpha: more nothing | B: 1\n",
           "node beta: only in A\n");
}
END_TEST

/* Of a gap nothing is compared but how the nodes do, and what is not in the trace is said. */
START_TEST(gaps)
{
    char *out, *err;
    struct plant p = {.tx_len = true, .n_gaps = 1, .gap = {{2400 * VTIME_MS, 2501 * VTIME_MS}}};
    record("a", &(struct plant){0});
    record("b", &p);
    static const char said[] =
        "identical: 3 streams, 15186 events, 2 consoles, 2 captures, 2 memory hashes\n"
        "not compared: in B not in the trace: from 2.400000000000 s to 2.501000000000 s (recording was "
        "off)\n";
    ck_assert_int_eq(fix_diff("a", "b", &out, &err), 0);
    ck_assert_str_eq(out, said);
    free(out), free(err);
    ck_assert_int_eq(fix_diff("b", "b", &out, &err), 0);
    ck_assert_msg(strstr(out, "15186 events") != NULL, "%s", out);
    free(out), free(err);
    p.gap[0].to = 2500 * VTIME_MS; /* the difference is behind it */
    record("c", &p);
    expect("a", "c", "first difference at 2.500000000 s: node beta: frame tx #2500 eth0 98 bytes hash ",
           "not compared: in B not in the trace: from 2.4");
    p.gap[0].to = VTIME_NEVER;
    p.late_state = true; /* a node's state is always recorded */
    record("d", &p);
    expect("a", "d",
           "first difference at 7.000000000 s: node alpha: A ends here, B continues with state panic",
           "from 2.400000000000 s to the end (recording was off)\n");
    p.n_gaps = 2; /* the events that are recorded do not depend on when this was said */
    p.gap[0].to = 2410 * VTIME_MS;
    p.gap[1] = (struct tracing_gap){2420 * VTIME_MS, 2600 * VTIME_MS};
    p.late_state = false;
    record("e", &p);
    ck_assert_int_eq(fix_diff("a", "e", &out, &err), 0);
    ck_assert_uint_eq(fix_lines(out), 3);
    free(out), free(err);
}
END_TEST

START_TEST(missing_files)
{
    record("a", &(struct plant){0});
    record("b", &(struct plant){0});
    ck_assert_int_eq(unlink(fix_path("b", "capture/wire0.1.pcapng")), 0);
    expect("a", "b", "different: 0 of 3 streams, 0 of 2 consoles, 1 of 2 captures",
           "capture/wire0.1.pcapng: only in A\n");
    ck_assert_int_eq(unlink(fix_path("b", "trace/metadata")), 0);
    expect("a", "b", "different: ", "trace: only in A\n");
}
END_TEST

static void expect_error(const char *a, const char *b, const char *has)
{
    char *out, *err;
    ck_assert_int_eq(fix_diff(a, b, &out, &err), -1);
    ck_assert_str_eq(out, "");
    ck_assert_msg(strstr(err, has) != NULL, "%s", err);
    ck_assert_uint_eq(fix_lines(err), 1);
    free(out);
    free(err);
}

START_TEST(not_runs)
{
    record("a", &(struct plant){0});
    record("b", &(struct plant){0});
    expect_error("a", "none", "/none: No such file or directory");
    expect_error("a", "b/result.json", "/b/result.json: Not a directory");
    ck_assert_int_eq(truncate(fix_path("b", "trace/fabric"), TRACING_PACKET_BYTES + 5), 0);
    expect_error("a", "b", "/b/trace/fabric: packet 1 (byte 65536): truncated");
    ck_assert_int_eq(truncate(fix_path("a", "trace/fabric"), TRACING_PACKET_BYTES + 5), 0);
    expect_error("a", "b", "/a/trace/fabric: packet 1 (byte 65536): truncated"); /* equal, but not whole */
    ck_assert_int_eq(truncate(fix_path("a", "trace/fabric"), 0), 0);
    ck_assert_int_eq(truncate(fix_path("b", "trace/fabric"), 0), 0);
    ck_assert_int_eq(truncate(fix_path("b", "capture/wire0.0.pcapng"), 1001), 0);
    expect_error("a", "b", "/b/capture/wire0.0.pcapng: truncated: the file ends inside a block");
    static const char *const bad[] = {"5\n",
                                      "5 4\n",
                                      "5 x\n",
                                      "-5 6\n",
                                      "5 -",
                                      "5 6 7\n",
                                      "7 8\n5 6\n",
                                      "1 -\n2 3\n",
                                      "1 5\n5 6\n",
                                      "5  6\n",
                                      "5 99999999999999999999\n"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fix_write("b", "trace-gaps", bad[i], strlen(bad[i]));
        expect_error("a", "b", "/b/trace-gaps: line ");
    }
    ck_assert_int_eq(unlink(fix_path("b", "trace-gaps")), 0);
    fix_patch("b", "trace/metadata", 100, '!');
    expect_error("a", "b", "/b/trace/metadata: damaged, or of another version");
    fix_write("b", "result.json", "{\"nodes\":\n [1,", 14);
    expect_error("a", "b", "/b/result.json:2:");
    fix_write("b", "result.json", "{\"nodes\":[{}]}", 14);
    expect_error("a", "b", "/b/result.json: corrupt: \"nodes\" is not a list");
    ck_assert_int_eq(unlink(fix_path("b", "result.json")), 0);
    expect_error("a", "b", "/b/result.json: missing: not a run directory, or the run has not ended");
}
END_TEST

START_TEST(without_trace)
{
    static const char *const runs[] = {"a", "b"};
    for (unsigned i = 0; i < 2; i++) {
        char why[256];
        ck_assert_int_eq(mkdir(fix_path(runs[i], ""), 0777), 0);
        struct tracing_config cfg = {.dir = fix_path(runs[i], ""),
                                     .nodes = fix_nodes,
                                     .n_nodes = 2,
                                     .links = fix_links,
                                     .n_links = 1,
                                     .trace = false,
                                     .capture = false};
        struct tracing *t = tracing_open(&cfg, why, sizeof why);
        tracing_console(t, 0, 5, "hello\n", 6, NULL, NULL);
        fix_close(t);
        write_result(runs[i], "0000000000000001", 0);
    }
    char *out, *err;
    ck_assert_int_eq(fix_diff("a", "b", &out, &err), 0);
    ck_assert_str_eq(out, "identical: 0 streams, 0 events, 2 consoles, 0 captures, 2 memory hashes\n");
    free(out);
    free(err);
}
END_TEST

FIX_MAIN("tracing_diff", equal, frame_length, frame_time, stream_ends, fabric, console_text, console_only,
         console_longer, raw_bytes, capture_bytes, earliest_of_many, memory, gaps, missing_files, not_runs,
         without_trace)
