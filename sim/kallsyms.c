/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms.c - see kallsyms.h. What scripts/kallsyms.c of Linux leaves in an image (all little endian; the
 * parts stand one behind the other, each aligned):
 *
 *   up to 6.3   offsets  base  count  names  markers  [sequence]  token texts  token index
 *   from 6.4                   count  names  markers  token texts  token index  offsets  base  [sequence]
 *
 *   names        of each symbol: a length (1 byte, or 2 if the first has its top bit set), then so many token
 * numbers; their texts one behind the other are the type's letter and the name markers      where in `names`
 * every 256th begins tokens       256 texts, each ended by a 0, and where each begins offsets      32 bits
 * each; the address is base + offset. On x86 a negative one means base - 1 - offset, one that is not negative
 * is an absolute value (data of each CPU)
 *
 * Nothing points to them, so they are searched for: the tokens by the digits, which stand for themselves in
 * every kernel, then the count by the names and markers that must follow. What is found this way cannot be
 * there by chance. On aarch64 base is written by a relocation at boot, and stands in that.
 */
#include "sim/kallsyms.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 256, MARK_EVERY = 256, FEWEST = 1000, MOST = 4000000 };
enum { EM_X86_64 = 62, EM_AARCH64 = 183, EM_RISCV = 243, R_AARCH64_RELATIVE = 1027 };

struct image {
    const uint8_t *b;
    size_t len;
    size_t texts, index;      /* of the tokens */
    size_t count_at, markers; /* offsets in the file */
    size_t names;
    uint32_t count;
    const char *token[TOKENS];
    size_t token_len[TOKENS];
};

static uint64_t number(const struct image *im, size_t at, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; at + bytes <= im->len && i < bytes; i++)
        v |= (uint64_t)im->b[at + i] << 8 * i;
    return v;
}

static size_t align(size_t at, size_t to)
{
    return (at + to - 1) / to * to;
}

/* Do token texts begin here, and does their index follow? */
static bool tokens_at(struct image *im, size_t at)
{
    size_t begin[TOKENS], p = at;

    for (unsigned i = 0; i < TOKENS; i++) {
        const uint8_t *end = p < im->len ? memchr(im->b + p, 0, im->len - p) : NULL;
        if (!end || end - (im->b + p) > 128)
            return false;
        begin[i] = p - at;
        im->token[i] = (const char *)im->b + p;
        im->token_len[i] = (size_t)(end - (im->b + p));
        p = (size_t)(end - im->b) + 1;
    }
    for (size_t x = align(p, 2); x <= align(p, 8); x += 2) {
        unsigned i = 0;
        while (i < TOKENS && number(im, x + 2 * i, 2) == begin[i])
            i++;
        if (i == TOKENS && x + sizeof(uint16_t) * TOKENS <= im->len) {
            im->texts = at;
            im->index = x;
            return true;
        }
    }
    return false;
}

static bool find_tokens(struct image *im)
{
    static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
    const uint8_t *from = im->b, *hit;

    while ((hit = memmem(from, im->len - (size_t)(from - im->b), digits, sizeof digits))) {
        size_t p = (size_t)(hit - im->b);
        unsigned back = '0';
        for (; back > 0 && p >= 2; back--) { /* to the text before */
            p--;
            while (p > 0 && im->b[p - 1])
                p--;
        }
        if (back == 0 && tokens_at(im, p))
            return true;
        from = hit + 1;
    }
    return false;
}

/* One name at *p into buf, if there is room; its length, 0 if there is none. */
static size_t name_at(const struct image *im, size_t *p, char *buf, size_t size)
{
    size_t n, len = 0;

    if (*p + 2 > im->texts)
        return 0;
    n = im->b[(*p)++];
    if (n & 0x80)
        n = (n & 0x7f) | (size_t)im->b[(*p)++] << 7;
    if (n == 0 || n > 512 || *p + n > im->texts)
        return 0;
    while (n--) {
        unsigned t = im->b[(*p)++];
        if (len + im->token_len[t] >= size)
            return 0;
        memcpy(buf + len, im->token[t], im->token_len[t]);
        len += im->token_len[t];
    }
    buf[len] = 0;
    return len >= 2 && strchr("tTdDbBrRwWvVaAnuU?gGsSiI", buf[0]) ? len : 0;
}

/* Are there so many names here, and markers that say so? */
static bool names_at(struct image *im, size_t at, uint32_t count)
{
    size_t p = at, n_marks = (count + MARK_EVERY - 1) / MARK_EVERY;
    char buf[1024];

    if (count > im->texts - at)
        return false;
    uint32_t *mark = calloc(n_marks, sizeof *mark);
    if (!mark)
        return false;
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++) {
        if (i % MARK_EVERY == 0)
            mark[i / MARK_EVERY] = (uint32_t)(p - at);
        good = name_at(im, &p, buf, sizeof buf) > 0;
    }
    bool found = false;
    for (unsigned to = 4; good && !found && to <= 8; to += 4) {
        im->markers = align(p, to);
        size_t i = 0;
        while (i < n_marks && im->markers + 4 * i + 4 <= im->len &&
               number(im, im->markers + 4 * i, 4) == mark[i])
            i++;
        found = i == n_marks;
    }
    free(mark);
    return found;
}

