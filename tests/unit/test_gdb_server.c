/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_gdb_server.c - the remote protocol over a rack made of nothing (gdb_fake.h): framing, every packet
 * that gdb sends, and what happens to a connection that is none of gdb's.
 */
#include "tests/unit/gdb_fake.h"
#include <check.h>
#include <stdlib.h>

static struct fake f;
static struct gdb_server *server;
static char why[200];

static void setup(void)
{
    memset(&f, 0, sizeof f);
    for (unsigned i = 0; i < sizeof f.memory; i++)
        f.memory[i] = (uint8_t)i;
    server = fake_server(&f);
}

static void teardown(void)
{
    gdb_server_free(server);
}

static int input(const void *bytes, size_t len)
{
    f.sent_len = 0;
    f.sent[0] = 0;
    why[0] = 0;
    return gdb_server_input(server, bytes, len, why, sizeof why);
}

/* Sends a packet; returns the payload of the last packet that came back (acknowledgements off). */
static const char *ask(const char *payload)
{
    static char got[1 << 16];
    struct gdb_out out;
    char frame[GDB_PACKET_MAX + 8];

    gdb_out_clear(&out);
    gdb_out_add(&out, "%s", payload);
    size_t n = gdb_frame(&out, frame);
    ck_assert_int_eq(input(frame, n), 0);
    const char *last = NULL;
    for (const char *at = f.sent; (at = strchr(at, '$')); at++)
        last = at + 1;
    if (!last)
        return NULL;
    snprintf(got, sizeof got, "%.*s", (int)strcspn(last, "#"), last);
    return got;
}

/* As gdb begins. */
static void connect_gdb(void)
{
    ck_assert_ptr_nonnull(strstr(ask("qSupported:multiprocess+;swbreak+;hwbreak+"), "multiprocess+"));
    ck_assert_str_eq(ask("QStartNoAckMode"), "OK");
    ck_assert_str_eq(ask("!"), "OK");
    ck_assert_str_eq(ask("?"), "W00");
    ck_assert_str_eq(ask("vAttach;1"), "T05thread:p1.1;");
    ck_assert_str_eq(ask("vAttach;2"), "T05thread:p2.1;");
}

START_TEST(acknowledges_and_repeats)
{
    ck_assert_int_eq(input("$!#21", 5), 0);
    ck_assert_str_eq(f.sent, "+$OK#9a");
    ck_assert_int_eq(input("-", 1), 0);
    ck_assert_str_eq(f.sent, "$OK#9a");
    ck_assert_int_eq(input("$!#22", 5), 0);
    ck_assert_str_eq(f.sent, "-");
    ck_assert_int_eq(input("$!#21", 5), 0);
    ck_assert_str_eq(f.sent, "+$OK#9a");
}
END_TEST

START_TEST(one_byte_at_a_time)
{
    const char text[] = "+$m1000,4#8e";
    char all[100] = "";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        ck_assert_int_eq(input(text + i, 1), 0);
        strcat(all, f.sent);
    }
    ck_assert_str_eq(all, "+$00010203#86");
}
END_TEST

static const struct {
    const char *bytes;
    const char *why;
} hostile[] = {
    {"GET / HTTP/1.0\r\n", "no packet of gdb's begins like this (byte 0x47)"},
    {"$m10$", "a packet begins inside a packet (byte 0x24)"},
    {"$m10#zz", "a packet has no checksum (byte 0x7a)"},
    {"\x16\x03\x01", "no packet of gdb's begins like this (byte 0x16)"},
};

START_TEST(hostile_input_ends_the_connection)
{
    ck_assert_int_eq(input(hostile[_i].bytes, strlen(hostile[_i].bytes)), -1);
    ck_assert_str_eq(why, hostile[_i].why);
}
END_TEST

START_TEST(too_long_ends_the_connection)
{
    char *big = malloc(GDB_PACKET_MAX + 10);
    ck_assert_ptr_nonnull(big);
    memset(big, 'a', GDB_PACKET_MAX + 10);
    big[0] = '$';
    ck_assert_int_eq(input(big, GDB_PACKET_MAX + 1), 0); /* as long as it may be */
    ck_assert_int_eq(input("a", 1), -1);
    ck_assert_str_eq(why, "a packet is too long (byte 0x61)");
    free(big);
}
END_TEST

