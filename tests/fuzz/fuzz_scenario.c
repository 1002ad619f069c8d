/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_scenario.c - libFuzzer: no text harms the scenario parser, and what it accepts survives a dump.
 *
 * parse -> dump -> parse -> dump must succeed and give the same bytes twice; what is refused must come with a
 * message. Start it with a copy of tests/corpus/scenario as its corpus.
 */
#include "sim/scenario.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/*
 * Found by this fuzzer: libfyaml 0.7.12 loses a buffer of some 100 bytes for a quoted text with many escapes,
 * inside fy_token_get_text(). Its iterator, which does not, gives wrong text for the same input. We live with
 * the loss: a scenario is read once.
 */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "fuzz_scenario: %s\n%s\n", what, text ? text : "");
    abort();
}

static char *dump(const struct scenario *s, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    if (!out || scenario_dump(s, out) || fclose(out))
        fail("the dump failed", text);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *messages = NULL;
    size_t messages_len = 0;
    FILE *diag = open_memstream(&messages, &messages_len);
    struct scenario *s;

    if (!diag)
        return 0;
    s = scenario_parse((const char *)data, size, "dir/fuzz.scn.yml", diag);
    fflush(diag);
    if (!s != !!messages_len)
        fail("accepted with messages, or refused without", messages);
    if (s) {
        size_t first_len = 0, second_len = 0;
        char *first = dump(s, &first_len), *second;
        struct scenario *again = scenario_parse(first, first_len, "elsewhere/x.scn.yml", diag);
        fflush(diag);
        if (!again)
            fail(messages, first);
        second = dump(again, &second_len);
        if (first_len != second_len || memcmp(first, second, first_len) != 0)
            fail(first, second);
        free(first);
        free(second);
        scenario_free(again);
    }
    scenario_free(s);
    fclose(diag);
    free(messages);
    return 0;
}
