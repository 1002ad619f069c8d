/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c - the page from its first line to its last; see report.h. */
#include "sim/report_internal.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* The static parts, put into the program by report_parts.S; each ends in a zero byte. */
extern const char report_css[], report_css_hash[], report_js[], report_js_hash[], report_timeline[];

void rep_note(struct report *r, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        return;
    rep_put(&r->notes, text, (size_t)len + 1);
    r->n_notes++;
    free(text);
}

/* What the scenario calls records of event ports. */
static void name_records(struct report *r)
{
    unsigned n = r->scn ? r->scn->n_events : 0;

    r->records = rep_zeroed(n, sizeof *r->records);
    for (unsigned i = 0; i < n; i++)
        r->records[i] = (struct tracing_record_name){r->scn->events[i].type, r->scn->events[i].name,
                                                     r->scn->events[i].text};
    r->labels = (struct tracing_labels){.records = r->records, .n_records = n};
    r->names.labels = &r->labels;
}

/* What recording left out: a note for each part. */
static void note_gaps(struct report *r)
{
    char *said = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&said, &len);

    if (!f)
        return;
    tracing_tell_gaps(r->run, "", f);
    fclose(f);
    for (const char *line = said; line && *line;) {
        int n = (int)strcspn(line, "\n");
        rep_note(r, "%.*s", n, line);
        line += n + (line[n] == '\n');
    }
    free(said);
}

/* What the reader of names says about its failure becomes a note. */
static void read_trace(struct report *r)
{
    char *said = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&said, &len);

    if (!f)
        return;
    r->traced = tracing_read_names(r->run, &r->names, f) == 0;
    fclose(f);
    name_records(r);
    note_gaps(r);
    if (r->traced)
        rep_read_trace(r);
    else if (!json_object_get(r->result, "load"))
        rep_note(
            r,
            "There is no trace to show: trace/metadata is missing, damaged, or of another version of cob.");
    free(said);
}

static void read_scenario(struct report *r)
{
    struct tracing_map map;
    char *said = NULL;
    size_t len = 0;
    FILE *f;

    if (tracing_map_file(&map, r->run, "scenario.scn.yml") != 0) {
        rep_note(r, "scenario.scn.yml is missing");
        return;
    }
    r->scenario_text = strndup(map.size ? (const char *)map.data : "", map.size);
    f = open_memstream(&said, &len);
    if (r->scenario_text && f)
        r->scn = scenario_parse(r->scenario_text, strlen(r->scenario_text), "scenario.scn.yml", f);
    if (f)
        fclose(f);
    if (r->scn)
        r->parts = kind_parts_new(r->scn);
    else
        rep_note(r, "scenario.scn.yml cannot be read: %.*s", (int)strcspn(said ? said : "", "\n"),
                 said ? said : "");
    free(said);
    tracing_unmap(&map);
}

static void read_result(struct report *r)
{
    char path[PATH_MAX];
    json_error_t err;

    if (snprintf(path, sizeof path, "%s/result.json", r->run) < (int)sizeof path)
        r->result = json_load_file(path, 0, &err);
    if (!r->result)
        rep_note(r, "The run has no result: it goes on, or was killed. What its files hold is shown.");
}

/* The run's own name: the last part of its directory. */
static const char *name_of(const char *run)
{
    const char *slash = strrchr(run, '/');
    return slash && slash[1] ? slash + 1 : run;
}

static void write_head(const struct report *r, const char *outcome, FILE *out)
{
    fputs(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n",
        out);
    fprintf(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-%s'; "
        "style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n<title>",
        report_js_hash, report_css_hash);
    rep_text(out, name_of(r->run));
    fprintf(out, " %s</title>\n<style>%s</style>\n</head>\n<body>\n", outcome, report_css);
}