START_TEST(always_wrong_checksums_end_it)
{
    int r = 0, n = 0;
    while (r == 0 && n++ < 100)
        r = input("$!#00", 5);
    ck_assert_int_eq(r, -1);
    ck_assert_int_eq(n, 16);
}
END_TEST

START_TEST(begins_as_plain_remote)
{
    ask("qSupported:multiprocess+");
    ck_assert_str_eq(ask("?"), "T05thread:p1.1;");
    ck_assert(gdb_server_attached(server, 0));
    ck_assert(!gdb_server_attached(server, 1));
}
END_TEST

START_TEST(threads)
{
    connect_gdb();
    ck_assert_str_eq(ask("qfThreadInfo"), "mp1.1,p2.1,p2.2");
    ck_assert_str_eq(ask("qsThreadInfo"), "l");
    ck_assert_str_eq(ask("qC"), "QCp2.1");
    ck_assert_str_eq(ask("qCRC:0,1"), "");
    ck_assert_str_eq(ask("qThreadExtraInfo,p2.2"), "6e312d31");
    ck_assert_str_eq(ask("qThreadExtraInfo,p3.1"), "E01");
    ck_assert_str_eq(ask("Tp2.2"), "OK");
    ck_assert_str_eq(ask("Tp2.3"), "E01");
    ck_assert_str_eq(ask("Hgp1.1"), "OK");
    ck_assert_str_eq(ask("Hgp9.1"), "E01");
    ck_assert_str_eq(ask("Hg"), "E01");
    ck_assert_str_eq(ask("qXfer:threads:read::0,400"),
                     "l<?xml version=\"1.0\"?>\n<threads>\n<thread id=\"p1.1\" name=\"n0-0\">n0-0</thread>\n"
                     "<thread id=\"p2.1\" name=\"n1-0\">n1-0</thread>\n"
                     "<thread id=\"p2.2\" name=\"n1-1\">n1-1</thread>\n</threads>\n");
}
END_TEST

START_TEST(each_process_has_its_description)
{
    connect_gdb();
    ck_assert_str_eq(ask("qXfer:features:read:target.xml:0,400"), "l<target>}]one}\003</target>");
    ask("Hgp1.1");
    ck_assert_str_eq(ask("qXfer:features:read:target.xml:0,7"), "m<target");
    ck_assert_str_eq(ask("qXfer:features:read:target.xml:7,400"), "l>zero</target>");
    ck_assert_str_eq(ask("qXfer:features:read:target.xml:ffff,400"), "l");
    ck_assert_str_eq(ask("qXfer:features:read:other.xml:0,400"), "E00");
}
END_TEST

START_TEST(registers)
{
    connect_gdb();
    ck_assert_str_eq(ask("g"), "010000ff010001ff");
    ask("Hgp2.2");
    ck_assert_str_eq(ask("p5"), "010105ff");
    ck_assert_str_eq(ask("p99"), "E01");
    ck_assert_str_eq(ask("P7=8899"), "OK");
    ck_assert_str_eq(ask("P9=8899"), "E01");
    ck_assert_str_eq(ask("P7=8"), "E01");
    ck_assert_str_eq(f.log, "write 1.1 r7=88/2;write 1.1 r9=88/2;");
}
END_TEST

START_TEST(memory)
{
    connect_gdb();
    ck_assert_str_eq(ask("m10fe,10"), "feff"); /* up to the hole */
    ck_assert_str_eq(ask("m1100,1"), "E14");
    ck_assert_str_eq(ask("m1000,0"), "");
    ck_assert_str_eq(ask("mxyz"), "E14");
    ck_assert_str_eq(ask("M1001,2:aabb"), "OK");
    ck_assert_str_eq(ask("m1000,4"), "00aabb03");
    ck_assert_str_eq(ask("M1001,3:aabb"), "E01");
    ck_assert_str_eq(ask("X1000,2:AB"), "OK");
    ck_assert_str_eq(ask("m1000,4"), "4142bb03");
    ck_assert_str_eq(ask("X1000,3:AB"), "E01");
}
END_TEST

