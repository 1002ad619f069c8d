/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_latency.c - latencies by (sender, receiver, kind): from the hand-over by the sending guest to the
 * hand-over to the receiving one. A quantile is one of the values: the smallest that so large a part of them
 * does not exceed.
 */
#include "sim/report_internal.h"
#include <stdlib.h>

void rep_latency_add(struct report *r, uint32_t from, uint32_t to, uint32_t kind, vtime_t latency)
{
    uint32_t group = (from * r->names.n_nodes + to) * rep_all_kinds(r) + kind;

    r->samples = rep_grow(r->samples, r->n_samples, &r->cap_samples, sizeof *r->samples);
    r->samples[r->n_samples++] = (struct rep_sample){group, latency};
}

static int compare(const void *a, const void *b)
{
    const struct rep_sample *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->latency > y->latency) - (x->latency < y->latency);
}

void rep_latency_finish(struct report *r)
{
    const struct rep_sample *s = r->samples;
    size_t cap = 0;

    if (r->n_samples)
        qsort(r->samples, r->n_samples, sizeof *r->samples, compare);
    for (size_t i = 0, n; i < r->n_samples; i += n) {
        n = 1;
        while (i + n < r->n_samples && s[i + n].group == s[i].group)
            n++;
        uint32_t pair = s[i].group / rep_all_kinds(r);
        r->latencies = rep_grow(r->latencies, r->n_latencies, &cap, sizeof *r->latencies);
        r->latencies[r->n_latencies++] = (struct rep_latency){.from = pair / r->names.n_nodes,
                                                              .to = pair % r->names.n_nodes,
                                                              .kind = s[i].group % rep_all_kinds(r),
                                                              .count = n,
                                                              .min = s[i].latency,
                                                              .median = s[i + (n - 1) / 2].latency,
                                                              .p99 = s[i + (99 * n + 99) / 100 - 1].latency,
                                                              .max = s[i + n - 1].latency};
    }
}