static void write_title(const struct report *r, const char *outcome, FILE *out)
{
    bool good = !strcmp(outcome, "passed");

    fputs("<header><h1><span id=\"run\">", out);
    rep_text(out, name_of(r->run));
    fprintf(out, "</span> <strong class=\"%s\">%s %s</strong></h1>\n<nav>", good ? "good" : "bad",
            good ? "\xE2\x9C\x94" : "\xE2\x9C\x98", outcome);
    fputs("<a href=\"#result\">Result</a><a href=\"#topology\">Topology</a>", out);
    if (r->traced)
        fputs("<a href=\"#timeline\">Timeline</a><a href=\"#latency\">Latency</a>", out);
    fputs(
        "<a href=\"#links\">Links</a><a href=\"#consoles\">Consoles</a><a "
        "href=\"#scenario\">Scenario</a></nav>"
        "</header>\n<main>\n",
        out);
}

static void write_scenario(const struct report *r, FILE *out)
{
    fputs(
        "<section id=\"scenario\"><h2>Scenario</h2>\n<details><summary>with every default filled "
        "in</summary>\n"
        "<pre tabindex=\"0\">",
        out);
    rep_text(out, r->scenario_text ? r->scenario_text : "");
    fputs("</pre></details></section>\n", out);
}

static void write_page(struct report *r, FILE *out)
{
    const char *outcome = r->result ? rep_string(r->result, "outcome") : "unfinished";
    char *safe = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&safe, &len);

    if (f) {
        rep_text(f, outcome);
        fclose(f);
    }
    write_head(r, safe ? safe : "", out);
    write_title(r, safe ? safe : "", out);
    rep_write_result(r, out);
    rep_write_topology(r, out);
    if (r->traced)
        fputs(report_timeline, out);
    rep_write_latency(r, out);
    rep_write_links(r, out);
    rep_write_consoles(r, out);
    write_scenario(r, out);
    fputs("</main>\n<footer>Made by <code>cob report</code> from the run directory alone.</footer>\n", out);
    if (r->traced)
        rep_write_data(r, out);
    fprintf(out, "<script>%s</script>\n</body>\n</html>\n", report_js);
    free(safe);
}

static void release(struct report *r)
{
    free(r->records);
    rep_bytes_close(r);
    kind_parts_free(r->parts);
    scenario_free(r->scn);
    free(r->scenario_text);
    json_decref(r->result);
    tracing_names_free(&r->names);
    rep_buf_free(&r->notes);
    rep_buf_free(&r->texts);
    for (unsigned i = 0; i < r->n_reasons; i++)
        free(r->reasons[i]);
    free(r->reasons);
    free(r->messages);
    free(r->hops);
    free(r->marks);
    free(r->ends);
    free(r->samples);
    free(r->latencies);
}

int report_write(const char *run, const struct report_options *opt, char *why, size_t size)
{
    struct report r = {.run = run, .opt = *opt};
    char path[PATH_MAX], temp[PATH_MAX];
    int n = opt->path ? snprintf(path, sizeof path, "%s", opt->path)
                      : snprintf(path, sizeof path, "%s/report.html", run);
    int m = snprintf(temp, sizeof temp, "%s.tmp", path);

    if (n >= (int)sizeof path || m >= (int)sizeof temp) {
        snprintf(why, size, "%s: %s", run, strerror(ENAMETOOLONG));
        errno = ENAMETOOLONG;
        return -1;
    }
    FILE *out = fopen(temp, "we");
    if (!out) {
        int code = errno;
        snprintf(why, size, "%s: %s", temp, strerror(code));
        errno = code;
        return -1;
    }
    read_result(&r);
    read_scenario(&r);
    read_trace(&r);
    write_page(&r, out);
    int bad = ferror(out);
    if (fclose(out) != 0 || bad || rename(temp, path) < 0) {
        int code = errno ? errno : EIO;
        snprintf(why, size, "%s: %s", path, strerror(code));
        unlink(temp);
        errno = code;
        bad = 1;
    }
    release(&r);
    return bad ? -1 : 0;
}
