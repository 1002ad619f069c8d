/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_scratch.c - removes the directories of libvirt's embedded driver (guest_root.h) that earlier runs
 * left behind, and nothing else.
 *
 * Such a directory is <run>/lv, or <scratch>/cob-XXXXXX. It is removed when it is really a directory and the
 * user's own, its owner file can be read and is the user's own, and the process named there is gone. Without
 * an owner file it is none of ours; with one that cannot be understood it is left alone and named. Nobody
 * else can change it meanwhile: its mode is 0700, and in /tmp only its owner may rename it.
 */
#include "sim/guest_root.h"
#include "sim/guest_sweep.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_own(const char *path, mode_t type)
{
    struct stat st;

    return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid();
}

void guest_scratch_sweep_root(const char *path, FILE *say)
{
    char *file;

    if (!is_own(path, S_IFDIR) || asprintf(&file, "%s/" GUEST_ROOT_OWNER, path) < 0)
        return;
    if (is_own(file, S_IFREG)) {
        switch (guest_owner_state(file)) {
        case GUEST_OWNER_RUNS:
            break;
        case GUEST_OWNER_UNKNOWN:
            fprintf(say, "%s: not an owner file of cob, or unreadable (%s); left alone\n", file,
                    strerror(errno));
            break;
        case GUEST_OWNER_GONE:
            if (guest_root_delete(path))
                fprintf(say, "cannot remove %s, which an earlier run left behind: %s\n", path,
                        strerror(errno));
            break;
        }
    }
    free(file);
}

/* cob- and six characters, as mkdtemp makes it for guest_root.c. */
static bool is_root_name(const char *name)
{
    return strlen(name) == 10 && !strncmp(name, "cob-", 4);
}

void guest_scratch_sweep(const char *scratch, FILE *say)
{
    DIR *d = opendir(scratch);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char *path;

        if (!is_root_name(e->d_name) || asprintf(&path, "%s/%s", scratch, e->d_name) < 0)
            continue;
        guest_scratch_sweep_root(path, say);
        free(path);
    }
    if (d)
        closedir(d);
}
