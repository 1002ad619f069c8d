/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_root.c - see guest_root.h.
 */
#include "sim/guest_root.h"
#include "sim/guest.h"
#include "sim/guest_sweep.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* "<root>/lib/qemu/domain-NNN-<20 characters>/monitor.sock" must fit into a socket address (107). */
#define ROOT_MAX 52

static const char root_conf[] =
    "user = \"root\"\n" /* else QEMU would become the user libvirt-qemu */
    "group = \"root\"\n";
static const char qemu_conf[] =
    "security_driver = \"none\"\n"
    "dynamic_ownership = 0\n"
    "remember_owner = 0\n"
    "cgroup_controllers = []\n"
    "namespaces = []\n"
    "stdio_handler = \"file\"\n"
    "seccomp_sandbox = 0\n";

static char root[ROOT_MAX + 1]; /* empty: none */
static char cache[PATH_MAX];    /* the user's; empty: none */

/* mkdir -p. 0, or -1 errno. */
static int make_dirs(const char *path)
{
    char part[PATH_MAX];

    if (snprintf(part, sizeof part, "%s/", path) >= (int)sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return 0;
}

static int write_conf(const char *path)
{
    FILE *f = fopen(path, "we");
    bool bad;

    if (!f)
        return -1;
    bad = fputs(qemu_conf, f) < 0 || (geteuid() == 0 && fputs(root_conf, f) < 0);
    return fclose(f) || bad ? -1 : 0;
}

/* Copies with the modification time, appearing under its name only when complete. 0, or -1 errno. */
static int copy_file(const char *from, const char *to)
{
    char temporary[PATH_MAX], block[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, saved;
    struct timespec times[2];
    struct stat st;
    ssize_t n = -1;

    if (in < 0 || fstat(in, &st) ||
        snprintf(temporary, sizeof temporary, "%s.%d", to, (int)getpid()) >= (int)sizeof temporary)
        goto done;
    out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0)
        goto done;
    while ((n = read(in, block, sizeof block)) > 0)
        if (write(out, block, (size_t)n) != n) {
            n = -1;
            break;
        }
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    if (!n && (futimens(out, times) || rename(temporary, to)))
        n = -1;
done:
    saved = errno;
    if (out >= 0) {
        close(out);
        if (n)
            unlink(temporary);
    }
    if (in >= 0)
        close(in);
    errno = saved;
    return n ? -1 : 0;
}

static bool same_file_time(const char *a, const char *b)
{
    struct stat sa, sb;

    return !stat(a, &sa) && !stat(b, &sb) && sa.st_mtim.tv_sec == sb.st_mtim.tv_sec &&
           sa.st_mtim.tv_nsec == sb.st_mtim.tv_nsec;
}

/* Copies the capability files that differ. 0, or -1 errno of the first that could not be copied. */
static int copy_capabilities(const char *from, const char *to)
{
    DIR *d = opendir(from);
    struct dirent *e;
    int rc = 0;

    if (!d)
        return errno == ENOENT ? 0 : -1;
    while (!rc && (e = readdir(d))) {
        char *a, *b;
        size_t len = strlen(e->d_name);

        if (len < 4 || strcmp(e->d_name + len - 4, ".xml"))
            continue;
        if (asprintf(&a, "%s/%s", from, e->d_name) < 0 || asprintf(&b, "%s/%s", to, e->d_name) < 0) {
            rc = -1;
            break;
        }
        if (!same_file_time(a, b))
            rc = copy_file(a, b);
        free(a);
        free(b);
    }
    closedir(d);
    return rc;
}

/* The user's cache directory; without one every run asks the emulators anew, which only costs time. */
static void find_cache(void)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = 0;

    cache[0] = '\0';
    if (base && base[0] == '/')
        n = snprintf(cache, sizeof cache, "%s/cob/libvirt", base);
    else if (home && home[0] == '/')
        n = snprintf(cache, sizeof cache, "%s/.cache/cob/libvirt", home);
    if (n >= (int)sizeof cache)
        cache[0] = '\0';
}

static void cache_in(void)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/cache/qemu/capabilities", root);
    if (cache[0] && copy_capabilities(cache, path))
        fprintf(stderr, "cannot use libvirt's capability cache in %s: %s\n", cache, strerror(errno));
}

void guest_root_keep_cache(void)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/cache/qemu/capabilities", root);
    if (cache[0] && (make_dirs(cache) || copy_capabilities(path, cache)))
        fprintf(stderr, "cannot keep libvirt's capability cache in %s: %s\n", cache, strerror(errno));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path) && errno != ENOENT ? -1 : 0;
}

int guest_root_delete(const char *path)
{
    return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) ? -1 : 0;
}

/* libvirt's threads may still be clearing away guests in there, hence the second try. */
void guest_root_remove(void)
{
    if (!root[0])
        return;
    if (guest_root_delete(root) && guest_root_delete(root))
        fprintf(stderr, "cannot remove %s: %s\n", root, strerror(errno));
}

/* Chooses root and makes it. 0, or -1 errno. */
static int choose_root(const char *scratch)
{
    char *absolute = realpath(scratch, NULL);
    int n;

    root[0] = '\0';
    if (!absolute)
        return -1;
    n = snprintf(root, sizeof root, "%s/" GUEST_ROOT_IN_RUN, absolute);
    free(absolute);
    if (n < (int)sizeof root)
        return mkdir(root, 0700) && errno != EEXIST ? -1 : 0;
    strcpy(root, GUEST_SCRATCH "/cob-XXXXXX");
    if (mkdtemp(root))
        return 0;
    root[0] = '\0';
    return -1;
}

static int fill(char *why, size_t size)
{
    static const char *const dirs[] = {"etc", "cache/qemu/capabilities", "log/qemu"};
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/" GUEST_ROOT_OWNER, root);
    if (guest_owner_write(path, getpid()))
        goto failed;
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        snprintf(path, sizeof path, "%s/%s", root, dirs[i]);
        if (make_dirs(path))
            goto failed;
    }
    snprintf(path, sizeof path, "%s/etc/qemu.conf", root);
    if (!write_conf(path))
        return 0;
failed:
    snprintf(why, size, "%s: %s", path, strerror(errno));
    return -1;
}

const char *guest_root_make(const char *scratch, char *why, size_t size)
{
    if (choose_root(scratch)) {
        snprintf(why, size, "cannot make libvirt's directory in %s: %s", scratch, strerror(errno));
        return NULL;
    }
    if (fill(why, size)) {
        guest_root_remove();
        return NULL;
    }
    find_cache();
    cache_in();
    return root;
}
