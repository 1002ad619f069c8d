/* SPDX-License-Identifier: GPL-2.0-or-later */
/* npb_cg_matrix.c - see npb_cg.h. */
#include "guest-kernel/user/npb_cg.h"
#include "guest-kernel/user/npb_random.h"
#include "guest-kernel/user/par_math.h"

enum { SEED = 314159265, MOST_ELEMENTS = 16 };

static const double condition = 0.1;

struct sparse {
    unsigned n;
    uint32_t at[MOST_ELEMENTS];
    double value[MOST_ELEMENTS];
};

static unsigned find(const struct sparse *v, uint32_t at)
{
    unsigned i = 0;

    while (i < v->n && v->at[i] != at)
        i++;
    return i;
}

/*
 * The next vector: as many elements as the class says, each a value and a place from the random numbers; a
 * place that is outside or taken costs both. Then its own element, vector's, becomes 0.5.
 */
static void next_vector(const struct npb_cg_class *cl, uint64_t *seed, uint32_t vector, struct sparse *v)
{
    size_t places = 1;

    while (places < cl->n)
        places *= 2;
    v->n = 0;
    while (v->n < cl->elements) {
        double value = npb_random(seed);
        uint32_t at = (uint32_t)((double)places * npb_random(seed));
        if (at >= cl->n || find(v, at) < v->n)
            continue;
        v->at[v->n] = at;
        v->value[v->n++] = value;
    }
    unsigned own = find(v, vector);
    v->n += own == v->n;
    v->at[own] = vector;
    v->value[own] = 0.5;
}

/* Adds an entry to a row, which is in order of columns and has n. Returns how many it has then. */
static uint32_t add(struct npb_cg_entry *row, uint32_t n, uint32_t column, double value)
{
    uint32_t i = n;

    while (i && row[i - 1].column > column)
        i--;
    if (i && row[i - 1].column == column) {
        row[i - 1].value += value;
        return n;
    }
    for (uint32_t j = n; j > i; j--)
        row[j] = row[j - 1];
    row[i] = (struct npb_cg_entry){.value = value, .column = column};
    return n + 1;
}

/*
 * Goes through all vectors. With entries: adds to the worker's rows, filled[row] of which are used; without:
 * only counts in filled[row] how many there may be.
 */
static void outer_products(const struct npb_cg_class *cl, struct par_range mine, struct npb_cg_matrix *m,
                           uint32_t *filled)
{
    uint64_t seed = npb_skip(SEED, 1); /* the specification draws one number before */
    double weight = 1, ratio = par_root(condition, (unsigned)cl->n);
    struct sparse v;

    for (uint32_t vector = 0; vector < cl->n; vector++, weight *= ratio) {
        next_vector(cl, &seed, vector, &v);
        for (unsigned i = 0; i < v.n; i++) {
            if (v.at[i] < mine.first || v.at[i] >= mine.last)
                continue;
            size_t row = v.at[i] - mine.first;
            if (!m->entry) {
                filled[row] += v.n;
                continue;
            }
            for (unsigned j = 0; j < v.n; j++) {
                double value = v.value[i] * (weight * v.value[j]);
                if (v.at[i] == vector && v.at[j] == vector)
                    value += condition - cl->shift;
                filled[row] = add(m->entry + m->row[row], filled[row], v.at[j], value);
            }
        }
    }
}

/* Closes the gaps that added entries left, and finds the columns' places. */
static void pack(const struct npb_cg_class *cl, struct npb_cg_matrix *m, const uint32_t *filled)
{
    uint32_t to = 0;

    for (size_t row = 0; row < m->rows; row++) {
        uint32_t from = m->row[row];
        m->row[row] = to;
        for (uint32_t i = 0; i < filled[row]; i++, to++) {
            m->entry[to] = m->entry[from + i];
            m->entry[to].place = (uint32_t)par_place(cl->n, sizeof(double), m->entry[to].column);
        }
    }
    m->row[m->rows] = to;
}

bool npb_cg_make(const struct npb_cg_class *cl, unsigned worker, struct npb_cg_matrix *m)
{
    struct par_range mine = par_part(cl->n, worker);
    size_t filled_bytes = (mine.last - mine.first + 1) * sizeof(uint32_t), entries = 0;
    uint32_t *filled = par_private(filled_bytes);

    *m = (struct npb_cg_matrix){.rows = mine.last - mine.first};
    if (!filled)
        return false;
    outer_products(cl, mine, m, filled);
    for (size_t row = 0; row < m->rows; row++)
        entries += filled[row];
    m->bytes = entries * sizeof *m->entry + filled_bytes;
    m->entry = par_private(m->bytes);
    if (m->entry) {
        m->row = (uint32_t *)(m->entry + entries);
        for (size_t row = 0; row < m->rows; row++) {
            m->row[row + 1] = m->row[row] + filled[row];
            filled[row] = 0;
        }
        outer_products(cl, mine, m, filled);
        pack(cl, m, filled);
    }
    par_private_free(filled, filled_bytes);
    return m->entry;
}

void npb_cg_free(struct npb_cg_matrix *m)
{
    par_private_free(m->entry, m->bytes);
    *m = (struct npb_cg_matrix){.entry = NULL};
}
