/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_fault_plan.c - what becomes of a scenario's faults: the model's configuration, the nodes' records. */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"
#include "sim/fault_plan.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Ports: alpha eth0 0, fab0 1; beta eth0 2, fab0 3; gamma eth0 4. Links: 0, 1 fabric, 2..4 Ethernet. */
static const char rack[] =
    "nodes: { alpha: { arch: x86_64 }, beta: { arch: aarch64 }, gamma: { arch: riscv64 } }\n"
    "switches: { fsw: { kind: fabric }, sw0: }\n"
    "links:\n"
    "  - { endpoints: [\"alpha:fab0\", fsw], name: fa }\n"
    "  - { endpoints: [fsw, \"beta:fab0\"], name: fb }\n"
    "  - { endpoints: [\"alpha:eth0\", sw0] }\n"
    "  - { endpoints: [\"beta:eth0\", sw0] }\n"
    "  - { endpoints: [\"gamma:eth0\", sw0] }\n"
    "kinds: { k: { offset: 3, bytes: \"12 34\", mask: \"ff 0f\" } }\n"
    "faults:\n";

static struct scenario *scn;
static struct fault_plan *plan;

static void make(const char *faults)
{
    char *text = NULL, *diag = NULL;
    size_t len = 0, diag_len = 0;
    FILE *out = open_memstream(&diag, &diag_len);

    ck_assert_int_gt(asprintf(&text, "%s%s", rack, faults), 0);
    len = strlen(text);
    scn = scenario_parse(text, len, "test.scn.yml", out);
    fclose(out);
    ck_assert_msg(scn != NULL, "%s", diag);
    struct netlist *net = netlist_new(scn);
    plan = fault_plan_new(scn, net);
    netlist_free(net);
    free(text);
    free(diag);
}

static void teardown(void)
{
    fault_plan_free(plan);
    scenario_free(scn);
}

START_TEST(links)
{
    make(
        "  - { name: a, link: fa, at: 1ms, for: 2ms, count: 5, loss: 10%,"
        "      match: { kind: k, from: alpha, to: \"*a\", queue: 3 } }\n"
        "  - { name: b, switch: fsw, from: fsw, after: { kind: nak, from: beta, nth: 7 }, for: 1us,"
        "      delay: 3us, jitter: 1us }\n"
        "  - { name: c, link: fa, reorder: 1%, gap: 4us }\n"
        "  - { name: d, link: fa, down: true, period: 10us, duty: 30% }\n");
    const struct ic_fault_cfg *f = plan->ic;

    ck_assert_uint_eq(plan->n_ic, 4);
    ck_assert_int_eq(f[0].kind, IC_FAULT_LOSS);
    ck_assert_uint_eq(f[0].n_ends, 2);
    ck_assert(f[0].ends[0].link == 0 && f[0].ends[0].end == 0 && f[0].ends[1].end == 1);
    ck_assert_int_eq(f[0].from_ps, VTIME_MS);
    ck_assert_int_eq(f[0].until_ps, 3 * VTIME_MS);
    ck_assert(f[0].count == 5 && f[0].ppb == 100000000 && !f[0].triggered);
    ck_assert(!f[0].match.any_kind && f[0].match.n_bytes == 2 && f[0].match.offset == 3);
    ck_assert(f[0].match.bytes[1] == 0x04 && f[0].match.mask[1] == 0x0f && f[0].match.queue == 3);
    ck_assert(f[0].match.from[0] && f[0].match.from[1] && !f[0].match.from[2] && !f[0].match.from[4]);
    ck_assert(f[0].match.to[0] && f[0].match.to[3] && f[0].match.to[4]);

    ck_assert_int_eq(f[1].kind, IC_FAULT_DELAY);
    ck_assert_uint_eq(f[1].n_ends, 2);
    ck_assert(f[1].ends[0].link == 0 && f[1].ends[0].end == 1 && f[1].ends[1].link == 1 &&
              f[1].ends[1].end == 0);
    ck_assert(f[1].triggered && f[1].nth == 7 && f[1].trigger.type == FAB_P_NAK && f[1].trigger.queue == -1);
    ck_assert(f[1].trigger.from[3] && !f[1].trigger.from[1] && !f[1].trigger.to);
    ck_assert(f[1].from_ps == 0 && f[1].until_ps == VTIME_NEVER && f[1].duration_ps == VTIME_US);
    ck_assert(f[1].delay_ps == 3 * VTIME_US && f[1].jitter_ps == VTIME_US && f[1].match.any_kind);

    ck_assert(f[2].kind == IC_FAULT_REORDER && f[2].delay_ps == 4 * VTIME_US && f[2].until_ps == VTIME_NEVER);
    ck_assert(f[3].kind == IC_FAULT_DOWN && f[3].period_ps == 10 * VTIME_US && f[3].low_ps == 3 * VTIME_US);
    ck_assert_uint_ne(f[0].seed, f[1].seed);
}
END_TEST

