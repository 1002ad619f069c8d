/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools.c - see tools.h. */
#include "guest-kernel/user/tools.h"

bool copy_out(const char *program, int fd)
{
    static char piece[65536]; /* of another node's file as much as its kernel can get at once */
    long n;

    while ((n = read(fd, piece, sizeof piece)) > 0)
        for (long done = 0, now; done < n; done += now)
            if ((now = write(1, piece + done, (size_t)(n - done))) <= 0) {
                print_to(2, "%s: cannot write: error %ld\n", program, -now);
                return false;
            }
    if (n < 0)
        print_to(2, "%s: cannot read: error %ld\n", program, -n);
    return n == 0;
}

bool copy_file(const char *program, const char *path)
{
    long fd = open(path, 0);

    if (fd < 0) {
        print_to(2, "%s: %s: error %ld\n", program, path, -fd);
        return false;
    }
    bool good = copy_out(program, (int)fd);
    close((int)fd);
    return good;
}

int show_nodes(int argc, char **argv, const char *name)
{
    char path[64];
    unsigned self, failed = 0;

    node_count(&self);
    if (argc < 2) {
        format_text(path, sizeof path, "/proc/%u/%s", self, name);
        return copy_file(name, path) ? 0 : 1;
    }
    for (int i = 1; i < argc; i++) {
        format_text(path, sizeof path, "/proc/%s/%s", argv[i], name);
        failed += !copy_file(name, path);
    }
    return failed ? 1 : 0;
}
