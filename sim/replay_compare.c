/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_compare.c - see replay_compare.h. */
#include "sim/replay_compare.h"
#include "tracing/replay_show.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A line of a console, as it is compared. */
struct line {
    vtime_t begin, end; /* end: VTIME_NEVER if it has none */
    char *text;
    size_t len, room;
};

struct lines {
    struct line *line;
    size_t n, room;
    bool open; /* the last one goes on */
};

struct stream {
    const struct replay_record **rec; /* what the log has */
    size_t n, next;
    bool off; /* differs */
};

/* One side of a difference; neither: it has nothing there. */
struct side {
    bool is_record, is_line;
    struct replay_record rec; /* data: owned */
    struct line line;         /* text: owned */
};

struct replay_compare {
    const struct replay_log *log;
    const char *const *nodes;
    struct stream stream[PORT_REC_TYPES]; /* trainings are in that of frames */
    struct lines was, is;
    size_t next_line;
    bool console_off;
    struct replay_counts counts;
    vtime_t at; /* of the first difference */
    struct side before, now;
};

/* replay_port.c looks at grants; what is only traced is not asked for. */
static bool compared(unsigned type)
{
    return type > 0 && type < PORT_REC_TYPES && type != PORT_REC_CONSOLE && type != PORT_REC_GRANT &&
           type != PORT_REC_TRACE;
}

static unsigned stream_of(unsigned type)
{
    return type == PORT_REC_TRAIN ? PORT_REC_FRAME : type;
}

static void *grown(void *p, size_t *room, size_t size)
{
    *room = *room ? 2 * *room : 64;
    p = realloc(p, *room * size);
    assert(p);
    return p;
}

/* ---- consoles ---- */

static void put_char(struct line *l, char c)
{
    if (l->len + 1 >= l->room)
        l->text = grown(l->text, &l->room, 1);
    l->text[l->len++] = c;
    l->text[l->len] = 0;
}

static void put_console(struct lines *l, vtime_t at, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (!l->open) {
            if (l->n == l->room)
                l->line = grown(l->line, &l->room, sizeof *l->line);
            l->line[l->n++] = (struct line){.begin = at, .end = VTIME_NEVER};
            l->open = true;
        }
        put_char(&l->line[l->n - 1], (char)bytes[i]);
        if (bytes[i] == '\n') {
            l->line[l->n - 1].end = at;
            l->open = false;
        }
    }
}

static void free_lines(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->line[i].text);
    free(l->line);
}

/* ---- differences ---- */

static void free_side(struct side *s)
{
    free((void *)(uintptr_t)s->rec.data);
    free(s->line.text);
    *s = (struct side){0};
}

static struct side side_of_record(const struct replay_record *rec)
{
    struct side s = {.is_record = rec != NULL};
    if (!rec)
        return s;
    s.rec = *rec;
    if (rec->len) {
        uint8_t *copy = malloc(rec->len);
        assert(copy);
        memcpy(copy, rec->data, rec->len);
        s.rec.data = copy;
    }
    return s;
}

static struct side side_of_line(const struct line *l)
{
    struct side s = {.is_line = l != NULL};
    if (!l)
        return s;
    s.line = *l;
    s.line.text = strndup(l->text, l->len);
    assert(s.line.text);
    return s;
}

static void differ(struct replay_compare *c, vtime_t at, struct side before, struct side now)
{
    if (at >= c->at) {
        free_side(&before);
        free_side(&now);
        return;
    }
    c->at = at;
    free_side(&c->before);
    free_side(&c->now);
    c->before = before;
    c->now = now;
}

