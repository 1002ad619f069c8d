/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print.c - formatted text; see user.h. */
#include "guest-kernel/user/print.h"
#include "guest-kernel/user/user.h"

enum { LINE = 256 };

struct conversion { /* %-012.3lf */
    bool left, zeros, is_long, has_precision;
    unsigned width, precision;
    char type;
};

void out_char(struct out *o, char c)
{
    if (o->n < o->size)
        o->text[o->n++] = c;
}

void out_text(struct out *o, const char *s)
{
    while (*s)
        out_char(o, *s++);
}

static void out_number(struct out *o, uint64_t n, unsigned base)
{
    char digits[24];
    unsigned i = 0;

    do
        digits[i++] = "0123456789abcdef"[n % base];
    while (n /= base);
    while (i)
        out_char(o, digits[--i]);
}

/* What stands there since `from`, widened. */
static void pad(struct out *o, size_t from, const struct conversion *c)
{
    size_t bytes = o->n - from, fill = c->width > bytes ? c->width - bytes : 0;

    if (c->left) {
        for (; fill; fill--)
            out_char(o, ' ');
        return;
    }
    from += c->zeros && bytes && o->text[from] == '-'; /* zeros stand behind the sign */
    if (fill > o->size - from)
        fill = o->size - from;
    size_t moved = o->n - from, room = o->size - from - fill;
    if (moved > room)
        moved = room;
    memmove(o->text + from + fill, o->text + from, moved);
    memset(o->text + from, c->zeros ? '0' : ' ', fill);
    o->n = from + fill + moved;
}

/* Behind the %; where the type is. */
static const char *parse(const char *p, struct conversion *c)
{
    *c = (struct conversion){.precision = 6};
    for (; *p == '-' || *p == '0'; p++)
        *(*p == '-' ? &c->left : &c->zeros) = true;
    for (; *p >= '0' && *p <= '9'; p++)
        c->width = c->width * 10 + (unsigned)(*p - '0');
    if (*p == '.') {
        c->has_precision = true;
        c->precision = 0;
        for (p++; *p >= '0' && *p <= '9'; p++)
            c->precision = c->precision * 10 + (unsigned)(*p - '0');
    }
    for (; *p == 'l' || *p == 'z'; p++)
        c->is_long = true;
    c->type = *p;
    return p;
}

static void out_string(struct out *o, const char *s, const struct conversion *c)
{
    for (size_t i = 0; s[i] && (!c->has_precision || i < c->precision); i++)
        out_char(o, s[i]);
}

static size_t format_list(char *to, size_t size, const char *format, va_list *ap)
{
    struct out o = {to, size, 0};
    struct conversion c;

    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            out_char(&o, *p);
            continue;
        }
        size_t from = o.n;
        p = parse(p + 1, &c);
        if (!c.type)
            break;
        if (c.type == 's') {
            out_string(&o, va_arg(*ap, const char *), &c);
        } else if (c.type == 'c') {
            out_char(&o, (char)va_arg(*ap, int));
        } else if (c.type == 'd') {
            int64_t v = c.is_long ? va_arg(*ap, int64_t) : va_arg(*ap, int);
            if (v < 0)
                out_char(&o, '-');
            out_number(&o, v < 0 ? -(uint64_t)v : (uint64_t)v, 10);
        } else if (c.type == 'u' || c.type == 'x') {
            out_number(&o, c.is_long ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned),
                       c.type == 'u' ? 10 : 16);
        } else if (c.type == 'f' || c.type == 'e') {
            out_double(&o, va_arg(*ap, double), c.precision, c.type == 'e');
        } else {
            out_char(&o, c.type);
        }
        pad(&o, from, &c);
    }
    return o.n;
}

void print_to(int fd, const char *format, ...)
{
    char text[LINE];
    va_list ap;

    va_start(ap, format);
    write(fd, text, format_list(text, sizeof text, format, &ap));
    va_end(ap);
}

void print(const char *format, ...)
{
    char text[LINE];
    va_list ap;

    va_start(ap, format);
    write(1, text, format_list(text, sizeof text, format, &ap));
    va_end(ap);
}

size_t format_text(char *to, size_t size, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    size_t n = format_list(to, size - 1, format, &ap);
    va_end(ap);
    to[n] = 0;
    return n;
}
