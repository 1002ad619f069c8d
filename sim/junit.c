/* SPDX-License-Identifier: GPL-2.0-or-later */
/* junit.c - result.json as JUnit XML; see junit.h. */
#include "sim/junit.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <libxml/xmlwriter.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct junit {
    xmlTextWriterPtr w;
    bool bad;
    const char *name; /* of the scenario */
};

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static int64_t whole(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

/* XML 1.0 has no place for most control characters, not even escaped. Returns buf. */
static const char *clean(const char *s, char *buf, size_t size)
{
    size_t n = 0;
    for (; *s && n + 5 < size; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < ' ' && c != '\n' && c != '\t')
            n += (size_t)sprintf(buf + n, "\\x%02x", c);
        else
            buf[n++] = (char)c;
    }
    while (n > 0 && *s && ((unsigned char)buf[n - 1] & 0xc0) == 0x80)
        n--; /* not in the middle of a character */
    if (n > 0 && *s && (unsigned char)buf[n - 1] >= 0xc0)
        n--;
    buf[n] = 0;
    return buf;
}

static void attribute(struct junit *j, const char *name, const char *value)
{
    char buf[1024];
    j->bad |= xmlTextWriterWriteAttribute(j->w, BAD_CAST name, BAD_CAST clean(value, buf, sizeof buf)) < 0;
}

static void number(struct junit *j, const char *name, int64_t v)
{
    j->bad |= xmlTextWriterWriteFormatAttribute(j->w, BAD_CAST name, "%" PRId64, v) < 0;
}

static void seconds(struct junit *j, int64_t ps)
{
    j->bad |= xmlTextWriterWriteFormatAttribute(j->w, BAD_CAST "time", "%" PRId64 ".%09" PRId64,
                                                ps / 1000000000000, ps % 1000000000000 / 1000) < 0;
}

static void start(struct junit *j, const char *element)
{
    j->bad |= xmlTextWriterStartElement(j->w, BAD_CAST element) < 0;
}

static void end(struct junit *j)
{
    j->bad |= xmlTextWriterEndElement(j->w) < 0;
}

/* what: "failure" or "error"; why: NULL if the case passed. */
static void testcase(struct junit *j, const char *node, const char *name, int64_t ps, const char *what,
                     const char *why)
{
    char class[300], buf[1024];

    snprintf(class, sizeof class, "%s%s%s", j->name, *node ? "." : "", node);
    start(j, "testcase");
    attribute(j, "classname", class);
    attribute(j, "name", name);
    seconds(j, ps);
    if (why) {
        start(j, what);
        attribute(j, "message", why);
        attribute(j, "type", what);
        j->bad |= xmlTextWriterWriteFormatString(j->w, "%s%s%s: %s", node, *node ? ": " : "", name,
                                                 clean(why, buf, sizeof buf)) < 0;
        end(j);
    }
    end(j);
}

struct totals {
    unsigned tests, failures, errors;
};

