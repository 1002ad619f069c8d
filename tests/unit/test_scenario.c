/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_scenario.c - the scenario parser on the corpus and on texts of its own, the dump, the generated pages,
 * and cob validate. Run in the root of the repository.
 *
 * The corpus: each file in tests/corpus/scenario/good must be accepted. Each in bad begins with comment lines
 *
 *   # [semantic] LINE:COLUMN fragment of the message        the first error; "semantic": the JSON Schema
 * accepts it # also LINE:COLUMN fragment                             one line for each further error
 *
 * and must give exactly these errors.
 *
 * Longer than usual: a list of independent cases, each a few lines.
 */
#include "sim/scenario_internal.h"
#include "sim/verbs.h"
#include <check.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOOD "tests/corpus/scenario/good/"
#define BAD  "tests/corpus/scenario/bad/"

static glob_t good_files, bad_files;

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 2 << 20);

    ck_assert_msg(f && text, "%s: %s (run me in the root of the repository)", path, strerror(errno));
    *len = fread(text, 1, (2 << 20) - 1, f);
    fclose(f);
    return text;
}

/* scenario_load, or scenario_parse if text is given; messages in *diag, to be freed. */
static struct scenario *parse(const char *path, const char *text, size_t text_len, char **diag)
{
    size_t len = 0;
    FILE *f = open_memstream(diag, &len);
    struct scenario *s;

    ck_assert_ptr_nonnull(f);
    s = text ? scenario_parse(text, text_len, path, f) : scenario_load(path, f);
    if (!s)
        ck_assert_int_ne(errno, 0);
    fclose(f);
    return s;
}

static char *dump(const struct scenario *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(scenario_dump(s, f), 0);
    fclose(f);
    return text;
}

/* Parses a good text. */
static struct scenario *good(const char *text)
{
    char *diag = NULL;
    struct scenario *s = parse("dir/test.scn.yml", text, strlen(text), &diag);

    ck_assert_msg(s != NULL, "%s", diag);
    ck_assert_str_eq(diag, "");
    free(diag);
    return s;
}

/* All messages of a bad text. */
static char *bad_of(const char *text, size_t len)
{
    char *diag = NULL;
    struct scenario *s = parse("test.scn.yml", text, len, &diag);

    ck_assert_ptr_null(s);
    ck_assert_int_eq(errno, EINVAL);
    return diag;
}

START_TEST(good_file)
{
    const char *path = good_files.gl_pathv[_i];
    char *diag = NULL, *first, *second;
    struct scenario *s = parse(path, NULL, 0, &diag), *again;

    ck_assert_msg(s != NULL, "%s", diag);
    ck_assert_str_eq(diag, "");
    free(diag);
    first = dump(s);
    again = parse("/elsewhere/x.scn.yml", first, strlen(first), &diag);
    ck_assert_msg(again != NULL, "%s%s", diag, first);
    second = dump(again);
    ck_assert_str_eq(first, second);
    ck_assert_uint_eq(s->n_nodes, again->n_nodes);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        if (s->nodes[i].run)
            ck_assert_str_eq(s->nodes[i].run, again->nodes[i].run);
        ck_assert_uint_eq(s->nodes[i].n_nics, again->nodes[i].n_nics);
    }
    free(diag);
    free(first);
    free(second);
    scenario_free(s);
    scenario_free(again);
}
END_TEST

/* The next "path:line:column: error: message" of diag that is at this place; removes it by overwriting its
 * path. */
static bool take_error(char *diag, const char *path, const char *place, const char *fragment)
{
    char *head = scn_printf("%s:%s: error: ", path, place);
    bool found = false;

    for (char *p = diag; !found && (p = strstr(p, head)); p++) {
        char *message = p + strlen(head);
        char *end = strchr(message, '\n');

        ck_assert_ptr_nonnull(end);
        *end = '\0';
        found = (p == diag || p[-1] == '\n') && strstr(message, fragment);
        *end = '\n';
        if (found)
            memset(p, '#', strlen(path));
    }
    free(head);
    return found;
}

