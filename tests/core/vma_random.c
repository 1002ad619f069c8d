/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vma_random.c - what threads of vma_sim.h may do, by chance (random_steps.h). */
#include "tests/core/random_steps.h"

static unsigned below(unsigned n)
{
    return (unsigned)(vs_random() % n);
}

struct vs_step vs_random_map(void)
{
    struct vs_step s = {.what = VS_MAP, .page = (uint8_t)(1 + below(VS_PLACES))};
    unsigned most = VS_PLACES + 1u - s.page;
    s.pages = (uint8_t)(1 + below(most < 5 ? most : 5));
    s.prot = below(4) ? VS_READ | VS_WRITE : VS_READ;
    s.file = (uint8_t)(below(3) ? 0 : 1 + below(2));
    s.text = below(8) == 0;
    if (s.text) {
        s.prot = VS_READ;
        s.file = (uint8_t)(1 + below(2));
    }
    return s;
}

struct vs_step vs_random_step(unsigned calls, unsigned mapping)
{
    static const uint8_t making[] = {VS_MAP, VS_ADD, VS_PLACE, VS_BRK}, other[] = {VS_UNMAP, VS_PROTECT};
    struct vs_step s = vs_random_map();
    if (below(100) >= calls) {
        s.what = VS_TOUCH;
        s.prot = below(2) ? VS_READ | VS_WRITE : VS_READ;
        s.pages = 1;
        return s;
    }
    s.what = below(100) < mapping ? making[below(sizeof making)] : other[below(sizeof other)];
    if (s.what == VS_BRK)
        s.page = (uint8_t)(1 + below(VS_HEAP + 1));
    return s;
}
