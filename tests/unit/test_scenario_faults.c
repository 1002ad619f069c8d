/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_scenario_faults.c - kinds and faults: values arrive, names stand for what they should, files of faults
 * are added as a whole or not at all. What is refused, and why, is in the corpus (test_scenario.c).
 */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"
#include "sim/scenario_internal.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* link 0: wire0, 1: wire1, 2: trunk, 3: eth */
static const char rack[] =
    "nodes: { alpha: { arch: x86_64 }, beta: { arch: aarch64 } }\n"
    "switches: { s0: { kind: fabric }, s1: { kind: fabric } }\n"
    "links:\n"
    "  - { endpoints: [\"alpha:fab0\", s0], name: wire0 }\n"
    "  - { endpoints: [s1, \"beta:fab0\"], name: wire1 }\n"
    "  - { endpoints: [s0, s1], name: trunk }\n"
    "  - { endpoints: [\"alpha:eth0\", \"beta:eth0\"], name: eth }\n";

static char *diag;

static struct scenario *parse(const char *more)
{
    char *text = scn_printf("%s%s", rack, more);
    size_t len = 0;
    FILE *f = open_memstream(&diag, &len);
    struct scenario *s = scenario_parse(text, strlen(text), "test.scn.yml", f);

    fclose(f);
    ck_assert_msg(s != NULL, "%s", diag);
    free(diag);
    free(text);
    return s;
}

static int add(struct scenario *s, const char *text)
{
    size_t len = 0;
    FILE *f = open_memstream(&diag, &len);
    int rc = scenario_add_faults_text(s, text, strlen(text), "faults.yml", f);

    fclose(f);
    ck_assert_int_eq(rc == 0, len == 0);
    return rc;
}

START_TEST(values_arrive)
{
    struct scenario *s = parse(
        "kinds: { k: { offset: 48, bytes: \"ff 0007\", mask: \"f0 ff 0f\" } }\n"
        "faults:\n"
        "  - { name: a, link: wire0, match: { kind: k, from: alpha, to: beta, queue: 7 },"
        "      at: 1ms, for: 2us, count: 3, loss: 0.01% }\n"
        "  - { node: alpha, after: { kind: ack, nth: 4 }, interrupt: late, by: 5us }\n"
        "  - { node: beta, completion: flushed, queue: 0 }\n"
        "  - { node: beta, memory-flip: 0xfffe, bit: 0 }\n"
        "  - { link: wire0, down: true, period: 4us }\n");
    const struct scn_fault *f = s->faults;

    ck_assert_uint_eq(s->n_kinds, 1);
    ck_assert_uint_eq(s->kinds[0].offset, 48);
    ck_assert_uint_eq(s->kinds[0].n_bytes, 3);
    ck_assert_int_eq(memcmp(s->kinds[0].bytes, "\xf0\x00\x07", 3), 0); /* masked */
    ck_assert_int_eq(memcmp(s->kinds[0].mask, "\xf0\xff\x0f", 3), 0);
    ck_assert_uint_eq(s->n_faults, 5);
    ck_assert_str_eq(f[0].name, "a");
    ck_assert_uint_eq(f[0].action, SCN_LOSS);
    ck_assert_uint_eq(f[0].ppb, 100000);
    ck_assert(f[0].match.given && !f[0].after.given && f[0].match.queue_set);
    ck_assert_str_eq(f[0].match.kind, "k");
    ck_assert_uint_eq(f[0].match.queue, 7);
    ck_assert_int_eq(f[0].at_ps, VTIME_MS);
    ck_assert_int_eq(f[0].for_ps, 2 * VTIME_US);
    ck_assert_uint_eq(f[0].count, 3);
    ck_assert_str_eq(f[1].name, "fault1");
    ck_assert_uint_eq(f[1].action, SCN_INTERRUPT);
    ck_assert(f[1].late && f[1].after.given && !f[1].at_set && !f[1].vector_set);
    ck_assert_uint_eq(f[1].after.nth, 4);
    ck_assert_uint_eq(f[1].ppb, 1000000000);
    ck_assert_uint_eq(f[2].completion + 1, FAB_C_FLUSHED);
    ck_assert(f[2].queue_set && f[2].queue == 0);
    ck_assert_uint_eq(f[3].address, 0xfffe);
    ck_assert(f[3].bit_set && f[3].bit == 0);
    ck_assert_uint_eq(f[4].duty_ppb, 500000000);
    scenario_free(s);
}
END_TEST

