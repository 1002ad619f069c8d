/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console.c - see console.h. */
#include "guest-kernel/kernel/console.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/errno.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/text.h"

enum { SIZE = 1024, POLL_NS = 1000000 };
enum { END = 4, BACKSPACE = 8, DELETE = 127 };

static char text[SIZE]; /* a ring: out .. ready can be read, ready .. in is the line that is being typed */
static unsigned out, ready, in;
static uint64_t due = UINT64_MAX;

static void key(char c)
{
    if (c == '\r')
        c = '\n';
    if (c == BACKSPACE || c == DELETE) {
        if (in != ready) {
            in--;
            print_text("\b \b", 3);
        }
        return;
    }
    bool ends = c == '\n' || c == END, shown = c == '\n' || c == '\t' || (uint8_t)c >= ' ';
    if ((!ends && !shown) || in - out >= (ends ? SIZE : SIZE - 1)) /* there is always room for a line's end */
        return;
    text[in++ % SIZE] = c;
    if (shown)
        print_text(&c, 1);
    if (ends && ready != in) {
        ready = in;
        file_changed(file_numbered(0));
    }
}

static void adapter_keys(void *argument)
{
    int c;

    (void)argument;
    while ((c = adapter_input()) >= 0)
        key((char)c);
}

void console_init(void)
{
    adapter_input_init(adapter_keys);
}

int64_t console_get(char *to, size_t n)
{
    size_t done = 0;

    if (n && out == ready) {
        if (!adapter_here() && due == UINT64_MAX)
            timer_by(due = arch_time_ns() + POLL_NS);
        return -EAGAIN;
    }
    while (done < n && out != ready) {
        char c = text[out % SIZE];
        if (c == END && !done) {
            out++;
            break;
        }
        if (c != END)
            to[done++] = c;
        out++;
        if (c == END || c == '\n')
            break;
        if (done == n && out != ready && text[out % SIZE] == END)
            out++; /* it ends this line, not the file */
    }
    return (int64_t)done;
}

uint64_t console_due(void)
{
    return due;
}

void console_poll(void)
{
    unsigned was = ready;
    int c;

    if (arch_time_ns() < due)
        return;
    while ((c = arch_getc()) >= 0)
        key((char)c);
    due = UINT64_MAX;
    if (ready == was) /* somebody still waits */
        timer_by(due = arch_time_ns() + POLL_NS);
}