START_TEST(seeds)
{
    make(
        "  - { name: a, link: fa, loss: 10% }\n"
        "  - { node: \"*\", restart: 1ms }\n");
    uint64_t seed = plan->ic[0].seed, node[2] = {plan->nodes[0].what.seed, plan->nodes[1].what.seed};
    ck_assert_uint_ne(node[0], node[1]);
    teardown();
    make(
        "  - { name: before, link: fa, loss: 10% }\n"
        "  - { name: a, link: fb, corrupt: 20% }\n");
    ck_assert_uint_eq(plan->ic[1].seed, seed);
    ck_assert_uint_ne(plan->ic[0].seed, seed);
}
END_TEST

/* What a node loses it loses on its last links, whatever world they are of. */
START_TEST(partition)
{
    make(
        "  - { partition: [[alpha, gamma], [beta]], match: { kind: k }, for: 1ms }\n"
        "  - { partition: [[beta], [gamma]], oneway: true }\n");
    const struct ic_fault_cfg *f = plan->ic;

    ck_assert_uint_eq(plan->n_ic, 3);
    ck_assert(f[0].kind == IC_FAULT_LOSS && f[0].ppb == 1000000000 && f[0].match.n_bytes == 2);
    ck_assert_uint_eq(f[0].n_ends, 3); /* to alpha's fab0, alpha's eth0, gamma's eth0 */
    ck_assert(f[0].ends[0].link == 0 && f[0].ends[0].end == 1);
    ck_assert(f[0].match.from[2] && f[0].match.from[3] && !f[0].match.from[0] && !f[0].match.from[4]);
    ck_assert_uint_eq(f[1].n_ends, 2); /* to beta */
    ck_assert(f[1].match.from[0] && f[1].match.from[4] && !f[1].match.from[2]);
    ck_assert(plan->origin[0].first && !plan->origin[1].first && plan->origin[2].first);
    ck_assert(plan->origin[1].fault == 0 && plan->origin[2].fault == 1);
    ck_assert(f[2].n_ends == 1 && f[2].ends[0].link == 4 && f[2].ends[0].end == 1);
    ck_assert(f[2].match.from[2] && !f[2].match.from[0] && !f[2].match.from[4]);
}
END_TEST

START_TEST(nodes)
{
    struct port_fault w;
    struct port_record rec;

    make(
        "  - { node: \"*\", at: 5ms, pause: 1ms }\n"
        "  - { node: alpha, after: { kind: send, from: beta, nth: 2 }, for: 1ms, interrupt: late, by: 3us,"
        "      vector: 4, chance: 25%, count: 9 }\n"
        "  - { node: beta, completion: peer, queue: 1 }\n"
        "  - { node: beta, memory-flip: 0x1234, bit: 5 }\n"
        "  - { node: beta, memory-flip: random }\n"
        "  - { node: beta, slow: 3, for: 1ms }\n");
    const struct fault_for_node *f = plan->nodes;

    ck_assert_uint_eq(plan->n_nodes, 8);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(f[i].fault == 0 && f[i].node == i && !f[i].triggered && f[i].what.kind == PORT_FAULT_PAUSE);
        ck_assert(f[i].at_ps == 5 * VTIME_MS && f[i].what.by_ps == VTIME_MS);
    }
    ck_assert_uint_eq(plan->n_ic, 1); /* who watches for the second */
    ck_assert(plan->ic[0].kind == IC_FAULT_NONE && plan->ic[0].triggered && plan->ic[0].nth == 2);
    ck_assert(plan->ic[0].count == 0 && plan->ic[0].trigger.type == FAB_P_SEND);
    ck_assert_uint_eq(plan->origin[0].fault, 1);
    ck_assert(f[3].triggered && f[3].what.kind == PORT_FAULT_INTERRUPT_LATE &&
              f[3].what.by_ps == 3 * VTIME_US);
    ck_assert(f[3].what.target == 4 && f[3].what.ppb == 250000000 && f[3].what.count == 9);
    rec = fault_begin(&f[3], 7 * VTIME_MS, &w);
    ck_assert(rec.type == PORT_REC_FAULT && rec.arg == 1 && rec.time_ps == 7 * VTIME_MS &&
              rec.len == sizeof w);
    ck_assert_int_eq(w.until_ps, 8 * VTIME_MS);
    ck_assert(f[4].what.kind == PORT_FAULT_COMPLETION && f[4].what.status == FAB_C_PEER &&
              f[4].what.target == 1);
    ck_assert(f[4].what.ppb == 1000000000 && f[4].what.count == 0);
    ck_assert(f[5].what.address == 0x1234 && f[5].what.bit == 5 && f[5].what.flags == 0);
    ck_assert_int_eq(f[6].what.flags, PORT_FAULT_RANDOM_ADDRESS | PORT_FAULT_RANDOM_BIT);
    ck_assert(f[7].what.kind == PORT_FAULT_SLOW && f[7].what.factor == 3);
    rec = fault_begin(&f[4], 0, &w);
    ck_assert_int_eq(w.until_ps, VTIME_NEVER);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fault plan");
    TCase *t = tcase_create("fault plan");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, links);
    tcase_add_test(t, seeds);
    tcase_add_test(t, partition);
    tcase_add_test(t, nodes);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