/* The ends that fault i acts on, as bits 2 * link + end. */
static unsigned ends_of(const struct scenario *s, unsigned i)
{
    unsigned bits = 0;

    for (unsigned link = 0; link < s->n_links; link++)
        for (unsigned end = 0; end < 2; end++)
            bits |= (unsigned)scn_fault_on_end(s, &s->faults[i], link, end) << (2 * link + end);
    return bits;
}

START_TEST(targets)
{
    struct scenario *s = parse(
        "faults:\n"
        "  - { link: wire0, loss: 1% }\n"
        "  - { link: \"wire*\", from: \"s*\", loss: 1% }\n"
        "  - { switch: s0, loss: 1% }\n"
        "  - { node: alpha, loss: 1% }\n"
        "  - { node: alpha, from: \"alpha:eth0\", loss: 1% }\n"
        "  - { node: \"*\", from: alpha, loss: 1% }\n"
        "  - { switch: \"*\", from: s1, loss: 1% }\n"
        "  - { node: \"*a\", crash: true }\n"
        "  - { node: \"b*\", crash: true }\n");
    static const unsigned expected[] = {0x03, 0x06, 0x33, 0xc3, 0x40, 0x41, 0x24, 0, 0};

    for (unsigned i = 0; i < s->n_faults; i++) {
        ck_assert_msg(ends_of(s, i) == expected[i], "fault %u: %x", i, ends_of(s, i));
        ck_assert_int_eq(scn_fault_on_node(s, &s->faults[i], 0), i == 7);
        ck_assert_int_eq(scn_fault_on_node(s, &s->faults[i], 1), i >= 7);
    }
    scenario_free(s);
}
END_TEST

START_TEST(partitions)
{
    struct scenario *s = parse("faults: [{ partition: [[beta], [\"al*\"]], oneway: true }]\n");

    ck_assert_uint_eq(s->faults[0].n_sides, 2);
    ck_assert_uint_eq(s->faults[0].side[0], 2);
    ck_assert_uint_eq(s->faults[0].side[1], 1);
    ck_assert(s->faults[0].oneway);
    ck_assert_uint_eq(ends_of(s, 0), 0);
    scenario_free(s);
}
END_TEST

START_TEST(packet_types)
{
    ck_assert_int_eq(scn_packet_type("any"), 0);
    ck_assert_int_eq(scn_packet_type("send"), FAB_P_SEND);
    ck_assert_int_eq(scn_packet_type("atomic-old"), FAB_P_ATOMIC_OLD);
    ck_assert_int_eq(scn_packet_type("sent"), -1);
    for (unsigned a = 0; a < SCN_ACTION_COUNT; a++)
        ck_assert_ptr_nonnull(scn_key_find(&scn_table_fault, scn_action_name((enum scn_action)a)));
}
END_TEST