START_TEST(bad_file)
{
    const char *path = bad_files.gl_pathv[_i];
    size_t len;
    char *text = read_file(path, &len), *diag = NULL, *shown, *line = text;
    struct scenario *s = parse(path, NULL, 0, &diag);
    unsigned expected = 0;

    ck_assert_msg(s == NULL, "%s was accepted", path);
    ck_assert_int_eq(errno, EINVAL);
    shown = scn_strdup(diag);
    while (strncmp(line, "# ", 2) == 0) {
        char *end = strchr(line, '\n'), *place = line + 2, *fragment;

        ck_assert_ptr_nonnull(end);
        *end = '\0';
        if (expected == 0 && strncmp(place, "semantic ", 9) == 0)
            place += 9;
        else if (expected > 0) {
            ck_assert_msg(strncmp(place, "also ", 5) == 0, "%s: %s", path, line);
            place += 5;
        }
        fragment = strchr(place, ' ');
        ck_assert_msg(fragment != NULL, "%s: %s", path, line);
        *fragment++ = '\0';
        ck_assert_msg(take_error(diag, path, place, fragment), "%s: expected %s %s, got\n%s", path, place,
                      fragment, shown);
        expected++;
        line = end + 1;
    }
    ck_assert_uint_gt(expected, 0);
    for (const char *p = diag; (p = strstr(p, path)); p++)
        ck_assert_msg(p != diag && p[-1] != '\n', "%s: more errors than expected:\n%s", path, shown);
    free(text);
    free(diag);
    free(shown);
}
END_TEST

START_TEST(message_format)
{
    const char *text = "nodes:\n  a: {arch: x86_64}\n  b:\t{memroy: \xc3\xa9, x: 1, arch: aarch64}\n";
    char *diag = bad_of(text, strlen(text));

    ck_assert_str_eq(
        diag,
        "test.scn.yml:3:7: error: unknown key \"memroy\" in node (did you mean \"memory\"?)\n"
        "      b:\t{memroy: \xc3\xa9, x: 1, arch: aarch64}\n"
        "        \t ^\n"
        "test.scn.yml:3:18: error: unknown key \"x\" in node; keys: arch, count, cpus, memory, speed, "
        "image, kernel, initrd, symbols, append, nic, run, expect\n"
        "      b:\t{memroy: \xc3\xa9, x: 1, arch: aarch64}\n"
        "        \t            ^\n");
    free(diag);
}
END_TEST

START_TEST(message_at_the_end_of_the_file)
{
    static const char *const texts[] = {"a: [1",      "a: [1\n", "a: \"x", "a: \"x\r\n",
                                        "\n\n#x\n\n", "",        "\r",     "a: [1\r\r"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *diag = bad_of(texts[i], strlen(texts[i]));

        ck_assert_ptr_nonnull(strstr(diag, ": error: "));
        ck_assert_ptr_nonnull(strstr(diag, "^\n"));
        free(diag);
    }
}
END_TEST

START_TEST(messages_are_limited)
{
    char *text = scn_alloc(100000), *p = text, *diag;

    p = stpcpy(p, "nodes: { a: { arch: x86_64 } }\nlinks:\n");
    for (unsigned i = 0; i < 200; i++)
        p = stpcpy(p, "  - { endpoints: [x, y] }\n");
    diag = bad_of(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(diag, "400 errors; the other 350 are not shown\n"));
    free(diag);
    free(text);
}
END_TEST

START_TEST(long_lines_are_cut)
{
    char *text = scn_alloc(100000), *diag;

    strcpy(text, "nodes: { a: { arch: x86_64, append: \"");
    memset(text + strlen(text), 'y', 50000);
    strcat(text, "\", bad: 1 } }\n");
    diag = bad_of(text, strlen(text));
    ck_assert_uint_lt(strlen(diag), 2000);
    ck_assert_ptr_nonnull(strstr(diag, "unknown key \"bad\""));
    free(diag);
    free(text);
}
END_TEST

