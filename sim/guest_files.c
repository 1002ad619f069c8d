/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_files.c - see guest_files.h.
 */
#include "sim/guest_files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A relative path is taken from here: libvirt starts QEMU in another directory. */
static const char *absolute(const char *path, struct guest_args *store)
{
    char *here;

    if (!path || path[0] == '/')
        return path;
    here = getcwd(NULL, 0);
    if (!here) {
        store->failed = true;
        return path;
    }
    guest_args_add(store, "%s/%s", here, path);
    free(here);
    return store->failed ? path : store->v[store->n - 1];
}

int guest_files_absolute(struct guest_spec *spec, struct guest_args *store)
{
    const char **const paths[] = {&spec->qemu,    &spec->kernel,       &spec->initrd,   &spec->plugin,
                                  &spec->preload, &spec->console_path, &spec->log_path, &spec->ram_path};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        *paths[i] = absolute(*paths[i], store);
    if (store->failed)
        errno = ENOMEM;
    return store->failed ? -1 : 0;
}

static int check_input(const char *path, const char *what, char *why, size_t size)
{
    if (!path || !access(path, R_OK))
        return 0;
    snprintf(why, size, "cannot read the %s %s: %s", what, path, strerror(errno));
    return -1;
}

static int make_empty(const char *path, const char *what, char *why, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || close(fd)) {
        snprintf(why, size, "cannot create the %s file %s: %s", what, path, strerror(errno));
        return -1;
    }
    return 0;
}

/* What an earlier run left in the file would be a difference between two runs. Holes read as zero. */
static int make_zero_ram(const char *path, uint64_t bytes, char *why, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;
    int bad;

    bad = fd < 0 || fstat(fd, &st) || ((uint64_t)st.st_size != bytes && ftruncate(fd, (off_t)bytes)) ||
          fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes);
    if (bad)
        snprintf(why, size, "cannot make the guest memory file %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return bad ? -1 : 0;
}

int guest_files_prepare(const struct guest_spec *spec, char *why, size_t size)
{
    if (check_input(spec->kernel, "kernel", why, size) ||
        check_input(spec->initrd, "initial ram disk", why, size) ||
        (!spec->plain && check_input(spec->plugin, "QEMU plugin", why, size)))
        return -1;
    if (make_empty(spec->console_path, "console", why, size) || make_empty(spec->log_path, "log", why, size))
        return -1;
    if (spec->ram_path && make_zero_ram(spec->ram_path, spec->node->memory_bytes, why, size))
        return -1;
    return 0;
}
