/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_pages.c - says of a page what the command line wants, true or not, to the event port in the format
 * that the simulator's checker of page states follows (docs/coherence.md). There is no page.
 *
 * Command line: up to 4 steps, t1= s1= v1=, t2= .. (ns of device time, state, version); page (default 12),
 * bytes of a record's data (default 16), until (ns; then the node's part ends with status 0).
 */
#include "tests/guests/adapter.h"

enum { PAGE_STATE = 0x21, STEPS = 4 };

static void wait_until(uint64_t ns)
{
    while (adapter_time_ns() < ns)
        ;
}

void run_pages(const char *line)
{
    static uint64_t data[8];
    unsigned bytes = (unsigned)number_of(line, "bytes=", 16);

    data[0] = number_of(line, "page=", 12);
    for (char step = '1'; step < '1' + STEPS; step++) {
        const char time[] = {'t', step, '=', 0}, state[] = {'s', step, '=', 0},
                   version[] = {'v', step, '=', 0};
        uint64_t at = number_of(line, time, 0);
        if (!at)
            continue;
        wait_until(at);
        data[1] = number_of(line, version, 0);
        adapter_event(PAGE_STATE, (uint32_t)number_of(line, state, 0), data,
                      bytes < sizeof data ? bytes : sizeof data);
    }
    wait_until(number_of(line, "until=", 1000000));
    adapter_result(0);
}