START_TEST(large_inputs_are_refused)
{
    size_t n = (1 << 20) + 1;
    char *text = scn_alloc(n + 1), *diag, *p;

    memset(text, '#', n);
    diag = bad_of(text, n);
    ck_assert_ptr_nonnull(strstr(diag, "more than 1048576 bytes"));
    free(diag);
    p = stpcpy(text, "nodes: [");
    for (unsigned i = 0; i < 30000; i++)
        p = stpcpy(p, "x,");
    strcpy(p, "]\n");
    diag = bad_of(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(diag, "more than 20000 values"));
    free(diag);
    p = stpcpy(text, "nodes: {");
    for (unsigned i = 0; i < 300; i++)
        p += sprintf(p, "x%u: 1,", i);
    strcpy(p, "}\n");
    diag = bad_of(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(diag, "more than 256 keys"));
    free(diag);
    p = stpcpy(text, "nodes: [");
    for (unsigned i = 0; i < 300; i++)
        p += sprintf(p, "&x%u 1,", i);
    strcpy(p, "]\n");
    diag = bad_of(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(diag, "more than 256 anchors"));
    free(diag);
    free(text);
}
END_TEST

START_TEST(defaults_of_everything)
{
    struct scenario *s = good(
        "nodes: {a: {arch: riscv64}, b: {arch: x86_64, run: x}}\n"
        "switches: {s: }\n"
        "links: [{endpoints: [a:eth0, s]}, {endpoints: [b:eth0, s]}, {endpoints: [b:eth1, a:eth1]}]\n");
    const struct scn_node *a = &s->nodes[0], *b = &s->nodes[1];
    const struct scn_link *l = &s->links[0];

    ck_assert_str_eq(s->name, "test");
    ck_assert_str_eq(s->path, "dir/test.scn.yml");
    ck_assert_uint_eq(s->seed, 1);
    ck_assert_int_eq(s->stop_ps, 60 * VTIME_S);
    ck_assert_int_eq(s->timeout_s, 600);
    ck_assert_uint_eq(s->n_nodes, 2);
    ck_assert_uint_eq(s->n_switches, 1);
    ck_assert_uint_eq(s->n_links, 3);
    ck_assert_str_eq(a->name, "a");
    ck_assert_int_eq(a->arch, SCN_RISCV64);
    ck_assert_uint_eq(a->cpus, 1);
    ck_assert_uint_eq(a->memory_bytes, 256 << 20);
    ck_assert_uint_eq(a->icount_shift, 0);
    ck_assert_str_eq(a->image, "linux");
    ck_assert_ptr_null(a->kernel);
    ck_assert_ptr_null(a->initrd);
    ck_assert_ptr_null(a->append);
    ck_assert_ptr_null(a->run);
    ck_assert_int_eq(a->nic, SCN_NIC_E1000);
    ck_assert_uint_eq(a->n_nics, 2);
    ck_assert(!a->expect_exit_set);
    ck_assert_uint_eq(a->n_expect_console, 0);
    ck_assert(b->expect_exit_set);
    ck_assert_int_eq(b->expect_exit, 0);
    ck_assert_str_eq(s->switches[0].name, "s");
    ck_assert(!s->switches[0].cut_through);
    ck_assert_int_eq(s->switches[0].latency_ps, 500 * VTIME_NS);
    ck_assert_uint_eq(s->switches[0].table_size, 1024);
    ck_assert_int_eq(s->switches[0].ageing_ps, 300 * VTIME_S);
    ck_assert_str_eq(l->name, "a-eth0--s");
    ck_assert(!l->end[0].is_switch && l->end[0].index == 0 && l->end[0].nic == 0);
    ck_assert(l->end[1].is_switch && l->end[1].index == 0);
    ck_assert_int_eq(l->delay_ps, VTIME_US);
    ck_assert_uint_eq(l->rate_bps, 10000000000);
    ck_assert_uint_eq(l->mtu_bytes, 1514);
    ck_assert_uint_eq(l->queue_bytes, 256 << 10);
    ck_assert_int_eq(l->training_ps, VTIME_MS);
    ck_assert_str_eq(s->links[2].name, "b-eth1--a-eth1");
    scenario_free(s);
}
END_TEST