START_TEST(files_of_faults)
{
    struct scenario *s = parse(
        "kinds: { k: { bytes: \"01\" } }\n"
        "faults: [{ link: eth, match: { kind: k }, loss: 1% }]\n");

    ck_assert_int_eq(add(s,
                         "kinds: { m: { bytes: \"02\" } }\n"
                         "faults:\n"
                         "  - { link: eth, match: { kind: k }, loss: 2% }\n"
                         "  - { link: eth, match: { kind: m }, loss: 3% }\n"),
                     0);
    free(diag);
    ck_assert_uint_eq(s->n_faults, 3);
    ck_assert_str_eq(s->faults[2].name, "fault2");
    ck_assert_str_eq(s->faults[2].match.kind, "m");

    ck_assert_int_eq(add(s,
                         "kinds: { n: { bytes: \"03\" } }\n"
                         "faults:\n"
                         "  - { link: eth, loss: 2% }\n"
                         "  - { link: eht, loss: 2% }\n"),
                     -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_nonnull(strstr(diag, "faults.yml:4:13: error: link: there is no link \"eht\""));
    free(diag);
    ck_assert_uint_eq(s->n_faults, 3);
    ck_assert_uint_eq(s->n_kinds, 2);

    ck_assert_int_eq(add(s, "fualts: []\nnodes: {}\n"), -1);
    ck_assert_ptr_nonnull(strstr(diag,
                                 "faults.yml:1:1: error: unknown key \"fualts\" in a file of faults "
                                 "(did you mean \"faults\"?)"));
    ck_assert_ptr_nonnull(strstr(diag, "faults.yml:2:1: error: unknown key \"nodes\""));
    free(diag);
    ck_assert_int_eq(add(s, "- a\n"), -1);
    free(diag);
    ck_assert_int_eq(add(s, "faults: []\n"), 0);
    free(diag);

    scenario_drop_faults(s, 0);
    ck_assert_uint_eq(s->n_faults, 0);
    ck_assert_uint_eq(s->n_kinds, 2);
    ck_assert_int_eq(add(s, "faults: [{ link: eth, match: { kind: m }, loss: 3% }]\n"), 0);
    free(diag);
    ck_assert_str_eq(s->faults[0].name, "fault0");
    scenario_free(s);
}
END_TEST

START_TEST(no_file_of_faults)
{
    struct scenario *s = parse("");
    size_t len = 0;
    FILE *f = open_memstream(&diag, &len);

    ck_assert_int_eq(scenario_add_faults(s, "/nonexistent/faults.yml", f), -1);
    ck_assert_int_eq(errno, ENOENT);
    fclose(f);
    ck_assert_ptr_nonnull(
        strstr(diag, "/nonexistent/faults.yml: error: cannot read the faults: No such file"));
    free(diag);
    scenario_free(s);
}
END_TEST

START_TEST(too_many)
{
    struct scenario *s = parse("");
    char *text = scn_strdup("faults:\n"), *more;

    for (unsigned i = 0; i <= SCN_MAX_FAULTS; i++) {
        more = scn_printf("%s  - { link: eth, loss: 1%% }\n", text);
        free(text);
        text = more;
    }
    ck_assert_int_eq(add(s, text), -1);
    ck_assert_ptr_nonnull(strstr(diag, "257"));
    free(diag);
    ck_assert_uint_eq(s->n_faults, 0);
    *strrchr(text, '-') = '#';
    ck_assert_int_eq(add(s, text), 0);
    free(diag);
    ck_assert_uint_eq(s->n_faults, SCN_MAX_FAULTS);
    ck_assert_int_eq(add(s, "faults: [{ link: eth, loss: 1% }]\n"), -1);
    ck_assert_ptr_nonnull(strstr(diag, "more than 256 faults"));
    free(diag);
    free(text);
    scenario_free(s);
}
END_TEST

static int add_now(struct scenario *s, const char *entry, vtime_t now)
{
    size_t len = 0;
    FILE *f = open_memstream(&diag, &len);
    int rc = scenario_add_fault_now(s, entry, now, f);

    fclose(f);
    ck_assert_int_eq(rc == 0, len == 0);
    return rc;
}

/* One fault of a run under way; what was given so can be given as a file. */
START_TEST(now)
{
    static const struct {
        const char *entry, *says;
    } wrong[] = {
        {"{ link: wire0, los: 1% }", "fault:1:16: error: unknown key \"los\""},
        {"link: wire0, los: 1%", "fault:1:14: error: unknown key \"los\""},
        {"{ link: wire0, loss: 1%", "fault:1:"},
        {"", "fault:1:1: error: "},
        {"link: wire0, loss: 1%, at: 999us", "fault:1:28: error: at: the run has come to 1 ms already"},
        {"link: wire0, loss: now", "fault:1:20: error: loss: "},
        {"link: wire0, loss: 1%, for: now", "fault:1:29: error: for: "},
        {"link: wire0, loss: 1%, after: { nth: 2 }", "fault:1:31: error: after: counts from the start"},
        {"node: alpha, restart: 1ms", "fault:1:23: error: restart: is not possible"},
        {"link: wire0, loss: 1% }, { link: wire0, loss: 1%", "fault:1:1: error: one fault is needed"},
        {"{ link: wire0, loss: 1% }], kinds: { x: { offset: 1, bytes: 00 } }, faults: [", "fault:1:"},
        {"[]", "fault:1:"},
        {"\x01", "fault:1:"},
        {"{ name: a, link: wire0, loss: 1% }", "fault:1:9: error: the name \"a\" is taken"},
    };
    struct scenario *s = parse("faults: [{ name: a, link: wire0, loss: 1% }]\n"), *again = parse("");
    char *text = NULL;
    size_t len = 0;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(add_now(s, wrong[i].entry, VTIME_MS), -1);
        ck_assert_msg(strstr(diag, wrong[i].says) != NULL, "%s: %s", wrong[i].entry, diag);
        ck_assert_ptr_null(strstr(diag, "{faults")); /* what the user did not write is not shown */
        ck_assert_uint_eq(s->n_faults, 1);
        free(diag);
    }
    ck_assert_int_eq(
        add_now(s, " { name: b, link: wire0, from: alpha, delay: 5us, at: now, count: 2 }", VTIME_MS), 0);
    free(diag);
    ck_assert_int_eq(add_now(s, "node: beta, pause: 20us # and so on", VTIME_MS + VTIME_NS), 0);
    free(diag);
    ck_assert_int_eq(add_now(s, "partition: [[alpha], [beta]], at: 2ms", VTIME_MS), 0);
    free(diag);
    ck_assert_int_eq(s->faults[1].at_ps, VTIME_MS);
    ck_assert_int_eq(s->faults[2].at_ps, VTIME_MS + VTIME_NS);
    ck_assert_int_eq(s->faults[3].at_ps, 2 * VTIME_MS);
    FILE *f = open_memstream(&text, &len);
    ck_assert_int_eq(scenario_dump_faults(s, 1, f), 0);
    fclose(f);
    ck_assert_int_eq(add(again, text), 0);
    free(diag);
    ck_assert_uint_eq(again->n_faults, 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_str_eq(again->faults[i].name, s->faults[i + 1].name);
        ck_assert_int_eq(again->faults[i].at_ps, s->faults[i + 1].at_ps);
        ck_assert_uint_eq(again->faults[i].action, s->faults[i + 1].action);
    }
    ck_assert_int_eq(again->faults[0].delay_ps, 5 * VTIME_US);
    scenario_drop_faults(s, 2);
    ck_assert_uint_eq(s->n_faults, 2);
    free(text);
    scenario_free(s);
    scenario_free(again);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scenario faults");
    TCase *t = tcase_create("faults");
    SRunner *r;
    int failed;

    tcase_add_test(t, values_arrive);
    tcase_add_test(t, targets);
    tcase_add_test(t, partitions);
    tcase_add_test(t, packet_types);
    tcase_add_test(t, files_of_faults);
    tcase_add_test(t, no_file_of_faults);
    tcase_add_test(t, too_many);
    tcase_add_test(t, now);
    tcase_set_timeout(t, 60); /* a loaded machine is no failure */
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
