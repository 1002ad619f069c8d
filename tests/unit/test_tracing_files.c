/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_tracing_files.c - consoles and captures, byte by byte, the latter with a small pcapng reader of its
 * own.
 */
#include "tests/unit/tracing_fixture.h"

/* ---- consoles ---- */

static char *lines; /* "node at line|" of each call */
static size_t lines_len;
static FILE *lines_out;

static void on_line(void *ctx, unsigned node, vtime_t at, const char *line)
{
    ck_assert_ptr_eq(ctx, &lines);
    fprintf(lines_out, "%u %lld %s|", node, (long long)at, line);
}

static void say(struct tracing *t, unsigned node, vtime_t at, const char *bytes, size_t len)
{
    tracing_console(t, node, at, bytes, len, on_line, &lines);
}

START_TEST(console_lines)
{
    struct tracing *t = fix_open("run");
    lines_out = open_memstream(&lines, &lines_len);
    say(t, 0, VTIME_S + 234567890 * VTIME_NS + 999, "hel", 3); /* rounded down to 1.234567890 */
    say(t, 0, 2 * VTIME_S, "lo\r\n\nwor", 8);
    say(t, 1, 3 * VTIME_S, "\x1b[31mred\tx\0y\xff\\\r\r\n", 17);
    say(t, 0, 12345 * VTIME_S, "ld\n", 3);
    say(t, 0, 12346 * VTIME_S, "", 0);
    say(t, 0, 12347 * VTIME_S, "login: ", 7);
    fclose(lines_out);
    ck_assert_str_eq(lines,
                     "0 2000000000000 hello|0 2000000000000 |1 3000000000000 \x1b[31mred\txy\xff\\|"
                     "0 12345000000000000 world|");
    free(lines);
    fix_close(t);
    char *log = fix_read("run", "console/alpha.log", NULL);
    ck_assert_str_eq(log,
                     "[    1.234567890] hello\n[    2.000000000] \n[    2.000000000] world\n"
                     "[12347.000000000] login: \n");
    free(log);
    log = fix_read("run", "console/beta.log", NULL);
    ck_assert_str_eq(log, "[    3.000000000] \\x1b[31mred\tx\\x00y\\xff\\\n");
    free(log);
    size_t len;
    char *raw = fix_read("run", "console/alpha.raw", &len);
    ck_assert_str_eq(raw, "hello\r\n\nworld\nlogin: ");
    free(raw);
    raw = fix_read("run", "console/beta.raw", &len);
    ck_assert_uint_eq(len, 17);
    ck_assert_mem_eq(raw, "\x1b[31mred\tx\0y\xff\\\r\r\n", 17);
    free(raw);
    char *out, *err; /* an unended line is in the trace too */
    ck_assert_int_eq(fix_print("run", NULL, &out, &err), 0);
    ck_assert_uint_eq(fix_lines(out), 5);
    ck_assert_ptr_nonnull(strstr(out, "12347.000000000 s  alpha   console \"login: \"\n"));
    free(out);
    free(err);
}
END_TEST