START_TEST(every_value_arrives)
{
    size_t len;
    char *text = read_file(GOOD "pair.scn.yml", &len);
    struct scenario *s = good(text);
    const struct scn_node *a = &s->nodes[0], *b = &s->nodes[1];

    ck_assert_uint_eq(s->seed, INT64_MAX);
    ck_assert_int_eq(s->stop_ps, 1500 * VTIME_MS);
    ck_assert_int_eq(s->timeout_s, 120);
    ck_assert_uint_eq(a->cpus, 2);
    ck_assert_uint_eq(a->icount_shift, 4);
    ck_assert_str_eq(a->append, "quiet panic=-1");
    ck_assert_int_eq(a->nic, SCN_NIC_VIRTIO);
    ck_assert_str_eq(a->run, "ping -c 1 10.0.0.2\n");
    ck_assert(a->expect_exit_set);
    ck_assert_int_eq(a->expect_exit, 3);
    ck_assert_uint_eq(a->n_expect_console, 2);
    ck_assert_str_eq(a->expect_console[1], "1 packets? transmitted");
    ck_assert_int_eq(b->arch, SCN_AARCH64);
    ck_assert_uint_eq(b->n_expect_console, 1);
    ck_assert_str_eq(s->links[0].name, "wire0");
    ck_assert_int_eq(s->links[0].delay_ps, 100 * VTIME_NS);
    ck_assert_uint_eq(s->links[0].rate_bps, 2500000000);
    ck_assert_uint_eq(s->links[0].mtu_bytes, 9018);
    ck_assert_uint_eq(s->links[0].queue_bytes, 1 << 20);
    ck_assert_int_eq(s->links[0].training_ps, 0);
    scenario_free(s);
    free(text);
}
END_TEST

/* What goes before what: own key, own profile, the defaults' key, the defaults' profile, the usual profile.
 */
START_TEST(fabric_links_and_profiles)
{
    struct scenario *s = good(
        "defaults: {node: {arch: x86_64}, link: {tx: 70ns, profile: cxl-like, training: 2ms}}\n"
        "nodes: {a: , b: , c: , d: , e: , f: }\n"
        "switches: {s: {kind: fabric}}\n"
        "links:\n"
        "  - {endpoints: [a:fab0, s], profile: pcie-ntb, rx: 9ns}\n"
        "  - {endpoints: [s, b:fab0]}\n"
        "  - {endpoints: [c:eth0, d:eth0]}\n"
        "  - {endpoints: [c:eth1, d:eth1], profile: ethernet-10g}\n");
    const struct scn_link *a = &s->links[0], *b = &s->links[1], *eth = &s->links[2], *eth10 = &s->links[3];

    ck_assert(a->fabric && b->fabric && !eth->fabric);
    ck_assert(a->end[0].adapter && !a->end[0].is_switch && s->nodes[0].adapter && s->nodes[1].adapter);
    ck_assert(!s->nodes[2].adapter && s->nodes[0].n_nics == 0);
    ck_assert_str_eq(a->name, "a-fab0--s");
    ck_assert_str_eq(a->profile, "pcie-ntb");
    ck_assert_int_eq(a->rx_ps, 9 * VTIME_NS);
    ck_assert_uint_eq(a->rate_bps, 63000000000);
    ck_assert_int_eq(a->tx_ps, 130 * VTIME_NS);
    ck_assert_uint_eq(a->framing_bytes, 24);
    ck_assert_int_eq(a->training_ps, 2 * VTIME_MS);
    ck_assert_str_eq(b->profile, "cxl-like");
    ck_assert_uint_eq(b->rate_bps, 252000000000);
    ck_assert_int_eq(b->tx_ps, 70 * VTIME_NS);
    ck_assert_int_eq(b->rx_ps, 50 * VTIME_NS);
    ck_assert_uint_eq(b->mtu_bytes, 256);
    ck_assert_uint_eq(b->queue_bytes, 16 << 20);
    ck_assert_uint_eq(b->buffer_bytes, 16 << 10);
    ck_assert_uint_eq(eth->rate_bps, 252000000000);
    ck_assert_int_eq(eth->delay_ps, VTIME_US);
    ck_assert_uint_eq(eth->mtu_bytes, 1514);
    ck_assert_uint_eq(eth10->rate_bps, 10000000000);
    ck_assert_int_eq(eth10->delay_ps, VTIME_US);
    ck_assert(s->switches[0].fabric && s->switches[0].cut_through);
    ck_assert_uint_eq(s->switches[0].radix, 64);
    scenario_free(s);
}
END_TEST

