/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_pack.c - growing arrays, numbers as bytes, bytes as text that any HTML parser leaves alone. */
#include "sim/report_internal.h"
#include <stdlib.h>
#include <zlib.h>

static void *must(void *p)
{
    if (!p) {
        fputs("cob: out of memory while making a report\n", stderr);
        abort();
    }
    return p;
}

void *rep_grow(void *array, size_t n, size_t *cap, size_t item)
{
    if (n < *cap)
        return array;
    *cap = *cap ? 2 * *cap : 64;
    return must(realloc(array, *cap * item));
}

void *rep_zeroed(size_t n, size_t item)
{
    return must(calloc(n ? n : 1, item));
}

void rep_put(struct rep_buf *b, const void *bytes, size_t len)
{
    if (len > b->cap - b->n) {
        b->cap = 2 * b->cap + len + 64;
        b->p = must(realloc(b->p, b->cap));
    }
    if (len)
        memcpy(b->p + b->n, bytes, len);
    b->n += len;
}

void rep_put_number(struct rep_buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;
    do {
        bytes[n] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        v >>= 7;
        n++;
    } while (v);
    rep_put(b, bytes, n);
}

void rep_put_signed(struct rep_buf *b, int64_t v)
{
    rep_put_number(b, v < 0 ? ~((uint64_t)v << 1) : (uint64_t)v << 1);
}

static void put_base64(FILE *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char line[128] = "";
    size_t len = 0;

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? (uint32_t)p[i + 2] : 0);
        line[len++] = digits[v >> 18];
        line[len++] = digits[v >> 12 & 63];
        line[len++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
        line[len++] = i + 2 < n ? digits[v & 63] : '=';
        if (len == sizeof line) {
            fwrite(line, 1, len, out);
            len = 0;
        }
    }
    fwrite(line, 1, len, out);
}

void rep_put_compressed(FILE *out, const struct rep_buf *b, const char *id)
{
    uLongf len = compressBound(b->n);
    uint8_t *packed = must(malloc(len));

    /* the same input gives the same bytes, with one version of zlib */
    if (compress2(packed, &len, b->n ? b->p : (const uint8_t *)"", b->n, 6) != Z_OK)
        must(NULL);
    fprintf(out, "<script type=\"application/octet-stream\" id=\"%s\">", id);
    put_base64(out, packed, len);
    fputs("</script>\n", out);
    free(packed);
}

void rep_buf_free(struct rep_buf *b)
{
    free(b->p);
    *b = (struct rep_buf){0};
}
