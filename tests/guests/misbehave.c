/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * misbehave.c - does what a guest should not do, as its command line says. First it prints "misbehave:
 * <word>".
 *
 *   reset      reboots the machine (x86_64: by a triple fault)
 *   poweroff   powers it off without a result
 *   hang       turns in a loop of one instruction for ever
 *   halt       waits for an interrupt for ever, with none enabled
 *   flood      fills its console as fast as it can, for ever, in lines of 64 bytes
 *   stuck      fills its console with one endless line
 *   result     a result out of range: "cob: result 4711", then goes on hanging
 *
 * Any other command line: reports `cob: result 3`.
 */
#include "tests/guests/guest.h"

static void hang(void)
{
    for (;;)
        __asm__ volatile("");
}

static void flood(const char *line)
{
    for (;;)
        print(line);
}

static void halt(void)
{
    for (;;)
        machine_wait();
}

void guest_main(const char *command_line)
{
    print("misbehave: ");
    print(command_line);
    print("\n");
    if (has_word(command_line, "reset"))
        machine_reset();
    else if (has_word(command_line, "hang"))
        hang();
    else if (has_word(command_line, "halt"))
        halt();
    else if (has_word(command_line, "flood"))
        flood("the quick brown guest jumps over the lazy host, again and again\n");
    else if (has_word(command_line, "stuck"))
        flood("and no end of line ");
    else if (has_word(command_line, "result")) {
        print("cob: result 4711\n");
        hang();
    } else if (!has_word(command_line, "poweroff")) {
        print("cob: result 3\n");
    }
}
