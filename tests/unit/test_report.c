/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_report.c - report.html and result.xml of small recorded runs: exact numbers, text that means no good,
 * runs that were cut short, equal pages of equal runs. What the page's script does is tested in a browser
 * (tests/e2e/report).
 */
#include "sim/junit.h"
#include "sim/report.h"
#include "tests/unit/tracing_fixture.h"

#define EVIL "</pre><script>hostile()</script><img src=x onerror=hostile()>"

static const char scenario[] =
    "nodes:\n  alpha: { arch: x86_64 }\n  beta: { arch: riscv64 }\n"
    "kinds:\n  last: { offset: 97, bytes: \"05\" }\n"
    "links:\n  - { name: wire0, endpoints: [\"alpha:eth0\", \"beta:eth0\"] }\n";

static void write_text(const char *run, const char *file, const char *text)
{
    fix_write(run, file, text, strlen(text));
}

/* One frame's way from alpha to beta, taking `takes`; lost instead if takes is 0. */
static void frame(struct tracing *t, vtime_t at, uint64_t id, vtime_t takes)
{
    uint8_t data[98] = {[12] = 8, [13] = 0, [23] = 17, [97] = (uint8_t)id}; /* IPv4, UDP */
    struct tracing_link_event ev = {.time_ps = at,
                                    .id = TR_LINK_QUEUED,
                                    .frame_id = id,
                                    .len = sizeof data,
                                    .queue_bytes = 98,
                                    .data = data};

    tracing_frame(t, TR_FRAME_TX, 0, 0, at, id, data, sizeof data);
    tracing_link(t, &ev);
    if (takes == 0) {
        ev.id = TR_LINK_DROPPED;
        ev.reason = "queue full";
        tracing_link(t, &ev);
        return;
    }
    ev.id = TR_LINK_SENT;
    tracing_link(t, &ev);
    ev = (struct tracing_link_event){.time_ps = at + takes,
                                     .id = TR_LINK_ARRIVED,
                                     .end = 1,
                                     .frame_id = id,
                                     .len = sizeof data,
                                     .data = data};
    tracing_link(t, &ev);
    tracing_frame(t, TR_FRAME_RX, 1, 0, at + takes, id, data, sizeof data);
}

static void no_line(void *ctx, unsigned node, vtime_t at, const char *line)
{
    (void)ctx, (void)node, (void)at, (void)line;
}

/* A run of n frames, the k-th of which takes 1000000 + k ps; one more is lost. */
static void record(const char *run, unsigned n)
{
    struct tracing *t = fix_open(run);

    tracing_console(t, 0, VTIME_US, EVIL "\n", strlen(EVIL) + 1, no_line, NULL);
    for (unsigned k = 0; k < n; k++)
        frame(t, (k + 2) * 5 * VTIME_US, k + 1, 1000000 + k);
    frame(t, (n + 2) * 5 * VTIME_US, n + 1, 0);
    tracing_node_state(t, 1, (n + 3) * 5 * VTIME_US, "result", 0);
    tracing_commit(t, (n + 4) * 5 * VTIME_US);
    fix_close(t);
    write_text(run, "scenario.scn.yml", scenario);
}

static void make(const char *run, const struct report_options *opt)
{
    char why[300] = "";
    char *path = strdup(fix_path(run, ""));
    ck_assert_msg(report_write(path, opt, why, sizeof why) == 0, "%s", why);
    free(path);
}

/* The page without tags: what a person reads; the caller frees. */
static char *page_text(const char *run)
{
    char *page = fix_read(run, "report.html", NULL), *to = page;
    bool tag = false;
    for (const char *p = page; *p; p++) {
        if (*p == '<')
            tag = true;
        if (!tag)
            *to++ = *p;
        if (*p == '>') {
            if (tag && to > page && to[-1] != ' ' && strncmp(p - 2, "<i>", 3) != 0 &&
                strncmp(p - 3, "</i>", 4) != 0)
                *to++ = ' ';
            tag = false;
        }
    }
    *to = 0;
    return page;
}

static void must_have(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "the page lacks: %s", part);
}

START_TEST(latencies_are_exact)
{
    record("run", 1000);
    make("run", &REPORT_ALL);
    char *text = page_text("run");
    /* 1000 values 1000000..1000999: the 500th, the 990th */
    must_have(text, "alpha beta udp 996 1000000 1000499 1000990 1000999");
    /* those whose last byte is 5, as the scenario names them: 5, 261, 517, 773 */
    must_have(text, "alpha beta last 4 1000004 1000260 1000772 1000772");
    must_have(text, "wire0 0 1000 98000 0 1 ");
    must_have(text, "1 0 0 1000 0 ");
    must_have(text, "The run has no result");
    free(text);
}
END_TEST