/* Walks over all cases: counts them, and with j writes them too. */
static struct totals cases(struct junit *j, const json_t *o)
{
    struct totals t = {0};
    const json_t *nodes = json_object_get(o, "nodes"), *fabric = json_object_get(o, "fabric");
    const json_t *coherence = json_object_get(o, "coherence");
    const json_t *points = json_object_get(json_object_get(o, "load"), "points");
    const char *outcome = text(o, "outcome");
    int64_t last = whole(o, "virtual_ps");
    char name[64];

    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *n = json_array_get(nodes, i), *checks = json_object_get(n, "checks");
        for (size_t k = 0; k < json_array_size(checks); k++) {
            const json_t *c = json_array_get(checks, k);
            bool ok = json_is_true(json_object_get(c, "ok"));
            t.tests++;
            t.failures += !ok;
            if (j)
                testcase(j, text(n, "name"), text(c, "check"), whole(n, "end_ps"), "failure",
                         ok ? NULL : text(c, "why"));
        }
    }
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *p = json_array_get(points, i);
        const char *books = text(p, "conservation");
        bool ok = !strcmp(books, "ok") && whole(p, "stuck") == 0 && whole(p, "dropped") == 0;
        snprintf(name, sizeof name, "offered load of %" PRId64 " %%", whole(p, "offered_percent"));
        t.tests++;
        t.failures += !ok;
        if (j)
            testcase(j, "", name, whole(p, "end_ps"), "failure",
                     ok                      ? NULL
                     : strcmp(books, "ok")   ? books
                     : whole(p, "stuck") > 0 ? "packets wait for each other for ever"
                                             : "packets were dropped");
    }
    if (fabric) {
        bool ok = !strcmp(text(fabric, "conservation"), "ok");
        t.tests++;
        t.failures += !ok;
        if (j)
            testcase(j, "", "the fabric's books balance", last, "failure",
                     ok ? NULL : text(fabric, "conservation"));
    }
    if (coherence) {
        const char *verdict = text(coherence, "verdict");
        bool ok = !strcmp(verdict, "ok");
        t.tests++;
        t.failures += !ok;
        if (j)
            testcase(j, "", "what the nodes say is coherent", last, "failure", ok ? NULL : verdict);
    }
    bool stopped = !o || !strcmp(outcome, "timeout") || !strcmp(outcome, "interrupted") ||
                   !strcmp(outcome, "incomplete");
    t.tests++;
    t.errors += stopped;
    if (j)
        testcase(j, "", "the run came to its end", last, "error",
                 !stopped                         ? NULL
                 : !o                             ? "there is no result.json: the run was killed or goes on"
                 : !strcmp(outcome, "incomplete") ? text(o, "trace_error")
                 : !strcmp(outcome, "timeout")    ? "the wall-clock limit was reached"
                                                  : "it was interrupted");
    return t;
}

static void properties(struct junit *j, const json_t *o)
{
    static const char *const keys[] = {"outcome", "seed", "hash"};

    start(j, "properties");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        start(j, "property");
        attribute(j, "name", keys[i]);
        attribute(j, "value", text(o, keys[i]));
        end(j);
    }
    start(j, "property");
    attribute(j, "name", "virtual_ps");
    number(j, "value", whole(o, "virtual_ps"));
    end(j);
    end(j);
}

static void totals(struct junit *j, const struct totals *t, double wall_s)
{
    number(j, "tests", t->tests);
    number(j, "failures", t->failures);
    number(j, "errors", t->errors);
    j->bad |= xmlTextWriterWriteFormatAttribute(j->w, BAD_CAST "time", "%.3f", wall_s) < 0;
}

static void suites(struct junit *j, const json_t *o)
{
    struct totals t = cases(NULL, o);
    double wall_s = json_number_value(json_object_get(json_object_get(o, "host"), "wall_s"));

    start(j, "testsuites");
    attribute(j, "name", "cob");
    totals(j, &t, wall_s);
    start(j, "testsuite");
    attribute(j, "name", j->name);
    totals(j, &t, wall_s);
    number(j, "skipped", 0);
    properties(j, o);
    cases(j, o);
    end(j);
    end(j);
}

int junit_write(const char *run, char *why, size_t size)
{
    char path[PATH_MAX], temp[PATH_MAX], from[PATH_MAX];
    json_error_t err;
    const char *slash = strrchr(run, '/');

    if (snprintf(from, sizeof from, "%s/result.json", run) >= (int)sizeof from ||
        snprintf(path, sizeof path, "%s/result.xml", run) >= (int)sizeof path ||
        snprintf(temp, sizeof temp, "%s/result.xml.tmp", run) >= (int)sizeof temp) {
        snprintf(why, size, "%s: %s", run, strerror(ENAMETOOLONG));
        errno = ENAMETOOLONG;
        return -1;
    }
    json_t *o = json_load_file(from, 0, &err);
    errno = 0;
    struct junit j = {.w = xmlNewTextWriterFilename(temp, 0),
                      .name = o       ? text(o, "name")
                              : slash ? slash + 1
                                      : run};
    j.bad = !j.w;
    if (j.w) {
        j.bad |= xmlTextWriterSetIndent(j.w, 1) < 0;
        j.bad |= xmlTextWriterStartDocument(j.w, "1.0", "UTF-8", NULL) < 0;
        suites(&j, o);
        j.bad |= xmlTextWriterEndDocument(j.w) < 0;
        xmlFreeTextWriter(j.w);
    }
    json_decref(o);
    if (j.bad || rename(temp, path) < 0) {
        int code = errno ? errno : EIO;
        snprintf(why, size, "%s: %s", path, strerror(code));
        unlink(temp);
        errno = code;
        return -1;
    }
    return 0;
}