START_TEST(points)
{
    connect_gdb();
    ck_assert_str_eq(ask("Z0,ffffffff81000000,1"), "OK");
    ask("Hgp1.1");
    ck_assert_str_eq(ask("Z2,1000,8"), "OK");
    ck_assert_str_eq(ask("z2,1000,8"), "OK");
    ck_assert_str_eq(ask("Z5,1000,8"), "");
    ck_assert_str_eq(ask("Z0,1000"), "E01");
    ck_assert_str_eq(f.log, "+0 1 ffffffff81000000,1;+2 0 1000,8;-2 0 1000,8;");
}
END_TEST

static void expect_orders(unsigned p11, unsigned p21, unsigned p22)
{
    ck_assert_uint_eq(f.orders.go[0][0], p11);
    ck_assert_uint_eq(f.orders.go[1][0], p21);
    ck_assert_uint_eq(f.orders.go[1][1], p22);
}

static void stop(unsigned node, unsigned cpu, int signal, enum gdb_why reason)
{
    f.sent_len = 0;
    f.sent[0] = 0;
    gdb_server_stopped(server, &(struct gdb_stop){.node = node,
                                                  .cpu = cpu,
                                                  .signal = signal,
                                                  .why = reason,
                                                  .watch_kind = 2,
                                                  .watch_addr = 0x1234});
}