START_TEST(no_text_of_a_guest_is_html)
{
    record("run", 3);
    write_text("run", "result.json",
               "{\"name\":\"x\",\"outcome\":\"" EVIL "\",\"nodes\":[{\"name\":\"" EVIL
               "\",\"verdict\":\"" EVIL "\",\"checks\":[{\"check\":\"" EVIL "\",\"ok\":false,\"why\":\"" EVIL
               "\"}]}],"
               "\"faults\":[{\"name\":\"" EVIL "\",\"hits\":1,\"" EVIL "\":\"" EVIL
               "\"}],"
               "\"links\":[{\"name\":\"" EVIL "\",\"ends\":[]}]}");
    make("run", &REPORT_ALL);
    char *page = fix_read("run", "report.html", NULL);
    ck_assert_ptr_null(strstr(page, "<script>hostile"));
    ck_assert_ptr_null(strstr(page, "<img"));
    must_have(page, "&lt;/pre&gt;&lt;script&gt;hostile()");
    must_have(page, "default-src 'none'; script-src 'sha256-");
    ck_assert_ptr_null(strstr(page, "http://"));
    ck_assert_ptr_null(strstr(page, "https://"));
    free(page);
}
END_TEST

START_TEST(equal_runs_have_equal_pages)
{
    record("run-001", 50);
    record("run-002", 50);
    make("run-001", &REPORT_ALL);
    make("run-002", &REPORT_ALL);
    char *a = fix_read("run-001", "report.html", NULL), *b = fix_read("run-002", "report.html", NULL);
    for (char *p; (p = strstr(a, "run-001"));)
        p[6] = '2';
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
}
END_TEST

START_TEST(a_killed_run_is_shown_as_far_as_it_goes)
{
    size_t len;

    record("run", 3000);
    char *bytes = fix_read("run", "trace/fabric", &len);
    ck_assert_uint_gt(len, 2 * TRACING_PACKET_BYTES);
    fix_write("run", "trace/fabric", bytes, TRACING_PACKET_BYTES + 1000);
    free(bytes);
    bytes = fix_read("run", "capture/wire0.0.pcapng", &len);
    fix_write("run", "capture/wire0.0.pcapng", bytes, 5001);
    free(bytes);
    make("run", &REPORT_ALL);
    char *text = page_text("run");
    must_have(text, "trace/fabric is read up to ");
    must_have(text, "capture/wire0.0.pcapng: truncated");
    must_have(text, "alpha beta udp");
    must_have(text, "unfinished");
    free(text);

    ck_assert_int_eq(unlink(fix_path("run", "trace/metadata")), 0);
    ck_assert_int_eq(unlink(fix_path("run", "scenario.scn.yml")), 0);
    make("run", &REPORT_ALL);
    text = page_text("run");
    must_have(text, "There is no trace to show");
    must_have(text, "scenario.scn.yml is missing");
    free(text);
}
END_TEST

START_TEST(a_window_is_said_to_be_one)
{
    record("run", 100);
    struct report_options opt = REPORT_ALL;
    opt.limit = 7;
    make("run", &opt);
    char *text = page_text("run");
    must_have(text, "the timeline has 7 of 101 messages");
    must_have(text, "alpha beta udp 99 "); /* tables are about all of them */
    free(text);
}
END_TEST

START_TEST(where_it_cannot_be_written)
{
    char why[300] = "";
    struct report_options opt = REPORT_ALL;

    record("run", 1);
    opt.path = fix_path("no", "such/page.html");
    ck_assert_int_eq(report_write(fix_path("run", ""), &opt, why, sizeof why), -1);
    ck_assert_ptr_nonnull(strstr(why, "such/page.html"));
}
END_TEST

START_TEST(junit)
{
    char why[300] = "";

    ck_assert_int_eq(mkdir(fix_path("run", ""), 0777), 0);
    write_text("run", "result.json",
               "{\"name\":\"p\",\"outcome\":\"failed\",\"exit\":1,\"virtual_ps\":2500000000000,\"host\":{"
               "\"wall_s\":1.5},"
               "\"fabric\":{\"conservation\":\"ok\"},\"nodes\":[{\"name\":\"a\",\"end_ps\":1000000001000,"
               "\"checks\":["
               "{\"check\":\"exit status 0\",\"ok\":true},"
               "{\"check\":\"console: <a>&\\\"\\u0007\",\"ok\":false,\"why\":\"no line matches\"}]}]}");
    ck_assert_msg(junit_write(fix_path("run", ""), why, sizeof why) == 0, "%s", why);
    char *xml = fix_read("run", "result.xml", NULL);
    must_have(xml, "<testsuite name=\"p\" tests=\"4\" failures=\"1\" errors=\"0\" time=\"1.500\"");
    must_have(xml, "<testcase classname=\"p.a\" name=\"exit status 0\" time=\"1.000000001\"/>");
    must_have(xml, "name=\"console: &lt;a&gt;&amp;&quot;\\x07\"");
    must_have(xml, "<failure message=\"no line matches\" type=\"failure\">");
    must_have(xml, "<testcase classname=\"p\" name=\"the fabric's books balance\" time=\"2.500000000\"/>");
    free(xml);
    ck_assert_int_eq(unlink(fix_path("run", "result.json")), 0);
    ck_assert_int_eq(junit_write(fix_path("run", ""), why, sizeof why), 0);
    xml = fix_read("run", "result.xml", NULL);
    must_have(xml, "errors=\"1\"");
    must_have(xml, "<error message=\"there is no result.json");
    free(xml);
}
END_TEST

FIX_MAIN("report", latencies_are_exact, no_text_of_a_guest_is_html, equal_runs_have_equal_pages,
         a_killed_run_is_shown_as_far_as_it_goes, a_window_is_said_to_be_one, where_it_cannot_be_written,
         junit)
