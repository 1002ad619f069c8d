/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symbols.c - see symbols.h. */
#include "sim/symbols.h"
#include "sim/kallsyms.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static long write_file(const struct kallsyms *k, const char *to, char *why, size_t size)
{
    FILE *f = fopen(to, "we");

    if (f) {
        int bad = kallsyms_write(k, f);
        if (fclose(f) == 0 && !bad)
            return (long)k->n;
        int error = errno;
        unlink(to);
        errno = error;
    }
    snprintf(why, size, "%s: %s", to, strerror(errno));
    return -1;
}

long symbols_make(const char *kernel, const char *to, char *why, size_t size)
{
    struct kallsyms k;
    struct stat st;
    char reason[200];
    long n = -1;
    int fd = open(kernel, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        snprintf(why, size, "%s: %s", kernel, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        snprintf(why, size, "%s: not a kernel", kernel);
    } else {
        void *m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (m == MAP_FAILED) {
            snprintf(why, size, "%s: %s", kernel, strerror(errno));
        } else if (kallsyms_find(m, (size_t)st.st_size, &k, reason, sizeof reason) < 0) {
            snprintf(why, size, "%s: %s", kernel, reason);
        } else {
            n = write_file(&k, to, why, size);
            kallsyms_free(&k);
        }
        if (m != MAP_FAILED)
            munmap(m, (size_t)st.st_size);
    }
    if (fd >= 0)
        close(fd);
    return n;
}
