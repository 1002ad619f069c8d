/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_scenario_kinds.c - kinds by fields, kinds of kinds, names from a file, and the names of a message's
 * later packets.
 */
#include "devices/fabric/fabric_wire.h"
#include "sim/kind_parts.h"
#include "sim/scenario.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES "nodes: { alpha: { arch: x86_64 }, beta: { arch: x86_64 } }\n"

static struct scenario *parse(const char *more)
{
    char *diag = NULL, text[2000];
    size_t len = 0;
    FILE *f = open_memstream(&diag, &len);

    snprintf(text, sizeof text, "%s%s", NODES, more);
    struct scenario *s = scenario_parse(text, strlen(text), "test.scn.yml", f);
    fclose(f);
    ck_assert_msg(s != NULL, "%s", diag);
    free(diag);
    return s;
}

static const char *called(const struct scenario *s, const uint8_t *bytes, uint32_t len)
{
    int kind = scn_kind_of(s, bytes, len);
    return kind < 0 ? "" : s->kinds[kind].name;
}

START_TEST(fields)
{
    struct scenario *s = parse(
        "kinds:\n"
        "  one: { fields: [{ at: 1, u8: 0x12 }, { at: 2, u16: 0x5634 }] }\n"
        "  two: { fields: [{ at: 0, u32: 0x563412ab, mask: 0xffffff00 }] }\n"
        "  both: { fields: [{ at: 0, u8: 7 }], offset: 2, bytes: \"ff\" }\n"
        "  high: { fields: [{ at: 4, u8: 0xff, mask: 0x80 }] }\n");

    ck_assert_str_eq(called(s, (const uint8_t *)"\x00\x12\x34\x56", 4), "one");
    ck_assert_str_eq(called(s, (const uint8_t *)"\x00\x12\x34\x56", 3), ""); /* too short */
    ck_assert_str_eq(called(s, (const uint8_t *)"\x00\x12\x34\x57", 4), "");
    ck_assert_str_eq(called(s, (const uint8_t *)"\x00\x13\x34\x56", 4), "");
    ck_assert_str_eq(called(s, (const uint8_t *)"\x07\x00\xff", 3), "both");
    ck_assert_str_eq(called(s, (const uint8_t *)"\x07\x00\xfe", 3), "");
    ck_assert_str_eq(called(s, (const uint8_t *)"\x06\x00\xff", 3), "");
    ck_assert_str_eq(called(s, (const uint8_t *)"\0\0\0\0\x80", 5), "high"); /* only that bit counts */
    ck_assert_str_eq(called(s, (const uint8_t *)"\0\0\0\0\x7f", 5), "");
    ck_assert(scn_kind_matches(&s->kinds[1], (const uint8_t *)"\x00\x12\x34\x56", 4));
    ck_assert(!scn_kind_matches(&s->kinds[1], (const uint8_t *)"\x00\x12\x34\x57", 4));
    scenario_free(s);
}
END_TEST

START_TEST(the_most_special_kind)
{
    struct scenario *s = parse(
        "kinds:\n"
        "  any-of-ours: { fields: [{ at: 0, u8: 1 }] }\n"
        "  get: { of: any-of-ours, fields: [{ at: 1, u8: 2 }] }\n"
        "  late: { of: any-of-ours, fields: [{ at: 2, u8: 3 }] }\n"
        "  get-answer: { of: get, bytes: \"09\", offset: 3 }\n"
        "  stray: { of: get-answer, fields: [{ at: 0, u8: 2 }] }\n");

    ck_assert_str_eq(called(s, (const uint8_t *)"\1\0\0\0", 4), "any-of-ours");
    ck_assert_str_eq(called(s, (const uint8_t *)"\1\2\0\0", 4), "get");
    ck_assert_str_eq(called(s, (const uint8_t *)"\1\0\3\0", 4), "late");
    ck_assert_str_eq(called(s, (const uint8_t *)"\1\2\3\0", 4), "get"); /* the first of equals */
    ck_assert_str_eq(called(s, (const uint8_t *)"\1\2\3\11", 4), "get-answer");
    ck_assert_str_eq(called(s, (const uint8_t *)"\2\2\3\11", 4), ""); /* what it is of must hold too */
    scenario_free(s);
}
END_TEST

/* ---- a file of names ---- */

static char dir[] = "/tmp/test_scenario_kinds.XXXXXX";

static void put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