/* Every profile is complete and within the ranges. */
START_TEST(profiles)
{
    for (const struct scn_profile *p = scn_profiles; p->name; p++) {
        char text[300];

        snprintf(text, sizeof text,
                 "nodes: {a: {arch: x86_64}, b: {arch: x86_64}, c: {arch: x86_64}, d: {arch: x86_64}}\n"
                 "topology: {kind: star, profile: %s}\n"
                 "links: [{endpoints: [a:eth0, b:eth0], profile: %s}]\n",
                 p->name, p->name);
        struct scenario *s = good(text);
        ck_assert_str_eq(s->links[3].profile, p->name);
        ck_assert_str_eq(scn_profile_names[p - scn_profiles], p->name);
        for (size_t i = 0; i < scn_table_link.n_keys; i++)
            if (scn_profile_value(SCN_DEFAULT_PROFILE, scn_table_link.keys[i].key))
                ck_assert_ptr_nonnull(scn_profile_value(p->name, scn_table_link.keys[i].key));
        scenario_free(s);
    }
}
END_TEST

START_TEST(torus_is_expanded)
{
    struct scenario *s = good(
        "nodes: {n: {count: 6, arch: x86_64}}\n"
        "topology: {kind: torus, size: 3x2, profile: pcie-ntb, trunk: {delay: 50ns}}\n");
    unsigned across[2] = {0};

    ck_assert_uint_eq(s->n_switches, 6);
    ck_assert_str_eq(s->switches[5].name, "net5");
    ck_assert_int_eq(s->switches[5].latency_ps, 100 * VTIME_NS);
    ck_assert_uint_eq(s->n_links, 6 + 6 + 3); /* nodes; two rings of three; three pairs */
    for (unsigned i = 0; i < 6; i++) {
        ck_assert(s->nodes[i].adapter && s->links[i].end[0].index == i && s->links[i].end[1].index == i);
        ck_assert_int_eq(s->links[i].delay_ps, 10 * VTIME_NS);
    }
    for (unsigned i = 6; i < s->n_links; i++) {
        const struct scn_link *l = &s->links[i];
        unsigned from = l->end[0].index, to = l->end[1].index;

        ck_assert_uint_le(l->dimension, 1);
        across[l->dimension]++;
        ck_assert_int_eq(l->delay_ps, 50 * VTIME_NS);
        if (l->dimension == 0)
            ck_assert(from / 3 == to / 3 && (from + 1) % 3 == to % 3);
        else
            ck_assert_uint_eq(from + 3, to);
    }
    ck_assert(across[0] == 6 && across[1] == 3);
    scenario_free(s);
}
END_TEST

START_TEST(leaf_spine_is_expanded)
{
    struct scenario *s = good(
        "nodes: {n: {count: 5, arch: x86_64}}\n"
        "topology: {kind: leaf-spine, name: x, per-switch: 2, spines: 2}\n");

    ck_assert_uint_eq(s->n_switches, 5);
    ck_assert_str_eq(s->switches[2].name, "x-leaf2");
    ck_assert_str_eq(s->switches[4].name, "x-spine1");
    ck_assert_uint_eq(s->n_links, 5 + 6);
    ck_assert_uint_eq(s->links[4].end[1].index, 2);
    ck_assert_str_eq(s->links[10].name, "x-leaf2--x-spine1");
    scenario_free(s);
}
END_TEST

