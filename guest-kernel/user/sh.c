/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sh.c - the shell: sh [SCRIPT [ARGUMENT..]] runs the commands of a file, /rc if none is named, and ends with
 * the last one's status; sh -c TEXT runs those of the text.
 *
 *   cat <motd | wc && echo good || echo "bad: $?"       pipes, status, quotes
 *   on 1 echo "I am from another node" &                a process on node 1, not waited for
 *   wait                                                for all that were not; status of the last that failed
 *   exit 3
 *
 * $? is the last status (128 and more: by a signal), $! the last process of &, $NODE this node, $NODES how
 * many there are, $0 to $9 the
 * arguments ($0: the script). A name without / is in the root directory.
 */
#include "guest-kernel/user/sh.h"

enum { NOT_FOUND = 127, WRONG = 2, NAME = 64 };

static int status_of(int status)
{
    return status & 127 ? 128 + (status & 127) : status >> 8;
}

/* Descriptor `to` becomes `from`, which goes. Lower descriptors than `to` are in use. */
static void become(int from, int to)
{
    close(to);
    dup(from);
    close(from);
}

/* What a process on another node has as input and output is the shell's at that moment. */
static long start_on(int node, const char *path, struct command *c, int in, int out)
{
    int was_in = in >= 0 ? (int)dup(0) : -1, was_out = out >= 0 ? (int)dup(1) : -1;

    if (in >= 0)
        become((int)dup(in), 0);
    if (out >= 0)
        become((int)dup(out), 1);
    long id = spawn(path, c->word + 2, node);
    if (was_in >= 0)
        become(was_in, 0);
    if (was_out >= 0)
        become(was_out, 1);
    return id;
}

/* Here; other: the next command's end of the pipe, or -1. */
static long start_here(const char *path, struct command *c, int in, int out, int other)
{
    long id = fork();

    if (id)
        return id;
    if (other >= 0)
        close(other);
    if (in >= 0)
        become(in, 0);
    if (out >= 0)
        become(out, 1);
    long error = execve(path, c->word);
    print_to(2, "sh: %s: error %ld\n", path, -error);
    exit(NOT_FOUND);
}

/* Its id, or negative errno, which was said. */
static long start(const struct script *s, struct command *c, int in, int out, int other)
{
    char path[NAME], text[NAME * 2], *end = NULL;
    bool on = !strcmp(c->word[0], "on");
    unsigned long node = on && c->n > 2 ? strtoul(c->word[1], &end, 10) : 0;

    if (on && (c->n < 3 || *end || node > INT_MAX)) {
        script_error(s, "on NODE COMMAND");
        return -EINVAL;
    }
    const char *name = c->word[on ? 2 : 0];
    format_text(path, sizeof path, "%s%s", strchr(name, '/') ? "" : "/", name);
    if (c->input) {
        long fd = open(c->input, 0);
        if (fd < 0) {
            format_text(text, sizeof text, "%s: error %ld", c->input, -fd);
            script_error(s, text);
            return fd;
        }
        if (in >= 0)
            close(in);
        in = (int)fd;
    }
    long id = on ? start_on((int)node, path, c, in, out) : start_here(path, c, in, out, other);
    if (c->input)
        close(in);
    if (id < 0) {
        format_text(text, sizeof text, "%s cannot be started: error %ld", path, -id);
        script_error(s, text);
    }
    return id;
}

static void run(struct script *s, struct pipeline *p)
{
    long id[COMMANDS];
    int in = -1, ends[2];

    for (unsigned i = 0; i < p->n; i++) {
        bool last = i + 1 == p->n;
        ends[0] = ends[1] = -1;
        if (!last && pipe(ends) < 0) {
            script_error(s, "no pipe");
            exit(WRONG);
        }
        id[i] = start(s, &p->command[i], in, ends[1], ends[0]);
        if (in >= 0 && !p->command[i].input)
            close(in);
        if (ends[1] >= 0)
            close(ends[1]);
        in = ends[0];
    }
    s->status = 0;
    if (p->end == END_BACKGROUND) {
        s->background = id[p->n - 1];
        return;
    }
    for (unsigned i = 0; i < p->n; i++) {
        int status = NOT_FOUND << 8;
        if (id[i] > 0)
            wait4(id[i], &status, 0);
        s->status = status_of(status);
    }
}

static void wait_for_all(struct script *s)
{
    int status;

    s->status = 0;
    while (wait4(-1, &status, 0) > 0)
        s->status = status ? status_of(status) : s->status;
}

/* The shell's own commands. */
static bool own(struct script *s, const struct pipeline *p)
{
    const struct command *c = &p->command[0];

    if (p->n != 1)
        return false;
    if (!strcmp(c->word[0], "exit"))
        exit(c->n > 1 ? (int)strtoul(c->word[1], NULL, 10) : s->status);
    if (strcmp(c->word[0], "wait"))
        return false;
    wait_for_all(s);
    return true;
}

/* The whole file, ended by 0; NULL: cannot be read. */
static char *contents(const char *path)
{
    size_t size = 4096, n = 0;
    char *text = malloc(size);
    long fd = open(path, 0), got = fd < 0 ? -1 : 1;

    while (text && got > 0) {
        got = read((int)fd, text + n, size - n - 1);
        n += got > 0 ? (size_t)got : 0;
        if (size - n >= 2)
            continue;
        char *more = realloc(text, size *= 2);
        if (!more)
            free(text);
        text = more;
    }
    if (!text || got < 0)
        return NULL; /* the shell ends then */
    text[n] = 0;
    close((int)fd);
    return text;
}

int main(int argc, char **argv)
{
    static struct pipeline p;
    static char *no_arguments[] = {"/rc", NULL};
    bool text = argc > 2 && !strcmp(argv[1], "-c");
    struct script s = {.name = argc > 1 ? argv[1] : "/rc", .line = 1, .argc = argc - 1, .argv = argv + 1};

    if (text) {
        s.argc--;
        s.argv++;
    }
    if (argc < 2) {
        s.argc = 1;
        s.argv = no_arguments;
    }
    s.at = text ? argv[2] : contents(s.name);
    if (!s.at) {
        print_to(2, "sh: %s cannot be read\n", s.name);
        return NOT_FOUND;
    }
    enum end before = END_LINE;
    do {
        if (!parse_pipeline(&s, &p))
            return WRONG;
        bool skip = (before == END_AND && s.status) || (before == END_OR && !s.status);
        if (p.n && !skip && !own(&s, &p))
            run(&s, &p);
        if (p.n) /* an empty line does not end && and || */
            before = p.end;
    } while (p.end != END_SCRIPT);
    return s.status;
}
