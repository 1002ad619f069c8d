/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * par_words.c - a word count: worker 0 writes a text, as if it read a file; each worker counts the words that
 * begin in its share, in a table of its own; then each adds up, from all tables, a share of the words.
 *
 * Words are numbers below VOCABULARY, spelled in syllables, small ones more frequent. The check counts the
 * numbers themselves as the text is written, and wants the same.
 */
#include "guest-kernel/user/npb_random.h"
#include "guest-kernel/user/par.h"

enum { SEED = 314159265, VOCABULARY = 400, SLOTS = 1024, LONGEST = 7 };

struct word {
    char text[LONGEST + 1]; /* "" is a free slot */
    uint64_t count;
};
static size_t n;           /* bytes of the text, with a space at the end */
static char *text;         /* as it comes, without gaps: it is read only */
static struct word *found; /* [workers][SLOTS]: each worker's words */
static struct word *total; /* [workers][SLOTS]: each worker's share of all words */
static uint64_t *expected; /* [VOCABULARY] */
static uint64_t *results;  /* time, words, what is wrong */

/* A word's letters. Returns how many. */
static size_t spell(unsigned number, char *to)
{
    size_t length = 0;

    do {
        to[length++] = "bdfgklmnprst"[number % 12];
        to[length++] = "aeiou"[number / 12 % 5];
        number /= 60;
    } while (number);
    return length;
}

static void write_text(void)
{
    uint64_t seed = SEED;
    size_t at = 0;

    while (at + LONGEST + 1 < n) {
        unsigned number = (unsigned)(VOCABULARY * npb_random(&seed) * npb_random(&seed));
        expected[number]++;
        at += spell(number, text + at);
        text[at++] = ' ';
    }
    while (at < n)
        text[at++] = ' ';
}

static unsigned hash(const char *word)
{
    unsigned h = 5381;

    while (*word)
        h = h * 33 + (unsigned char)*word++;
    return h;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Tables are never full: VOCABULARY is below SLOTS. */
static void add(struct word *table, const char *word, uint64_t count)
{
    unsigned slot = hash(word) % SLOTS;

    while (table[slot].text[0] && !same(table[slot].text, word))
        slot = (slot + 1) % SLOTS;
    if (!table[slot].text[0])
        for (unsigned i = 0; i <= LONGEST; i++)
            table[slot].text[i] = word[i];
    table[slot].count += count;
}

static void count_mine(unsigned worker)
{
    struct par_range mine = par_part(n, worker);
    size_t at = mine.first;

    while (at && at < mine.last && text[at - 1] != ' ')
        at++; /* in the middle of a word of the share before */
    while (at < mine.last) {
        char word[LONGEST + 1] = {0};
        for (unsigned i = 0; at < n && text[at] != ' '; at++)
            if (i < LONGEST)
                word[i++] = text[at];
        if (word[0])
            add(found + (size_t)worker * SLOTS, word, 1);
        at++;
    }
}

static void add_tables(unsigned worker)
{
    for (unsigned w = 0; w < par_count(); w++)
        for (unsigned i = 0; i < SLOTS; i++) {
            const struct word *f = found + (size_t)w * SLOTS + i;
            if (f->text[0] && hash(f->text) / SLOTS % par_count() == worker)
                add(total + (size_t)worker * SLOTS, f->text, f->count);
        }
}

/* Counts that are not as expected, and words that were never written. */
static void check(void)
{
    unsigned words = 0;

    for (unsigned number = 0; number < VOCABULARY; number++) {
        char word[LONGEST + 1] = {0};
        spell(number, word);
        const struct word *t = total + hash(word) / SLOTS % par_count() * SLOTS;
        unsigned slot = hash(word) % SLOTS;
        while (t[slot].text[0] && !same(t[slot].text, word))
            slot = (slot + 1) % SLOTS;
        results[2] += t[slot].count != expected[number];
        words += expected[number] > 0;
        results[1] += t[slot].count;
    }
    for (size_t i = 0; i < (size_t)par_count() * SLOTS; i++)
        words -= total[i].text[0] != 0;
    results[2] += words != 0;
}

static void work(unsigned worker)
{
    if (!worker)
        write_text();
    par_barrier(worker);
    uint64_t begin = par_now_ns();
    count_mine(worker);
    par_barrier(worker);
    add_tables(worker);
    par_barrier(worker);
    if (worker)
        return;
    results[0] = par_now_ns() - begin;
    check();
}

bool par_words(char class_letter, struct par_report *r)
{
    n = class_letter == 'S' ? 1 << 18 : 1 << 14;
    text = par_alloc(n);
    found = par_alloc((size_t)par_count() * SLOTS * sizeof *found);
    total = par_alloc((size_t)par_count() * SLOTS * sizeof *total);
    expected = par_alloc(VOCABULARY * sizeof *expected);
    results = par_alloc(3 * sizeof *results);
    if (!text || !found || !total || !expected || !results)
        return false;
    if (!par_run(work))
        return false;
    *r = (struct par_report){.ns = results[0], .failed = (unsigned)results[2], .n_values = 1};
    r->value[0] = (double)results[1];
    return true;
}