START_TEST(counts_stars_and_defaults)
{
    size_t len;
    char *text = read_file(GOOD "star.scn.yml", &len);
    struct scenario *s = good(text);

    ck_assert_uint_eq(s->n_nodes, 7);
    ck_assert_str_eq(s->nodes[0].name, "n0");
    ck_assert_str_eq(s->nodes[4].name, "n4");
    ck_assert_str_eq(s->nodes[4].run, "echo \"hello from 4\"\nfor i in 1 2; do echo ${i}; done\n");
    ck_assert_str_eq(s->nodes[3].expect_console[0], "hello from 3");
    ck_assert_int_eq(s->nodes[4].arch, SCN_X86_64);
    ck_assert_uint_eq(s->nodes[5].icount_shift, 1);
    ck_assert_int_eq(s->nodes[6].arch, SCN_RISCV64);
    ck_assert_uint_eq(s->nodes[6].memory_bytes, 128 << 20);
    ck_assert_uint_eq(s->n_links, 8);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq(s->links[i].end[0].index, i);
        ck_assert(s->links[i].end[1].is_switch);
        ck_assert_uint_eq(s->links[i].queue_bytes, 2048);
        ck_assert_int_eq(s->links[i].delay_ps, 2 * VTIME_US);
    }
    ck_assert_str_eq(s->links[4].name, "n4-eth0--sw0");
    ck_assert(s->links[5].end[0].is_switch && s->links[5].end[1].is_switch);
    ck_assert_str_eq(s->links[6].name, "up0");
    ck_assert_uint_eq(s->links[6].end[1].index, 5);
    ck_assert_uint_eq(s->nodes[5].n_nics, 2);
    ck_assert(s->switches[1].cut_through);
    scenario_free(s);
    free(text);
}
END_TEST

START_TEST(paths_are_absolute)
{
    char *cwd = getcwd(NULL, 0), *expected = scn_printf("%s/dir/sub/bzImage", cwd);
    struct scenario *s = good("nodes: {a: {arch: x86_64, kernel: sub/bzImage, initrd: /abs/initrd}}");

    ck_assert_str_eq(s->nodes[0].kernel, expected);
    ck_assert_str_eq(s->nodes[0].initrd, "/abs/initrd");
    ck_assert_ptr_null(s->nodes[0].image);
    free(cwd);
    free(expected);
    scenario_free(s);
}
END_TEST

START_TEST(own_image_beats_inherited_kernel)
{
    char *diag = NULL;
    struct scenario *s = parse(GOOD "inherit-image.scn.yml", NULL, 0, &diag);

    ck_assert_msg(s != NULL, "%s", diag);
    ck_assert_ptr_null(s->nodes[0].image);
    ck_assert_ptr_nonnull(s->nodes[0].kernel);
    ck_assert_ptr_nonnull(s->nodes[0].initrd);
    ck_assert_str_eq(s->nodes[1].image, "linux");
    ck_assert_ptr_null(s->nodes[1].kernel);
    ck_assert_ptr_null(s->nodes[1].initrd);
    ck_assert_str_eq(s->nodes[1].append, "quiet");
    free(diag);
    scenario_free(s);
}
END_TEST

START_TEST(name_from_path)
{
    static const struct {
        const char *path, *name;
    } cases[] = {
        {"a/b/idle16.scn.yml", "idle16"},
        {"pair", "pair"},
        {"my_test.scn.yml", "my-test"},
        {"16 nodes.yml", "s-16-nodes-yml"},
        {".scn.yml", "s--scn-yml"},
        {"abcdefghijklmnopqrstuvwxyzabcdefghij.scn.yml", "abcdefghijklmnopqrstuvwxyzabcde"},
        {"dir/", "s-"},
    };
    const char *text = "nodes: {a: {arch: x86_64}}";

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *diag = NULL;
        struct scenario *s = parse(cases[i].path, text, strlen(text), &diag);

        ck_assert_msg(s != NULL, "%s", diag);
        ck_assert_str_eq(s->name, cases[i].name);
        free(diag);
        scenario_free(s);
    }
}
END_TEST

START_TEST(unreadable_files)
{
    char *diag = NULL;

    ck_assert_ptr_null(parse("tests/no/such.scn.yml", NULL, 0, &diag));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_str_eq(diag,
                     "tests/no/such.scn.yml: error: cannot read the scenario: No such file or directory\n");
    free(diag);
    ck_assert_ptr_null(parse("tests", NULL, 0, &diag));
    ck_assert_int_eq(errno, EISDIR);
    free(diag);
    scenario_free(NULL);
}
END_TEST

