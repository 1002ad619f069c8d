/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_fault_entry.c - libFuzzer: any text behind `monitor fault` (scenario_add_fault_now()). What is refused
 * comes with a message, which shows nothing but what the user wrote, and leaves the scenario as it was. What
 * is accepted is one fault that begins now or later; written to a file of faults it is read again the same.
 * Seeds: tests/corpus/fault-entry.
 */
#include "sim/scenario.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* As in fuzz_scenario.c. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

#define NOW VTIME_MS

static const char rack[] =
    "nodes:\n"
    "  alpha: { arch: x86_64 }\n"
    "  beta: { arch: riscv64, cpus: 2 }\n"
    "  gamma: { arch: aarch64 }\n"
    "switches: { fsw: { kind: fabric }, sw0: }\n"
    "links:\n"
    "  - { endpoints: [\"alpha:fab0\", fsw], name: wire0 }\n"
    "  - { endpoints: [\"beta:fab0\", fsw], name: wire1 }\n"
    "  - { endpoints: [\"gamma:eth0\", sw0], name: eth }\n"
    "kinds: { heartbeat: { bytes: \"01\" } }\n"
    "faults: [{ name: first, link: wire0, loss: 1% }]\n";

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "fuzz_fault_entry: %s\n%s\n", what, text ? text : "");
    abort();
}

static char *dump(const struct scenario *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (!f || scenario_dump_faults(s, 1, f) < 0 || fclose(f))
        fail("the dump failed", text);
    return text;
}

static struct scenario *new_rack(void)
{
    struct scenario *s = scenario_parse(rack, sizeof rack - 1, "rack.scn.yml", stderr);
    if (!s)
        fail("the rack is wrong", NULL);
    return s;
}

static void check_accepted(const struct scenario *s)
{
    char *first = dump(s), *second;
    struct scenario *other = new_rack();

    if (s->n_faults != 2 || s->n_kinds != 1)
        fail("accepted, but not one fault", first);
    if (s->faults[1].at_ps < NOW)
        fail("accepted, but it begins in the past", first);
    if (scenario_add_faults_text(other, first, strlen(first), "faults.yml", stderr) < 0)
        fail("refused as a file", first);
    second = dump(other);
    if (strcmp(first, second) != 0)
        fail(first, second);
    free(first);
    free(second);
    scenario_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenario *s;
    char *said = NULL, *entry = calloc(1, size + 1);
    size_t len = 0;
    FILE *diag = open_memstream(&said, &len);

    if (!entry || !diag)
        fail("no memory", NULL);
    if (!s)
        s = new_rack();
    memcpy(entry, data, size);
    int rc = scenario_add_fault_now(s, entry, NOW, diag);
    fclose(diag);
    if ((rc == 0) != (len == 0))
        fail("accepted with a message, or refused without", said);
    if (rc < 0 && (s->n_faults != 1 || s->n_kinds != 1))
        fail("refused, but something stays", said);
    if (strstr(said, "{faults") && !strstr(entry, "{faults"))
        fail("a message shows what nobody wrote", said);
    if (rc == 0)
        check_accepted(s);
    scenario_drop_faults(s, 1);
    free(entry);
    free(said);
    return 0;
}