START_TEST(continue_and_step)
{
    connect_gdb();
    ck_assert_ptr_null(ask("vCont;s:p2.2;c"));
    expect_orders(GDB_CONTINUE, GDB_CONTINUE, GDB_STEP);
    ck_assert(gdb_server_running(server));
    stop(1, 1, 5, GDB_WHY_NONE);
    ck_assert_str_eq(f.sent, "$T05thread:p2.2;#a8");
    ck_assert(!gdb_server_running(server));
    ask("vCont;s:p1.1");
    expect_orders(GDB_STEP, GDB_STAY, GDB_STAY);
    stop(0, 0, 5, GDB_WHY_BREAK);
    ck_assert_ptr_nonnull(strstr(f.sent, "T05thread:p1.1;swbreak:;"));
    ask("vCont;c:p2.-1");
    expect_orders(GDB_STAY, GDB_CONTINUE, GDB_CONTINUE);
    stop(1, 0, 5, GDB_WHY_WATCH);
    ck_assert_ptr_nonnull(strstr(f.sent, "T05thread:p2.1;watch:1234;"));
    ask("vCont;C05");
    expect_orders(GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
    stop(0, 0, 2, GDB_WHY_NONE);
    ck_assert_ptr_nonnull(strstr(f.sent, "T02thread:p1.1;"));
    ck_assert_str_eq(ask("vCont;x"), "E01");
    ck_assert_str_eq(ask("vContinue"), "E01");
    ck_assert_str_eq(ask("vCont?"), "vCont;c;C;s;S");
    ask("s");
    expect_orders(GDB_STEP, GDB_CONTINUE, GDB_CONTINUE);
    ck_assert_uint_eq(f.resumed, 5);
}
END_TEST

START_TEST(stops_are_told_to_who_waits)
{
    connect_gdb();
    stop(0, 0, 5, GDB_WHY_NONE);
    ck_assert_str_eq(f.sent, "");
}
END_TEST

START_TEST(interrupt)
{
    connect_gdb();
    input("\x03", 1);
    ck_assert_uint_eq(f.interrupts, 0); /* nothing runs */
    ask("vCont;c");
    input("\x03", 1);
    ck_assert_uint_eq(f.interrupts, 1);
    ck_assert_int_eq(input("$g#67", 5), -1);
    ck_assert_str_eq(why, "a packet came while the guests run");
}
END_TEST

START_TEST(reverse)
{
    connect_gdb();
    ck_assert_ptr_null(ask("bc"));
    stop(1, 1, 5, GDB_WHY_BEGIN);
    ck_assert_ptr_nonnull(strstr(f.sent, "T05thread:p2.2;replaylog:begin;"));
    ask("Hgp1.1"); /* where gdb looks is not whom it moves */
    ask("Hc0");
    ask("bs");
    stop(0, 0, 5, GDB_WHY_NONE);
    ck_assert_str_eq(ask("bs"), "E01");
    ask("Hcp2.1");
    ask("bs");
    ck_assert_str_eq(f.log, "reverse 1.0 continue;reverse 1.1 step;reverse 0.0 step;reverse 1.0 step;");
}
END_TEST

START_TEST(monitor)
{
    connect_gdb();
    ck_assert_str_eq(ask("qRcmd,6e6f646573"), "OK");
    ck_assert_ptr_nonnull(strstr(f.sent, "$O77656c6c0a#"));
    ck_assert_str_eq(ask("qRcmd,6"), "E01");
    ck_assert_str_eq(f.log, "monitor 1 'nodes';");
}
END_TEST

START_TEST(detach)
{
    connect_gdb();
    ck_assert_str_eq(ask("D;1"), "OK");
    ck_assert_uint_eq(f.resumed, 0);
    ck_assert_str_eq(ask("qfThreadInfo"), "mp2.1,p2.2");
    ck_assert_str_eq(ask("D;2"), "OK");
    ck_assert_str_eq(f.log, "detach 0;detach 1;let go;");
    ck_assert_str_eq(ask("D;7"), "E01");
}
END_TEST

START_TEST(kill_takes_leave)
{
    connect_gdb();
    ck_assert_int_eq(input("$k#6b", 5), 1);
    ck_assert_str_eq(f.log, "detach 0;detach 1;let go;");
}
END_TEST

START_TEST(the_end)
{
    connect_gdb();
    ask("vCont;c");
    f.sent_len = 0;
    gdb_server_stopped(server,
                       &(struct gdb_stop){.why = GDB_WHY_EXIT, .node = 1, .exit_status = 3, .say = "bye"});
    ck_assert_str_eq(f.sent, "$O627965#92$W03;process:2#60");
    ck_assert(!gdb_server_attached(server, 1));
    ck_assert(gdb_server_attached(server, 0));
}
END_TEST

START_TEST(numbers)
{
    const char *t = "ffffffffffffffff,";
    uint64_t v;
    uint8_t b[4];
    ck_assert(gdb_hex(&t, &v));
    ck_assert_uint_eq(v, UINT64_MAX);
    ck_assert_int_eq(*t, ',');
    t = "10000000000000000";
    ck_assert(!gdb_hex(&t, &v));
    t = "";
    ck_assert(!gdb_hex(&t, &v));
    ck_assert_int_eq(gdb_unhex("00fFAb", b, 4), 3);
    ck_assert_uint_eq(b[1], 0xff);
    ck_assert_int_eq(gdb_unhex("0", b, 4), -1);
    ck_assert_int_eq(gdb_unhex("0011223344", b, 4), -1);
    ck_assert_int_eq(gdb_unhex("0g", b, 4), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gdb_server");
    TCase *c = tcase_create("protocol");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, acknowledges_and_repeats);
    tcase_add_test(c, one_byte_at_a_time);
    tcase_add_loop_test(c, hostile_input_ends_the_connection, 0, sizeof hostile / sizeof hostile[0]);
    tcase_add_test(c, too_long_ends_the_connection);
    tcase_add_test(c, always_wrong_checksums_end_it);
    tcase_add_test(c, begins_as_plain_remote);
    tcase_add_test(c, threads);
    tcase_add_test(c, each_process_has_its_description);
    tcase_add_test(c, registers);
    tcase_add_test(c, memory);
    tcase_add_test(c, points);
    tcase_add_test(c, continue_and_step);
    tcase_add_test(c, stops_are_told_to_who_waits);
    tcase_add_test(c, interrupt);
    tcase_add_test(c, reverse);
    tcase_add_test(c, monitor);
    tcase_add_test(c, detach);
    tcase_add_test(c, kill_takes_leave);
    tcase_add_test(c, the_end);
    tcase_add_test(c, numbers);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