START_TEST(dump_to_a_full_disk)
{
    struct scenario *s = good("nodes: {a: {arch: x86_64}}");
    FILE *full = fopen("/dev/full", "w");

    ck_assert_ptr_nonnull(full);
    errno = 0;
    ck_assert_int_eq(scenario_dump(s, full), -1);
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_int_eq(scenario_schema(full), -1);
    ck_assert_int_eq(scenario_reference(full), -1);
    fclose(full);
    scenario_free(s);
}
END_TEST

START_TEST(script_as_a_block)
{
    struct scenario *s = good("nodes: {a: {arch: x86_64, run: \"one\\n\\n  two\\n\"}}");
    char *text = dump(s);

    ck_assert_ptr_nonnull(strstr(text, "    run: |\n      one\n\n        two\n    expect:\n      exit: 0\n"));
    free(text);
    scenario_free(s);
}
END_TEST

/* docs/scenario.md and docs/scenario.schema.json are what the tables say ("ninja docs-scenario" writes them).
 */
START_TEST(pages_are_up_to_date)
{
    static const struct {
        const char *path;
        int (*write)(FILE *);
    } pages[] = {{"docs/scenario.md", scenario_reference}, {"docs/scenario.schema.json", scenario_schema}};

    for (size_t i = 0; i < 2; i++) {
        char *made = NULL, *kept;
        size_t made_len = 0, kept_len;
        FILE *f = open_memstream(&made, &made_len);

        ck_assert_int_eq(pages[i].write(f), 0);
        fclose(f);
        kept = read_file(pages[i].path, &kept_len);
        ck_assert_msg(strcmp(made, kept) == 0, "%s is not up to date: run ninja docs-scenario",
                      pages[i].path);
        free(made);
        free(kept);
    }
}
END_TEST

START_TEST(names_of_enums)
{
    ck_assert_str_eq(scn_arch_name(SCN_X86_64), "x86_64");
    ck_assert_str_eq(scn_arch_name(SCN_AARCH64), "aarch64");
    ck_assert_str_eq(scn_arch_name(SCN_RISCV64), "riscv64");
    ck_assert_str_eq(scn_nic_name(SCN_NIC_E1000), "e1000");
    ck_assert_str_eq(scn_nic_name(SCN_NIC_VIRTIO), "virtio-net");
}
END_TEST

START_TEST(patterns)
{
    char err[256];

    ck_assert_int_eq(scn_check_pattern("a{2,3}(b|c){10}", err, sizeof err), 0);
    ck_assert_int_eq(scn_check_pattern("a{1,2000}", err, sizeof err), -1);
    ck_assert_int_eq(scn_check_pattern("((a{10}){10}){10}", err, sizeof err), -1);
    ck_assert_int_eq(scn_check_pattern("a{99999999999999999999}", err, sizeof err), -1);
    ck_assert_int_eq(scn_check_pattern("*", err, sizeof err), -1);
}
END_TEST

