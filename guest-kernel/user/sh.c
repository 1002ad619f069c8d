/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sh.c - the shell: sh [SCRIPT [ARGUMENT..]] runs the commands of a file, /rc if none is named, and ends with
 * the last one's status; sh -c TEXT runs those of the text, sh -i those that are typed, line by line.
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

enum { NOT_FOUND = 127, WRONG = 2, NAME = 64, SAVED_IN = 14, SAVED_OUT = 15, LINE = 512 };

static int status_of(int status)
{
    return status & 127 ? 128 + (status & 127) : status >> 8;
}

/* What a process on another node has as input and output is the shell's at that moment. */
static long start_on(int node, const char *path, struct command *c, int in, int out)
{
    if (in >= 0) {
        dup3(0, SAVED_IN, CLOSE_ON_EXEC);
        dup3(in, 0, 0);
    }
    if (out >= 0) {
        dup3(1, SAVED_OUT, CLOSE_ON_EXEC);
        dup3(out, 1, 0);
    }
    long id = spawn(path, c->word + 2, node);
    if (in >= 0) {
        dup3(SAVED_IN, 0, 0);
        close(SAVED_IN);
    }
    if (out >= 0) {
        dup3(SAVED_OUT, 1, 0);
        close(SAVED_OUT);
    }
    return id;
}

static long start_here(const char *path, struct command *c, int in, int out)
{
    long id = fork();

    if (id)
        return id;
    if (in >= 0)
        dup3(in, 0, 0);
    if (out >= 0)
        dup3(out, 1, 0);
    long error = execve(path, c->word);
    print_to(2, "sh: %s: error %ld\n", path, -error);
    exit(NOT_FOUND);
}

/* Its id, or negative errno, which was said. */
static long start(const struct script *s, struct command *c, int in, int out)
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
        long fd = open(c->input, CLOSE_ON_EXEC);
        if (fd < 0) {
            format_text(text, sizeof text, "%s: error %ld", c->input, -fd);
            script_error(s, text);
            return fd;
        }
        if (in >= 0)
            close(in);
        in = (int)fd;
    }
    long id = on ? start_on((int)node, path, c, in, out) : start_here(path, c, in, out);
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
        if (!last && pipe2(ends, CLOSE_ON_EXEC) < 0) {
            script_error(s, "no pipe");
            exit(WRONG);
        }
        id[i] = start(s, &p->command[i], in, ends[1]);
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

/* All pipelines of the text. False: what it says cannot be read, which was said. */
static bool run_text(struct script *s)
{
    static struct pipeline p;
    enum end before = END_LINE;

    do {
        if (!parse_pipeline(s, &p))
            return false;
        bool skip = (before == END_AND && s->status) || (before == END_OR && !s->status);
        if (p.n && !skip && !own(s, &p))
            run(s, &p);
        if (p.n) /* an empty line does not end && and || */
            before = p.end;
    } while (p.end != END_SCRIPT);
    return true;
}

/* Lines from the standard input, until it ends. */
static void run_lines(struct script *s)
{
    static char line[LINE];
    unsigned self;
    long n;

    node_count(&self);
    for (;;) {
        print("%u$ ", self);
        for (n = 0; n == 0 || (line[n - 1] != '\n' && n < LINE - 1);) {
            long got = read(0, line + n, (size_t)(LINE - 1 - n));
            if (got <= 0)
                break;
            n += got;
        }
        if (n == 0)
            return;
        line[n - (line[n - 1] == '\n')] = 0;
        s->at = line;
        if (!run_text(s))
            s->status = WRONG;
        s->line++;
    }
}

int main(int argc, char **argv)
{
    static char *no_arguments[] = {"/rc", NULL};
    bool text = argc > 2 && !strcmp(argv[1], "-c"), lines = argc > 1 && !strcmp(argv[1], "-i");
    struct script s = {.name = argc > 1 ? argv[1] : "/rc", .line = 1, .argc = argc - 1, .argv = argv + 1};

    if (text) {
        s.argc--;
        s.argv++;
    }
    if (argc < 2) {
        s.argc = 1;
        s.argv = no_arguments;
    }
    if (lines) {
        s.name = "sh";
        run_lines(&s);
        return s.status;
    }
    s.at = text ? argv[2] : contents(s.name);
    if (!s.at) {
        print_to(2, "sh: %s cannot be read\n", s.name);
        return NOT_FOUND;
    }
    return run_text(&s) ? s.status : WRONG;
}