/* Loads a scenario beside names.yml; diag is to be freed. */
static struct scenario *load(const char *more, char **diag)
{
    char path[200], text[2000];
    size_t len = 0;
    FILE *f = open_memstream(diag, &len);

    snprintf(text, sizeof text, NODES "names: names.yml\n%s", more);
    put("x.scn.yml", text);
    snprintf(path, sizeof path, "%s/x.scn.yml", dir);
    struct scenario *s = scenario_load(path, f);
    if (!s)
        ck_assert_int_eq(errno, EINVAL);
    fclose(f);
    return s;
}

START_TEST(names_of_a_file)
{
    char *diag, *text = NULL;
    size_t len = 0;

    put("names.yml",
        "kinds: { message: { fields: [{ at: 0, u8: 1 }] } }\nevents: { page: { type: 0x21 } }\n");
    struct scenario *s = load(
        "kinds: { get: { of: message, fields: [{ at: 1, u8: 2 }] } }\n"
        "events: { call: { type: 0x25 } }\n",
        &diag);
    ck_assert_msg(s != NULL, "%s", diag);
    free(diag);
    ck_assert_uint_eq(s->n_kinds, 2);
    ck_assert_str_eq(s->kinds[0].name, "message");
    ck_assert_ptr_eq(s->kinds[1].parent, &s->kinds[0]);
    ck_assert_uint_eq(s->n_events, 2);
    ck_assert_uint_eq(s->events[0].type, 0x21);
    /* the resolved scenario has them all, and needs no other file */
    FILE *f = open_memstream(&text, &len);
    ck_assert_int_eq(scenario_dump(s, f), 0);
    fclose(f);
    ck_assert_ptr_null(strstr(text, "names:"));
    put("names.yml", "");
    struct scenario *again = scenario_parse(text, len, "x.scn.yml", stderr);
    ck_assert_ptr_nonnull(again);
    ck_assert_uint_eq(again->n_kinds, 2);
    ck_assert_str_eq(called(again, (const uint8_t *)"\1\2", 2), "get");
    ck_assert_uint_eq(again->n_events, 2);
    free(text);
    scenario_free(s);
    scenario_free(again);
}
END_TEST

START_TEST(errors_of_a_file_of_names)
{
    static const struct {
        const char *names, *more, *where, *says;
    } wrong[] = {
        {"kinds:\n  a: { byte: \"01\" }\n", "", "names.yml:2:8: error: ", "did you mean \"bytes\"?"},
        {"events: { a: { type: 1, text: \"{\" } }\n", "", "names.yml:1:31: error: ", "text: "},
        {"nodes: { gamma: {} }\n", "", "names.yml:1:1: error: ", "unknown key \"nodes\" in a file of names"},
        {"[a]\n", "", "names.yml:1:1: error: ", "a file of names is a mapping"},
        {"", "", "names.yml:1:1: error: ", "the file is empty"},
        {"kinds: { a: { bytes: \"01\" } }\n", "kinds: { a: { bytes: \"02\" } }\n",
         "x.scn.yml:3:10: error: ", "the name \"a\" is taken already"},
        {"events: { a: { type: 9 } }\n", "events: { b: { type: 9 } }\n",
         "x.scn.yml:3:11: error: ", "there is an event of this type already"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *diag, want[300];
        put("names.yml", wrong[i].names);
        ck_assert_ptr_null(load(wrong[i].more, &diag));
        snprintf(want, sizeof want, "%s/%s", dir, wrong[i].where);
        ck_assert_msg(strstr(diag, want) && strstr(diag, wrong[i].says), "%s", diag);
        free(diag);
    }
}
END_TEST

START_TEST(no_file_for_a_text)
{
    char *diag = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&diag, &len);
    static const char text[] = NODES "names: names.yml\n";

    ck_assert_ptr_null(scenario_parse(text, strlen(text), "x.scn.yml", f));
    fclose(f);
    ck_assert_msg(strstr(diag, "x.scn.yml:2:8: error: names: "), "%s", diag);
    free(diag);
}
END_TEST