/* 4096 bytes are a line; one more is the next line's first. In one piece and byte by byte. */
START_TEST(console_long_lines)
{
    static char text[10001];
    memset(text, 'x', 10000);
    text[4096] = '\n';
    text[10000] = '\n';
    struct tracing *t = fix_open("run");
    lines_out = open_memstream(&lines, &lines_len);
    say(t, 0, 1, text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        say(t, 1, VTIME_NS * (vtime_t)i, text + i, 1);
    fclose(lines_out);
    free(lines);
    fix_close(t);
    static const size_t expected[] = {4096, 4096, 10000 - 4097 - 4096};
    for (unsigned node = 0; node < 2; node++) {
        char *log = fix_read("run", node ? "console/beta.log" : "console/alpha.log", NULL), *line = log;
        for (unsigned i = 0; i < 3; i++) {
            size_t len = strcspn(line, "\n");
            ck_assert_uint_eq(len, 18 + expected[i]);
            if (node == 1 && i == 2)
                ck_assert_int_eq(strncmp(line, "[    0.000008193] x", 19), 0);
            line += len + 1;
        }
        ck_assert_str_eq(line, "");
        free(log);
    }
}
END_TEST

/* What a running guest wrote is on the disk after 100 ms of virtual time, not earlier. */
START_TEST(console_flush)
{
    struct tracing *t = fix_open("run");
    tracing_console(t, 0, 5, "hello\n", 6, NULL, NULL);
    tracing_commit(t, 50 * VTIME_MS);
    struct stat st;
    ck_assert_int_eq(stat(fix_path("run", "console/alpha.log"), &st), 0);
    ck_assert_int_eq(st.st_size, 0);
    tracing_commit(t, 101 * VTIME_MS);
    ck_assert_int_eq(stat(fix_path("run", "console/alpha.log"), &st), 0);
    ck_assert_int_eq(st.st_size, 24);
    fix_close(t);
}
END_TEST

/* ---- captures ---- */

struct packet {
    uint64_t ns;
    uint32_t kept, len, flags;
    const uint8_t *data;
    char comment[64];
};

/* Checks the file's structure; returns the number of packets. */
static unsigned read_pcapng(const char *bytes, size_t size, const char *name, struct packet *packets,
                            unsigned max)
{
    const uint8_t *p = (const uint8_t *)bytes, *end = p + size;
    unsigned n = 0, blocks = 0;
    for (; p < end; blocks++) {
        ck_assert_uint_ge((size_t)(end - p), 12);
        uint32_t type = tracing_get32(p), len = tracing_get32(p + 4);
        ck_assert_uint_eq(len % 4, 0);
        ck_assert_uint_le(len, (size_t)(end - p));
        ck_assert_uint_eq(tracing_get32(p + len - 4), len);
        if (blocks == 0) { /* section header: version 1.0, nothing about this host */
            ck_assert_uint_eq(type, 0x0A0D0D0A);
            ck_assert_uint_eq(len, 28);
            ck_assert_uint_eq(tracing_get32(p + 8), 0x1A2B3C4D);
            ck_assert_uint_eq(tracing_get32(p + 12), 1);
        } else if (blocks == 1) { /* interface: Ethernet, name, nanoseconds */
            ck_assert_uint_eq(type, 1);
            ck_assert_uint_eq(tracing_get32(p + 8), 1);
            ck_assert_uint_eq(tracing_get16(p + 16), 2);
            ck_assert_uint_eq(tracing_get16(p + 18), strlen(name));
            ck_assert_mem_eq(p + 20, name, strlen(name));
            const uint8_t *option = p + 20 + (strlen(name) + 3) / 4 * 4;
            ck_assert_uint_eq(tracing_get16(option), 9);
            ck_assert_uint_eq(tracing_get16(option + 2), 1);
            ck_assert_uint_eq(option[4], 9);
            ck_assert_uint_eq(tracing_get32(option + 8), 0);
            ck_assert_ptr_eq(option + 16, p + len);
        } else {
            ck_assert_uint_eq(type, 6);
            ck_assert_uint_lt(n, max);
            struct packet *k = &packets[n++];
            *k = (struct packet){.ns = (uint64_t)tracing_get32(p + 12) << 32 | tracing_get32(p + 16),
                                 .kept = tracing_get32(p + 20),
                                 .len = tracing_get32(p + 24),
                                 .data = p + 28};
            const uint8_t *option = p + 28 + (k->kept + 3) / 4 * 4;
            while (option < p + len - 4 && tracing_get16(option) != 0) {
                unsigned code = tracing_get16(option), option_len = tracing_get16(option + 2);
                if (code == 2)
                    k->flags = tracing_get32(option + 4);
                else if (code == 1)
                    memcpy(k->comment, option + 4, option_len < 63 ? option_len : 63);
                option += 4 + (option_len + 3) / 4 * 4;
            }
            ck_assert_ptr_eq(option + 4, p + len - 4);
        }
        p += len;
    }
    ck_assert_uint_ge(blocks, 2);
    return n;
}

static void link_event(struct tracing *t, enum tracing_event_id id, unsigned end, vtime_t at,
                       const void *data, uint32_t len, const char *reason)
{
    tracing_link(t, &(struct tracing_link_event){
                        .time_ps = at, .id = id, .end = end, .len = len, .data = data, .reason = reason});
}

START_TEST(capture_structure)
{
    struct tracing *t = fix_open("run");
    static const uint8_t frame[61] = "abcdefgh";
    vtime_t big = ((vtime_t)5 << 32) * VTIME_NS;                      /* needs the high word */
    link_event(t, TR_LINK_ARRIVED, 0, 2 * VTIME_US, frame, 61, NULL); /* announced before what follows */
    link_event(t, TR_LINK_QUEUED, 0, 5, frame, 60, NULL);             /* not in a capture */
    link_event(t, TR_LINK_SENT, 0, VTIME_US + 999, frame, 60, NULL);
    link_event(t, TR_LINK_DROPPED, 0, VTIME_US + 1500, frame, 59, "queue full");
    link_event(t, TR_LINK_DROPPED, 0, 3 * VTIME_US, NULL, 1600, "too long");
    link_event(t, TR_LINK_SENT, 1, 7, NULL, 60, NULL); /* no bytes: not in a capture */
    link_event(t, TR_LINK_SENT, 0, big, frame, 58, NULL);
    tracing_commit(t, VTIME_US + 1200);
    fix_close(t);
    size_t size;
    struct packet k[8];
    char *bytes = fix_read("run", "capture/wire0.0.pcapng", &size);
    ck_assert_uint_eq(read_pcapng(bytes, size, "wire0.0", k, 8), 5);
    static const struct {
        uint64_t ns;
        uint32_t kept, len, flags;
        const char *comment;
    } expected[] = {{1000, 60, 60, 2, ""},
                    {1001, 59, 59, 0, "dropped: queue full"},
                    {2000, 61, 61, 1, ""},
                    {3000, 0, 1600, 0, "dropped: too long"},
                    {5ull << 32, 58, 58, 2, ""}};
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq(k[i].ns, expected[i].ns);
        ck_assert_uint_eq(k[i].kept, expected[i].kept);
        ck_assert_uint_eq(k[i].len, expected[i].len);
        ck_assert_uint_eq(k[i].flags, expected[i].flags);
        ck_assert_str_eq(k[i].comment, expected[i].comment);
        ck_assert_mem_eq(k[i].data, frame, k[i].kept);
    }
    free(bytes);
    bytes = fix_read("run", "capture/wire0.1.pcapng", &size);
    ck_assert_uint_eq(read_pcapng(bytes, size, "wire0.1", k, 8), 0);
    free(bytes);
}
END_TEST

/* More than the buffer, and a frame that is longer than it. */
START_TEST(capture_volume)
{
    static uint8_t frame[300000];
    static struct packet k[1024];
    struct tracing *t = fix_open("run");
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t len = i == 500 ? sizeof frame : 60 + i;
        frame[0] = (uint8_t)i;
        link_event(t, TR_LINK_SENT, 1, VTIME_NS * (1000 - (vtime_t)i), frame, len, NULL);
    }
    fix_close(t);
    size_t size;
    char *bytes = fix_read("run", "capture/wire0.1.pcapng", &size);
    ck_assert_uint_eq(read_pcapng(bytes, size, "wire0.1", k, 1024), 1000);
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_uint_eq(k[999 - i].ns, 1000 - i);
        ck_assert_uint_eq(k[999 - i].kept, i == 500 ? sizeof frame : 60 + i);
        ck_assert_uint_eq(k[999 - i].data[0], (uint8_t)i);
    }
    free(bytes);
}
END_TEST

FIX_MAIN("tracing_files", console_lines, console_long_lines, console_flush, capture_structure, capture_volume)
