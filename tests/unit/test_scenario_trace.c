/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_scenario_trace.c - the section `trace` and what the command line says instead. */
#include "sim/scenario.h"
#include "tracing/tracing_format.h"
#include <check.h>
#include <stdlib.h>

static struct scenario *parse(const char *trace, char **said)
{
    char text[1000];
    size_t size;
    FILE *diag = open_memstream(said, &size);

    snprintf(
        text, sizeof text,
        "nodes:\n  alpha: { arch: x86_64 }\n  n0: { arch: aarch64 }\n  n1: { arch: aarch64 }\n"
        "links:\n  - { endpoints: [\"alpha:eth0\", \"n0:eth0\"], name: wire, delay: 1us, rate: 1Gbit }\n%s",
        trace);
    struct scenario *s = scenario_parse(text, strlen(text), "t.scn.yml", diag);
    fclose(diag);
    return s;
}

static void refused(const char *trace, const char *reason)
{
    char *said;
    ck_assert_ptr_null(parse(trace, &said));
    ck_assert_msg(strstr(said, reason) != NULL, "%s", said);
    free(said);
}

/* The scenario's names of events are the trace's. */
START_TEST(names)
{
    for (unsigned i = 0; i < TR_EVENT_COUNT; i++)
        ck_assert_str_eq(scn_trace_events[i], tracing_event_defs[i].name);
    ck_assert_ptr_null(scn_trace_events[TR_EVENT_COUNT]);
}
END_TEST

#define BIT(id) (UINT64_C(1) << (id))

START_TEST(levels)
{
    static const uint64_t device =
        BIT(TR_DOORBELL) | BIT(TR_MESSAGE) | BIT(TR_DMA) | BIT(TR_COMPLETION) | BIT(TR_INTERRUPT);
    static const uint64_t all = BIT(TR_EVENT_COUNT) - 1;
    static const struct {
        const char *text;
        uint64_t mask;
        bool device, grants;
    } cases[] = {
        {"", all & ~device & ~BIT(TR_GRANT), false, false},
        {"trace: { level: messages }\n", all & ~device & ~BIT(TR_GRANT), false, false},
        {"trace: { level: device }\n", all & ~BIT(TR_GRANT), true, false},
        {"trace: { level: all }\n", all, true, true},
        {"trace: { level: all, events: [grant, fault] }\n", BIT(TR_GRANT) | BIT(TR_FAULT), false, true},
        {"trace: { level: device, events: dma }\n", BIT(TR_DMA), true, false}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *said;
        struct scenario *s = parse(cases[i].text, &said);
        ck_assert_msg(s != NULL, "%s", said);
        ck_assert_uint_eq(scn_trace_mask(s), cases[i].mask);
        ck_assert_int_eq(scn_trace_device(s, 1), cases[i].device);
        ck_assert_int_eq(scn_trace_grants(s, 1), cases[i].grants);
        scenario_free(s);
        free(said);
    }
}
END_TEST

START_TEST(filters)
{
    char *said, why[600];
    struct scenario *s =
        parse("trace: { level: all, nodes: [\"n*\"], links: wire, events: [dma, grant] }\n", &said);
    ck_assert_msg(s != NULL, "%s", said);
    free(said);
    ck_assert(!scn_trace_node(s, 0) && scn_trace_node(s, 1) && scn_trace_node(s, 2) && scn_trace_link(s, 0));
    ck_assert(!scn_trace_device(s, 0) && scn_trace_device(s, 1));
    /* the dump reads back to the same */
    char *dump, *again;
    size_t size;
    FILE *f = open_memstream(&dump, &size);
    ck_assert_int_eq(scenario_dump(s, f), 0);
    fclose(f);
    FILE *diag = open_memstream(&said, &size);
    struct scenario *t = scenario_parse(dump, strlen(dump), "t.scn.yml", diag);
    fclose(diag);
    ck_assert_msg(t != NULL, "%s%s", said, dump);
    f = open_memstream(&again, &size);
    ck_assert_int_eq(scenario_dump(t, f), 0);
    fclose(f);
    ck_assert_str_eq(dump, again);
    ck_assert_ptr_nonnull(strstr(dump, "trace:\n  level: all\n  nodes: [\"n*\"]\n"));
    scenario_free(t);
    free(dump);
    free(again);
    free(said);

    ck_assert_int_eq(scn_trace_override(s, "device", "node=alpha,event=dma,event=doorbell", why, sizeof why),
                     0);
    ck_assert(scn_trace_device(s, 0) && !scn_trace_node(s, 1) && scn_trace_link(s, 0));
    ck_assert_uint_eq(scn_trace_mask(s), BIT(TR_DMA) | BIT(TR_DOORBELL));
    static const char *const wrong[][3] = {
        {"loud", NULL, "there is no such level"},
        {NULL, "node=gamma", "no node is called \"gamma\""},
        {NULL, "link=", "is not node=NAME"},
        {NULL, "dma", "is not node=NAME"},
        {NULL, "color=red", "the filter has node, link and event"},
        {NULL, "event=dmaa", "did you mean \"dma\""},
        {"messages", "event=dma", "level \"messages\" has no event \"dma\""}};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(scn_trace_override(s, wrong[i][0], wrong[i][1], why, sizeof why), -1);
        ck_assert_msg(strstr(why, wrong[i][2]) != NULL, "%s", why);
    }
    scenario_free(s);
}
END_TEST

START_TEST(mistakes)
{
    refused("trace: { level: loud }\n", "there is no \"loud\"");
    refused("trace: { nodes: [gamma] }\n", "no node is called \"gamma\"");
    refused("trace: { links: [gamma] }\n", "no link is called \"gamma\"");
    refused("trace: { events: [dma] }\n", "level \"messages\" has no event \"dma\"");
    refused("trace: { level: all, events: [dmaa] }\n", "did you mean \"dma\"");
    refused("trace: { nodes: [] }\n", "expected 1 to");
    refused("trace: { nodes: [[alpha]] }\n", "expected a text");
    refused("trace: [1]\n", "expected a mapping");
    refused("trace: { speed: 1 }\n", "unknown key \"speed\"");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_trace");
    TCase *c = tcase_create("all");
    tcase_add_test(c, names);
    tcase_add_test(c, levels);
    tcase_add_test(c, filters);
    tcase_add_test(c, mistakes);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