/* What is wrong leaves the scenario as it was. */
START_TEST(names_added_or_not)
{
    struct scenario *s = parse("kinds: { a: { bytes: \"01\" } }\n");
    static const char good[] = "kinds: { b: { of: a, bytes: \"01\" } }\n",
                      bad[] = "kinds: { c: { bytes: \"01\" } }\nevents: { e: { type: 1 }, f: { type: 1 } }\n";
    char *diag = NULL;
    size_t len = 0;

    FILE *f = open_memstream(&diag, &len);
    ck_assert_int_eq(scenario_add_names_text(s, bad, strlen(bad), "n.yml", f), -1);
    ck_assert_uint_eq(s->n_kinds, 1);
    ck_assert_uint_eq(s->n_events, 0);
    ck_assert_int_eq(scenario_add_names_text(s, good, strlen(good), "n.yml", f), 0);
    ck_assert_uint_eq(s->n_kinds, 2);
    fclose(f);
    free(diag);
    scenario_free(s);
}
END_TEST

/* ---- later packets ---- */

struct packet {
    struct fab_wire w;
    uint8_t payload[4];
};

static const char *part(struct kind_parts *p, struct fab_wire w, uint8_t payload)
{
    struct packet packet = {.w = w, .payload = {payload}};
    int i = kind_parts_of(p, (const uint8_t *)&packet, sizeof packet, true);
    return i < 0 ? "" : kind_parts_name(p, (unsigned)i);
}

START_TEST(later_packets)
{
    struct scenario *s = parse(
        "kinds:\n"
        "  data: { fields: [{ at: 24, u32: 0 }, { at: 48, u8: 5 }] }\n"
        "  grant: { fields: [{ at: 24, u32: 0 }, { at: 48, u8: 6 }] }\n");
    struct kind_parts *p = kind_parts_new(s);
    struct fab_wire first = {.type = FAB_P_SEND, .src = 1, .dst = 2, .queue = 3, .epoch = 4, .message = 5},
                    next = first, other;

    next.offset = 4096;
    ck_assert_str_eq(part(p, next, 9), ""); /* of a message that nobody saw begin */
    ck_assert_str_eq(part(p, first, 5), "data");
    ck_assert_str_eq(part(p, next, 9), "data+");
    next.flags = FAB_W_LAST;
    ck_assert_str_eq(part(p, next, 5), "data+"); /* whatever it carries */
    other = next, other.message = 6;
    ck_assert_str_eq(part(p, other, 5), "");
    other = next, other.queue = 4;
    ck_assert_str_eq(part(p, other, 5), "");
    other = next, other.dst = 1;
    ck_assert_str_eq(part(p, other, 5), "");
    other = next, other.epoch = 5;
    ck_assert_str_eq(part(p, other, 5), "");
    other = next, other.type = FAB_P_WRITE;
    ck_assert_str_eq(part(p, other, 5), "");
    /* many others between, in one packet or several; the first one's rest comes once more */
    for (uint32_t i = 0; i < 5000; i++) {
        other = first, other.message = 100 + i, other.flags = i % 3 ? 0 : FAB_W_LAST;
        ck_assert_str_eq(part(p, other, i % 2 ? 6 : 7), i % 2 ? "grant" : "");
    }
    ck_assert_str_eq(part(p, next, 0), "data+");
    for (uint32_t i = 0; i < 5000; i++) {
        other = next, other.message = 100 + i;
        ck_assert_str_eq(part(p, other, 0), i % 2 && i % 3 ? "grant+" : "");
    }
    /* the same number again, of another kind: a later life */
    ck_assert_str_eq(part(p, first, 6), "grant");
    ck_assert_str_eq(part(p, next, 0), "grant+");
    /* no packet of an adapter, or not a whole one */
    struct packet frame = {.w = next};
    ck_assert_int_eq(kind_parts_of(p, (const uint8_t *)&frame, sizeof frame, false), -1);
    ck_assert_int_eq(kind_parts_of(p, (const uint8_t *)&frame, 40, true), -1);
    kind_parts_free(p);
    scenario_free(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario kinds");
    TCase *t = tcase_create("kinds");

    if (!mkdtemp(dir)) {
        perror(dir);
        return 1;
    }
    tcase_add_test(t, fields);
    tcase_add_test(t, the_most_special_kind);
    tcase_add_test(t, names_of_a_file);
    tcase_add_test(t, errors_of_a_file_of_names);
    tcase_add_test(t, no_file_for_a_text);
    tcase_add_test(t, names_added_or_not);
    tcase_add_test(t, later_packets);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    char path[200];
    snprintf(path, sizeof path, "%s/names.yml", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/x.scn.yml", dir);
    unlink(path);
    rmdir(dir);
    return failed != 0;
}