static bool find_names(struct image *im)
{
    for (size_t at = im->texts & ~(size_t)3; at >= 4;) {
        at -= 4;
        uint32_t n = (uint32_t)number(im, at, 4);
        if (n < FEWEST || n > MOST)
            continue;
        for (size_t gap = 4; gap <= 8; gap += 4)
            if (at + gap < im->texts && names_at(im, at + gap, n)) {
                im->count_at = at;
                im->count = n;
                im->names = at + gap;
                return true;
            }
    }
    return false;
}

static unsigned machine_of(const uint8_t *b, size_t len)
{
    if (len < 64)
        return 0;
    if (!memcmp(b, "\177ELF", 4))
        return b[18] | (unsigned)b[19] << 8;
    return !memcmp(b + 0x38, "ARM\x64", 4) ? EM_AARCH64 : !memcmp(b + 0x38, "RSC\x05", 4) ? EM_RISCV : 0;
}

/* Does some relocation write this? */
static bool written(const struct image *im, uint64_t value)
{
    for (size_t r = 8; r + 16 <= im->len; r += 8)
        if (number(im, r, 8) == R_AARCH64_RELATIVE && number(im, r + 8, 8) == value)
            return true;
    return false;
}

/*
 * The addend of the relocation that writes the word at `at`. Where that is in memory follows from the image's
 * first address, which is aligned to 64 KiB; it is the right one if pointers to the names and markers are
 * written as well. 0: none.
 */
static uint64_t relocated(const struct image *im, size_t at)
{
    for (size_t r = 0; r + 24 <= im->len; r += 8) {
        uint64_t first = number(im, r, 8) - at, addend = number(im, r + 16, 8);
        if (number(im, r + 8, 8) == R_AARCH64_RELATIVE && first >> 63 && first % 65536 == 0 &&
            addend >= first && addend - first < im->len && written(im, first + im->names) &&
            written(im, first + im->markers))
            return addend;
    }
    return 0;
}

/* Where the offsets are, and the base. */
static bool find_addresses(const struct image *im, unsigned machine, size_t *offsets, uint64_t *base)
{
    size_t table = 4 * (size_t)im->count, behind = align(im->index + sizeof(uint16_t) * TOKENS, 8);
    size_t base_at = align(behind + table, 8);

    /* From 6.4 on what follows the markers are the tokens. */
    size_t markers_end = im->markers + 4 * ((im->count + MARK_EVERY - 1) / MARK_EVERY);
    if (align(markers_end, 8) < align(im->texts, 8)) {
        if (im->count_at < 8 + table + 8)
            return false;
        base_at = im->count_at - 8;
        *offsets = base_at - align(table, 8);
    } else {
        *offsets = behind;
    }
    if (base_at + 8 > im->len)
        return false;
    *base = number(im, base_at, 8);
    if (*base == 0 && machine == EM_AARCH64)
        *base = relocated(im, base_at);
    return *base >> 63; /* kernels are in the upper half */
}

static int by_address(const void *a, const void *b)
{
    const struct kallsym *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int read_all(const struct image *im, size_t offsets, uint64_t base, struct kallsyms *out)
{
    char buf[1024];
    size_t p = im->names;

    out->sym = calloc(im->count, sizeof *out->sym);
    if (!out->sym)
        return -1;
    for (uint32_t i = 0; i < im->count; i++) {
        struct kallsym *s = &out->sym[out->n];
        int32_t offset = (int32_t)number(im, offsets + 4 * (size_t)i, 4);
        if (name_at(im, &p, buf, sizeof buf) == 0 || !(s->name = strdup(buf + 1))) {
            kallsyms_free(out);
            return -1;
        }
        out->n++;
        s->type = buf[0];
        if (out->machine != EM_X86_64)
            s->addr = base + (uint32_t)offset;
        else if (offset < 0)
            s->addr = base - 1 - (uint64_t)(int64_t)offset;
        else
            s->addr = (uint64_t)offset, s->type = 'A';
    }
    qsort(out->sym, out->n, sizeof *out->sym, by_address);
    return 0;
}

int kallsyms_find(const uint8_t *image, size_t len, struct kallsyms *out, char *why, size_t size)
{
    struct image im = {.b = image, .len = len};
    size_t offsets;
    uint64_t base;

    *out = (struct kallsyms){.machine = machine_of(image, len)};
    if (out->machine != EM_X86_64 && out->machine != EM_AARCH64 && out->machine != EM_RISCV) {
        snprintf(why, size, "not a kernel for x86_64, aarch64 or riscv64 (an ELF file or an unpacked Image)");
        return -1;
    }
    if (!find_tokens(&im) || !find_names(&im) || !find_addresses(&im, out->machine, &offsets, &base)) {
        snprintf(why, size,
                 "no table of symbols found (a kernel without CONFIG_KALLSYMS, or of an unknown form)");
        return -1;
    }
    if (read_all(&im, offsets, base, out) < 0) {
        snprintf(why, size, "no memory");
        return -1;
    }
    return 0;
}

void kallsyms_free(struct kallsyms *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->sym[i].name);
    free(k->sym);
    *k = (struct kallsyms){0};
}