static bool same(const struct replay_record *a, const struct replay_record *b)
{
    /* the id of a frame is the engine's, not the node's */
    bool frame = a->type == PORT_REC_FRAME || a->type == PORT_REC_TRAIN;
    return a->type == b->type && a->arg == b->arg && a->len == b->len && a->time_ps == b->time_ps &&
           (frame || a->id == b->id) && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void count(struct replay_compare *c, unsigned type)
{
    if (type == PORT_REC_FRAME)
        c->counts.frames++;
    else if (type == PORT_REC_EVENT)
        c->counts.events++;
    else
        c->counts.others++;
}

void replay_compare_up(struct replay_compare *c, const struct port_record *rec, const void *data)
{
    struct replay_record is = {.kind = REPLAY_UP,
                               .type = (uint8_t)rec->type,
                               .arg = rec->arg,
                               .len = rec->len,
                               .time_ps = rec->time_ps,
                               .id = rec->id,
                               .data = rec->len ? data : NULL};

    if (rec->type == PORT_REC_CONSOLE)
        put_console(&c->is, rec->time_ps, data, rec->len);
    if (!compared(rec->type))
        return;
    struct stream *s = &c->stream[stream_of(rec->type)];
    if (s->off)
        return;
    const struct replay_record *was = s->next < s->n ? s->rec[s->next] : NULL;
    if (!was && !c->log->ended)
        return; /* beyond what is known */
    if (was && same(was, &is)) {
        s->next++;
        count(c, rec->type);
        return;
    }
    s->off = true;
    differ(c, was ? vtime_min(was->time_ps, is.time_ps) : is.time_ps, side_of_record(was),
           side_of_record(&is));
    if (was && c->now.is_record && rec->type == PORT_REC_FRAME)
        c->now.rec.id = was->id; /* it stands in for that one */
}

static bool same_line(const struct line *a, const struct line *b)
{
    return a->begin == b->begin && a->end == b->end && a->len == b->len &&
           memcmp(a->text, b->text, a->len) == 0;
}

static void differ_line(struct replay_compare *c, const struct line *was, const struct line *is)
{
    c->console_off = true;
    vtime_t at = was && is ? vtime_min(was->begin, is->begin) : was ? was->begin : is->begin;
    differ(c, at, side_of_line(was), side_of_line(is));
}

/* Whole lines, and at the end what is left of one. */
static void compare_lines(struct replay_compare *c, vtime_t before)
{
    bool end = before >= VTIME_NEVER;
    while (!c->console_off) {
        size_t i = c->next_line;
        const struct line *was = i < c->was.n ? &c->was.line[i] : NULL,
                          *is = i < c->is.n ? &c->is.line[i] : NULL;
        if (!was && (!is || !c->log->ended))
            return;
        bool was_done = was && (was->end < before || end), is_done = is && (is->end < VTIME_NEVER || end);
        if (was && is && (is_done || was_done)) {
            if (!c->log->ended && was->end == VTIME_NEVER)
                return;
            if (!same_line(was, is)) {
                differ_line(c, was, is);
                return;
            }
            c->counts.lines++;
            c->next_line++;
        } else if ((was_done && !is) || (is && !was)) {
            differ_line(c, was, is);
        } else {
            return;
        }
    }
}

void replay_compare_upto(struct replay_compare *c, vtime_t before)
{
    for (unsigned t = 0; t < PORT_REC_TYPES; t++) {
        struct stream *s = &c->stream[t];
        if (s->off || s->next == s->n || s->rec[s->next]->time_ps >= before)
            continue;
        s->off = true;
        differ(c, s->rec[s->next]->time_ps, side_of_record(s->rec[s->next]), side_of_record(NULL));
    }
    compare_lines(c, before);
}

/* ---- life ---- */

struct replay_compare *replay_compare_new(const struct replay_log *log, const char *const *nodes)
{
    struct replay_compare *c = calloc(1, sizeof *c);
    size_t n[PORT_REC_TYPES] = {0};

    assert(c);
    c->log = log;
    c->nodes = nodes;
    c->at = VTIME_NEVER;
    for (size_t i = 0; i < log->n_records; i++)
        if (log->records[i].kind == REPLAY_UP && compared(log->records[i].type))
            n[stream_of(log->records[i].type)]++;
    for (unsigned t = 0; t < PORT_REC_TYPES; t++) {
        c->stream[t].rec = calloc(n[t] + 1, sizeof(struct replay_record *));
        assert(c->stream[t].rec);
    }
    for (size_t i = 0; i < log->n_records; i++) {
        const struct replay_record *r = &log->records[i];
        if (r->kind != REPLAY_UP)
            continue;
        if (r->type == PORT_REC_CONSOLE)
            put_console(&c->was, r->time_ps, r->data, r->len);
        if (compared(r->type)) {
            struct stream *s = &c->stream[stream_of(r->type)];
            s->rec[s->n++] = r;
        }
    }
    return c;
}

void replay_compare_free(struct replay_compare *c)
{
    if (!c)
        return;
    for (unsigned t = 0; t < PORT_REC_TYPES; t++)
        free(c->stream[t].rec);
    free_lines(&c->was);
    free_lines(&c->is);
    free_side(&c->before);
    free_side(&c->now);
    free(c);
}

bool replay_compare_differs(const struct replay_compare *c)
{
    return c->at < VTIME_NEVER;
}

vtime_t replay_compare_at(const struct replay_compare *c)
{
    return c->at;
}

void replay_compare_counts(const struct replay_compare *c, struct replay_counts *out)
{
    *out = c->counts;
}

/* ---- showing ---- */

static const char *const end_names[PORT_END_COUNT] = {"running", "result", "stopped", "shutdown",
                                                      "reset",   "panic",  "killed",  "crashed"};

/* What a fault of the scenario did; by number, as in the scenario's list. */
static void show_fault(const struct replay_record *r, FILE *out)
{
    static const char *const phases[PORT_FAULT_PHASES] = {"begins", "ends", "hits"};
    uint64_t value = 0;

    if (r->len == sizeof value)
        memcpy(&value, r->data, sizeof value);
    fprintf(out, "fault %u %s, value %" PRIu64, r->arg, r->id < PORT_FAULT_PHASES ? phases[r->id] : "?",
            value);
}

static void show_record(const struct replay_compare *c, const struct replay_record *r, FILE *out)
{
    const struct replay_head *h = &c->log->head;
    struct replay_item item = {
        .nic = r->arg, .frame_id = r->id, .data = r->data, .len = r->len, .value = (int32_t)r->id};

    switch (r->type) {
    case PORT_REC_FRAME:
        item.id = h->adapter && r->arg == h->adapter_nic ? TR_PACKET_TX : TR_FRAME_TX;
        break;
    case PORT_REC_TRAIN:
        item.id = TR_ADAPTER_TRAIN;
        break;
    case PORT_REC_EVENT:
        item.id = TR_GUEST_EVENT;
        break;
    case PORT_REC_END:
        item.id = TR_NODE_STATE;
        item.state = r->arg < PORT_END_COUNT ? end_names[r->arg] : "?";
        break;
    case PORT_REC_FAULT:
        show_fault(r, out);
        return;
    default:
        fprintf(out, "record of type %u, arg %u, %" PRIu32 " bytes", r->type, r->arg, r->len);
        return;
    }
    replay_show(out, &item, c->nodes, h->n_nodes);
}

static void show_side(const struct replay_compare *c, const char *what, const struct side *s, FILE *out)
{
    fprintf(out, "  %-9s ", what);
    if (s->is_record) {
        replay_show_time(out, s->rec.time_ps);
        show_record(c, &s->rec, out);
    } else if (s->is_line) {
        replay_show_time(out, s->line.begin);
        fputs("console \"", out);
        replay_show_text(out, s->line.text, s->line.len);
        fputs(s->line.end == VTIME_NEVER ? "\" (unfinished)" : "\"", out);
    } else {
        fputs("nothing", out);
    }
    fputc('\n', out);
}

static void show_bytes(const char *what, const struct replay_record *r, uint32_t from, FILE *out)
{
    fprintf(out, "  %-9s %04" PRIx32 ":", what, from);
    for (uint32_t i = from; i < from + 16 && i < r->len; i++)
        fprintf(out, " %02x", r->data[i]);
    fputc('\n', out);
}

void replay_compare_show(const struct replay_compare *c, FILE *out)
{
    const struct side *a = &c->before, *b = &c->now;

    if (!replay_compare_differs(c))
        return;
    fprintf(out, "%s: first difference at ", c->log->head.node);
    replay_show_time(out, c->at);
    fputs("of virtual time\n", out);
    show_side(c, "recorded", a, out);
    show_side(c, "replay", b, out);
    if (!a->is_record || !b->is_record)
        return;
    uint32_t shorter = a->rec.len < b->rec.len ? a->rec.len : b->rec.len, i = 0;
    while (i < shorter && a->rec.data[i] == b->rec.data[i])
        i++;
    if (i == shorter && a->rec.len == b->rec.len)
        return;
    fprintf(out, "  first different byte: %" PRIu32 " of %" PRIu32 " (replay: of %" PRIu32 ")\n", i,
            a->rec.len, b->rec.len);
    show_bytes("recorded", &a->rec, i & ~15u, out);
    show_bytes("replay", &b->rec, i & ~15u, out);
}
