/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_console.c - a guest's console: the bytes as written (.raw), lines with their time (.log).
 */
#include "tracing/tracing_write.h"
#include <inttypes.h>

#define CONSOLE_BUFFER (64 * 1024)

bool tracing_console_open(struct tracing_console *c, struct tracing_error *error, char *log_path,
                          char *raw_path)
{
    *c = (struct tracing_console){0};
    bool log = tracing_file_open(&c->log, error, log_path, CONSOLE_BUFFER);
    bool raw = tracing_file_open(&c->raw, error, raw_path, CONSOLE_BUFFER);
    return log && raw;
}

static void end_line(struct tracing_console *c, tracing_line_fn *done, void *ctx)
{
    char text[40 + TRACING_ESCAPED(TRACING_LINE_MAX) + 1];
    char bytes[TRACING_LINE_MAX + 1];
    size_t len = c->len, kept = 0;
    while (len > 0 && c->line[len - 1] == '\r')
        len--;
    int stamp = snprintf(text, sizeof text, "[%5" PRId64 ".%09" PRId64 "] ", c->begun / VTIME_S,
                         c->begun % VTIME_S / VTIME_NS);
    size_t end = (size_t)stamp + tracing_escape(text + stamp, c->line, len);
    for (size_t i = 0; i < len; i++)
        if (c->line[i])
            bytes[kept++] = c->line[i];
    bytes[kept] = 0;
    c->len = 0;
    done(ctx, c->last, text + stamp, bytes);
    text[end] = '\n';
    tracing_file_append(&c->log, text, end + 1);
}

void tracing_console_bytes(struct tracing_console *c, vtime_t at, const void *bytes, size_t len,
                           tracing_line_fn *done, void *ctx)
{
    tracing_file_append(&c->raw, bytes, len);
    const char *p = bytes, *end = p + len;
    c->last = at;
    while (p < end) {
        if (c->len == TRACING_LINE_MAX && *p != '\n')
            end_line(c, done, ctx);
        if (c->len == 0)
            c->begun = at;
        size_t room = TRACING_LINE_MAX - c->len, left = (size_t)(end - p);
        const char *newline = memchr(p, '\n', left <= room ? left : room + 1);
        size_t n = newline ? (size_t)(newline - p) : left < room ? left : room;
        memcpy(c->line + c->len, p, n);
        c->len += n;
        p += n;
        if (newline) {
            end_line(c, done, ctx);
            p++;
        }
    }
}

void tracing_console_finish(struct tracing_console *c, tracing_line_fn *done, void *ctx)
{
    if (c->len > 0)
        end_line(c, done, ctx);
}

void tracing_console_flush(struct tracing_console *c)
{
    tracing_file_flush(&c->log);
    tracing_file_flush(&c->raw);
}

void tracing_console_close(struct tracing_console *c)
{
    tracing_file_close(&c->log);
    tracing_file_close(&c->raw);
}
