/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rundir.c - see rundir.h. */
#include "sim/rundir.h"
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *rundir_base(void)
{
    const char *e = getenv("COB_RUNS");
    return e && *e ? e : "runs";
}

char *rundir_path(const struct rundir *r, char buf[PATH_MAX], const char *dir, const char *name,
                  const char *suffix)
{
    int n = snprintf(buf, PATH_MAX, "%s%s%s/%s%s", r->path, *dir ? "/" : "", dir, name, suffix);
    if (n >= PATH_MAX)
        buf[PATH_MAX - 1] = 0; /* opening it will fail with a message that shows it */
    return buf;
}

static int fail(char *why, size_t size, const char *path)
{
    int e = errno;
    snprintf(why, size, "%s: %s", path, strerror(e));
    errno = e;
    return -1;
}

/* The highest NNN of <scenario>-NNN in base. */
static int last_number(const char *base, const char *scenario)
{
    size_t len = strlen(scenario);
    int last = 0;
    DIR *d = opendir(base);
    struct dirent *e;

    while (d && (e = readdir(d)))
        if (!strncmp(e->d_name, scenario, len) && e->d_name[len] == '-') {
            char *end;
            long v = strtol(e->d_name + len + 1, &end, 10);
            if (!*end && v > last && v < 1000000)
                last = (int)v;
        }
    if (d)
        closedir(d);
    return last;
}

int rundir_create_plain(struct rundir *r, const char *base, const char *name, char *why, size_t size)
{
    if (mkdir(base, 0777) < 0 && errno != EEXIST)
        return fail(why, size, base);
    if (!realpath(base, r->base))
        return fail(why, size, base);
    if (strlen(r->base) + strlen(name) + 64 > PATH_MAX) {
        errno = ENAMETOOLONG;
        return fail(why, size, base);
    }
    for (int n = last_number(base, name) + 1;; n++) {
        snprintf(r->name, sizeof r->name, "%.60s-%03d", name, n);
        strcpy(r->path, r->base);
        strcat(r->path, "/");
        strcat(r->path, r->name);
        if (mkdir(r->path, 0777) == 0)
            return 0;
        if (errno != EEXIST)
            return fail(why, size, r->path);
    }
}

int rundir_create_beside(struct rundir *r, const char *base, const char *scenario, char *why, size_t size)
{
    static const char *const subdirs[] = {"console", "trace", "capture", "replay", "qemu", "tmp"};
    char path[PATH_MAX];

    if (rundir_create_plain(r, base, scenario, why, size) < 0)
        return -1;
    for (size_t i = 0; i < sizeof subdirs / sizeof subdirs[0]; i++)
        if (mkdir(rundir_path(r, path, "", subdirs[i], ""), 0777) < 0)
            return fail(why, size, path);
    return 0;
}

int rundir_create(struct rundir *r, const char *base, const char *scenario, char *why, size_t size)
{
    char link[PATH_MAX], temp[PATH_MAX];

    if (rundir_create_beside(r, base, scenario, why, size) < 0)
        return -1;
    /* The link is replaced in one step; two runs at once leave it at one of the two. */
    int n = snprintf(link, sizeof link, "%s/latest", r->base);
    int m = snprintf(temp, sizeof temp, "%s/.latest-%d", r->base, (int)getpid());
    if (n >= (int)sizeof link || m >= (int)sizeof temp)
        return 0;
    unlink(temp);
    if (symlink(r->name, temp) < 0 || rename(temp, link) < 0)
        return fail(why, size, link);
    return 0;
}

static void remove_in(const char *dir, const char *suffix)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    size_t len = strlen(suffix);

    while (d && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        if (e->d_name[0] != '.' && n >= len && !strcmp(e->d_name + n - len, suffix))
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
}

void rundir_tidy(const struct rundir *r)
{
    char path[PATH_MAX];
    remove_in(rundir_path(r, path, "", "tmp", ""), "");
    rmdir(path);
    remove_in(rundir_path(r, path, "", "qemu", ""), ".pid");
    remove_in(path, ".serial");
}

static int is_run(const char *path)
{
    char probe[PATH_MAX];
    struct stat st;
    int n = snprintf(probe, sizeof probe, "%s/scenario.scn.yml", path);
    return n < (int)sizeof probe && stat(probe, &st) == 0;
}

int rundir_find(const char *base, const char *text, char buf[PATH_MAX], char *why, size_t size)
{
    struct stat st;
    int n = snprintf(buf, PATH_MAX, "%s", text);

    if (n < PATH_MAX && is_run(buf))
        return 0;
    if (n < PATH_MAX && strchr(text, '/') && stat(buf, &st) == 0) {
        snprintf(why, size, "%s is not a run directory (no scenario.scn.yml in it)", text);
        errno = ENOENT;
        return -1;
    }
    n = snprintf(buf, PATH_MAX, "%s/%s", base, text);
    if (n < PATH_MAX && is_run(buf))
        return 0;
    snprintf(why, size, "there is no run '%s', neither as a path nor below %s", text, base);
    errno = ENOENT;
    return -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

void rundir_remove(const struct rundir *r)
{
    if (r->path[0] && nftw(r->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
        fprintf(stderr, "cob: cannot remove %s: %s\n", r->path, strerror(errno));
}