/* cob validate with its stdout and stderr in files; returns the exit status. */
static int validate(int argc, char **argv, char **out, char **err)
{
    FILE *o = tmpfile(), *e = tmpfile();
    int keep_o = dup(1), keep_e = dup(2), status;
    char **results[] = {out, err};
    FILE *from[] = {o, e};

    ck_assert(o && e && keep_o >= 0 && keep_e >= 0);
    fflush(stdout);
    fflush(stderr);
    dup2(fileno(o), 1);
    dup2(fileno(e), 2);
    status = verb_validate(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(keep_o, 1);
    dup2(keep_e, 2);
    close(keep_o);
    close(keep_e);
    for (unsigned i = 0; i < 2; i++) {
        *results[i] = calloc(1, 1 << 20);
        ck_assert_msg(*results[i] != NULL, "no memory");
        rewind(from[i]);
        ck_assert_uint_lt(fread(*results[i], 1, (1 << 20) - 1, from[i]), 1 << 20);
        fclose(from[i]);
    }
    return status;
}

static const struct {
    const char *args[5];
    int status;
    const char *out, *err; /* fragments; NULL: nothing is printed there */
} verb_cases[] = {
    {{GOOD "star.scn.yml"}, 0, GOOD "star.scn.yml: ok: 7 nodes, 2 switches, 8 links\n", NULL},
    {{GOOD "pair.scn.yml", BAD "arch.scn.yml"},
     2,
     "pair.scn.yml: ok: 2 nodes, 0 switches, 1 links\n",
     "error: arch"},
    {{BAD "arch.scn.yml", GOOD "pair.scn.yml"}, 2, "pair.scn.yml: ok", "error: arch"},
    {{"tests/nowhere.scn.yml"}, 2, NULL, "cannot read the scenario"},
    {{"--resolved", GOOD "minimal.scn.yml"}, 0, "arch: x86_64", NULL},
    {{"--schema"}, 0, "\"$defs\"", NULL},
    {{"--reference"}, 0, "# Scenario files", NULL},
    {{"--help"}, 0, "usage: cob validate", NULL},
    {{NULL}, 2, NULL, "which file?"},
    {{"--bogus"}, 2, NULL, "usage: cob validate"},
    {{"--schema", "x"}, 2, NULL, "take no file"},
    {{"--schema", "--reference"}, 2, NULL, "exclude each other"},
};

START_TEST(verb)
{
    char *argv[8] = {(char[]){"validate"}}, *out, *err;
    int argc = 1, status;

    for (; verb_cases[_i].args[argc - 1]; argc++)
        argv[argc] = scn_strdup(verb_cases[_i].args[argc - 1]);
    status = validate(argc, argv, &out, &err);
    ck_assert_msg(status == verb_cases[_i].status, "status %d: %s%s", status, out, err);
    if (verb_cases[_i].out)
        ck_assert_ptr_nonnull(strstr(out, verb_cases[_i].out));
    else
        ck_assert_str_eq(out, "");
    if (verb_cases[_i].err)
        ck_assert_ptr_nonnull(strstr(err, verb_cases[_i].err));
    else
        ck_assert_str_eq(err, "");
    for (int i = 1; i < 8; i++)
        free(argv[i]);
    free(out);
    free(err);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scenario");
    TCase *t = tcase_create("corpus");
    SRunner *r;
    int failed;

    if (glob(GOOD "*.scn.yml", 0, NULL, &good_files) || glob(BAD "*.scn.yml", 0, NULL, &bad_files)) {
        fputs("test_scenario: no corpus: run me in the root of the repository\n", stderr);
        return EXIT_FAILURE;
    }
    tcase_add_loop_test(t, good_file, 0, (int)good_files.gl_pathc);
    tcase_add_loop_test(t, bad_file, 0, (int)bad_files.gl_pathc);
    tcase_set_timeout(t, 60); /* a loaded machine is no failure */
    suite_add_tcase(s, t);
    t = tcase_create("messages");
    tcase_add_test(t, message_format);
    tcase_add_test(t, message_at_the_end_of_the_file);
    tcase_add_test(t, messages_are_limited);
    tcase_add_test(t, long_lines_are_cut);
    tcase_add_test(t, large_inputs_are_refused);
    tcase_set_timeout(t, 60); /* a loaded machine is no failure */
    suite_add_tcase(s, t);
    t = tcase_create("values");
    tcase_add_test(t, defaults_of_everything);
    tcase_add_test(t, every_value_arrives);
    tcase_add_test(t, fabric_links_and_profiles);
    tcase_add_test(t, profiles);
    tcase_add_test(t, torus_is_expanded);
    tcase_add_test(t, leaf_spine_is_expanded);
    tcase_add_test(t, counts_stars_and_defaults);
    tcase_add_test(t, paths_are_absolute);
    tcase_add_test(t, own_image_beats_inherited_kernel);
    tcase_add_test(t, name_from_path);
    tcase_add_test(t, unreadable_files);
    tcase_add_test(t, dump_to_a_full_disk);
    tcase_add_test(t, script_as_a_block);
    tcase_add_test(t, pages_are_up_to_date);
    tcase_add_test(t, names_of_enums);
    tcase_add_test(t, patterns);
    tcase_add_loop_test(t, verb, 0, (int)(sizeof verb_cases / sizeof *verb_cases));
    tcase_set_timeout(t, 60); /* a loaded machine is no failure */
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    globfree(&good_files);
    globfree(&bad_files);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
