/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric.c - the program that tries the fabric adapter, by the first word of its command line that it knows:
 *
 *   ports    event port and result port                                        fabric.c
 *   ping     messages and one-sided operations, timed                          fabric_ping.c
 *   storm    all nodes to all, on all queues, everything verified              fabric_storm.c
 *   abuse    what a driver must not do                                         fabric_abuse.c
 *   numbers  numbered messages, and what came of them                         fabric_numbers.c
 *   patch    a peer writes new instructions into a page that is being executed fabric_patch.c
 *   faults   messages, and what happens to them and their interrupts           fabric_faults.c
 *   victim   memory, code and time that a fault of the scenario changes        fabric_faults.c
 *   orders   numbered datagrams, by a protocol with a mistake                 fabric_orders.c
 *   pages    what a kernel says of its pages, true or not                     fabric_pages.c
 *
 * A node that has none of these to do waits: without `run:` it does not keep the run from ending. The result
 * port says how it went; what was wrong stands on the console.
 */
#include "tests/guests/adapter.h"

void say(const char *text, uint64_t number)
{
    print(text);
    print(": ");
    print_number(number);
    print("\n");
}

void fail(const char *what, uint64_t number)
{
    print("FAILED: ");
    say(what, number);
    adapter_result(1);
}

/* Says where it is in the trace, and ends with a status that the scenario names. */
void run_ports(const char *line)
{
    static const char text[] = "a record with \"text\" and a zero \0.";
    static const char long_text[FAB_MAX_EVENT] = "the longest record there may be";
    uint64_t before = adapter_time_ns();

    adapter_event(7, 0xffffffff, text, sizeof text - 1);
    adapter_event(0, 0, text, 0);
    adapter_event(65535, 12345, long_text, FAB_MAX_EVENT - sizeof(struct fab_event));
    if (adapter_get(FAB_REG_CAUSE) & FAB_CAUSE_EVENT)
        fail("the event port refused a record, cause", adapter_get(FAB_REG_CAUSE));
    adapter_event(1, 1, long_text, FAB_MAX_EVENT); /* too long by its head */
    write64(adapter.bar + FAB_REG_EVENT, ~0ull << 12);
    if (!(adapter_get(FAB_REG_CAUSE) & FAB_CAUSE_EVENT))
        fail("the event port took a bad record, cause", adapter_get(FAB_REG_CAUSE));
    say("before the events, ns", before);
    say("after them, ns", adapter_time_ns());
    print("the result port is next\n");
    adapter_set(FAB_REG_RESULT, (uint32_t)number_of(line, "status=", 0));
    print("and nothing comes after it\n");
}

void guest_main(const char *line)
{
    static const struct {
        const char *word;
        void (*run)(const char *line);
    } programs[] = {{"ports", run_ports},   {"ping", run_ping},       {"storm", run_storm},
                    {"abuse", run_abuse},   {"patch", run_patch},     {"faults", run_faults},
                    {"victim", run_victim}, {"numbers", run_numbers}, {"orders", run_orders},
                    {"pages", run_pages}};

    if (!adapter_open())
        print("cob: result 1\n");
    else
        for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
            if (has_word(line, programs[i].word))
                programs[i].run(line);
    for (;;)
        machine_wait();
}
