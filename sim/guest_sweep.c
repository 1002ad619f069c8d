/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_sweep.c - kills what earlier runs left behind, and nothing else.
 *
 * A guest is killed when its pid file is from this boot, the process is still the one that was written down,
 * and the process that owned it (the cob that started it) is gone. Guests of a cob that still runs are left
 * alone. A pid file whose guest is gone is removed. A file that cannot be understood is left alone and named.
 * Then the directories that libvirt worked in are looked at (guest_scratch.c).
 */
#include "sim/guest_sweep.h"
#include "sim/guest.h"
#include "sim/guest_root.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_DEPTH 3 /* runs/<run>/qemu/<node>.pid */
#define BOOT_ID_MAX 64

static const char pid_head[] = "cob-guest 1\nboot ", root_head[] = "cob-root 1\nboot ";

enum verdict { SWEEP_UNKNOWN, SWEEP_STALE, SWEEP_IN_USE, SWEEP_LEFT_BEHIND };

struct pidfile {
    char boot[BOOT_ID_MAX];
    struct guest_process guest, owner;
};

static int read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 0;

    if (fd < 0)
        return -1;
    while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    close(fd);
    text[n] = '\0';
    return got < 0 ? -1 : 0;
}

static int boot_id(char id[BOOT_ID_MAX])
{
    if (read_text("/proc/sys/kernel/random/boot_id", id, BOOT_ID_MAX))
        return -1;
    id[strcspn(id, "\n")] = '\0';
    return 0;
}

int guest_process_read(pid_t pid, struct guest_process *p)
{
    char path[64], text[1024], state, *end;
    ssize_t len;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_text(path, text, sizeof text)) {
        errno = ESRCH;
        return -1;
    }
    /* The second field is the name in parentheses and may hold anything; the rest is plain. */
    end = strrchr(text, ')');
    if (!end ||
        sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &state, &p->start) != 2) {
        errno = EPROTO;
        return -1;
    }
    if (state == 'Z' || state == 'X') {
        errno = ESRCH;
        return -1;
    }
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    len = readlink(path, p->exe, sizeof p->exe - 1);
    if (len < 0) {
        errno = errno == ENOENT ? ESRCH : errno; /* it has ended since */
        return -1;
    }
    p->exe[len] = '\0';
    p->pid = pid;
    return 0;
}

/* Puts text into a file that appears under its name only when complete. 0, or -1 errno. */
static int write_text(const char *path, const char *text)
{
    char *temporary;
    FILE *f;
    int saved;
    bool bad;

    if (asprintf(&temporary, "%s.new", path) < 0)
        return -1;
    f = fopen(temporary, "we");
    bad = !f;
    if (f) {
        bad = fputs(text, f) < 0;
        bad |= fclose(f) != 0;
    }
    bad = bad || rename(temporary, path);
    saved = errno;
    if (bad && f)
        unlink(temporary);
    free(temporary);
    errno = saved;
    return bad ? -1 : 0;
}

int guest_pidfile_write(const char *path, pid_t guest, pid_t owner)
{
    struct pidfile pf;
    char *text;
    int rc;

    if (boot_id(pf.boot) || guest_process_read(guest, &pf.guest) || guest_process_read(owner, &pf.owner) ||
        asprintf(&text, "%s%s\nguest %d %llu %s\nowner %d %llu %s\n", pid_head, pf.boot, (int)pf.guest.pid,
                 pf.guest.start, pf.guest.exe, (int)pf.owner.pid, pf.owner.start, pf.owner.exe) < 0)
        return -1;
    rc = write_text(path, text);
    free(text);
    return rc;
}

int guest_owner_write(const char *path, pid_t owner)
{
    struct guest_process p;
    char boot[BOOT_ID_MAX], *text;
    int rc;

    if (boot_id(boot) || guest_process_read(owner, &p) ||
        asprintf(&text, "%s%s\nowner %d %llu %s\n", root_head, boot, (int)p.pid, p.start, p.exe) < 0)
        return -1;
    rc = write_text(path, text);
    free(text);
    return rc;
}

/* "<word> <pid> <start> <exe to the end of the line>"; returns what follows the line, or NULL. */
static char *parse_process(char *line, const char *word, struct guest_process *p)
{
    char *end = strchr(line, '\n');
    int pid, used = 0;

    if (!end || strncmp(line, word, strlen(word)))
        return NULL;
    *end = '\0';
    if (sscanf(line + strlen(word), " %d %llu %n", &pid, &p->start, &used) != 2 || pid <= 1 || !used)
        return NULL;
    p->pid = pid;
    snprintf(p->exe, sizeof p->exe, "%s", line + strlen(word) + used);
    return p->exe[0] == '/' ? end + 1 : NULL;
}

/* Takes head and boot id off the text. Returns what follows, or NULL with errno EPROTO. */
static char *parse_head(char *text, const char *head, char boot[BOOT_ID_MAX])
{
    char *at = text + strlen(head), *end;

    errno = EPROTO;
    if (strncmp(text, head, strlen(head)))
        return NULL;
    end = strchr(at, '\n');
    if (!end || end - at >= BOOT_ID_MAX)
        return NULL;
    *end = '\0';
    strcpy(boot, at);
    return end + 1;
}

static int pidfile_read(const char *path, struct pidfile *pf)
{
    char text[2 * PATH_MAX + 256], *at;

    if (read_text(path, text, sizeof text))
        return -1;
    at = parse_head(text, pid_head, pf->boot);
    at = at ? parse_process(at, "guest ", &pf->guest) : NULL;
    return at && parse_process(at, "owner ", &pf->owner) ? 0 : -1;
}

static bool still_runs(const struct guest_process *known)
{
    struct guest_process now;

    return !guest_process_read(known->pid, &now) && now.start == known->start && !strcmp(now.exe, known->exe);
}

static enum verdict judge(const char *path, struct pidfile *pf, const char *boot)
{
    if (pidfile_read(path, pf))
        return SWEEP_UNKNOWN;
    if (strcmp(pf->boot, boot) || !still_runs(&pf->guest))
        return SWEEP_STALE;
    return still_runs(&pf->owner) ? SWEEP_IN_USE : SWEEP_LEFT_BEHIND;
}

enum guest_owner_state guest_owner_state(const char *path)
{
    char text[PATH_MAX + 256], boot[BOOT_ID_MAX], now[BOOT_ID_MAX], *at;
    struct guest_process owner;

    if (read_text(path, text, sizeof text) || boot_id(now))
        return GUEST_OWNER_UNKNOWN;
    at = parse_head(text, root_head, boot);
    if (!at || !parse_process(at, "owner ", &owner))
        return GUEST_OWNER_UNKNOWN;
    return !strcmp(boot, now) && still_runs(&owner) ? GUEST_OWNER_RUNS : GUEST_OWNER_GONE;
}

/* Through a pidfd, and looked at once more after taking it: between look and kill the pid cannot change
 * hands. */
static int kill_exactly(const struct guest_process *p)
{
    int fd = pidfd_open(p->pid, 0), rc;

    if (fd < 0)
        return errno == ESRCH ? 0 : -1;
    rc = still_runs(p) ? pidfd_send_signal(fd, SIGKILL, NULL, 0) : 0;
    if (rc && errno == ESRCH)
        rc = 0;
    close(fd);
    return rc;
}

static void sweep_file(const char *path, const char *boot, FILE *say)
{
    struct pidfile pf;

    switch (judge(path, &pf, boot)) {
    case SWEEP_IN_USE:
        return;
    case SWEEP_UNKNOWN:
        fprintf(say, "%s: not a pid file of cob, or unreadable (%s); left alone\n", path, strerror(errno));
        return;
    case SWEEP_LEFT_BEHIND:
        if (kill_exactly(&pf.guest)) {
            fprintf(say, "%s: cannot kill the left-behind guest, process %d: %s\n", path, (int)pf.guest.pid,
                    strerror(errno));
            return;
        }
        fprintf(say, "killed process %d (%s), a guest left behind by an earlier run: %s\n", (int)pf.guest.pid,
                pf.guest.exe, path);
        break;
    case SWEEP_STALE:
        break;
    }
    if (unlink(path) && errno != ENOENT)
        fprintf(say, "cannot remove the old pid file %s: %s\n", path, strerror(errno));
}

static bool is_pidfile_name(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && !strcmp(name + len - 4, ".pid");
}

static void sweep_dir(const char *dir, int depth, const char *boot, FILE *say)
{
    struct dirent **list;
    int n = scandir(dir, &list, NULL, alphasort);

    if (n < 0) {
        if (errno != ENOENT)
            fprintf(say, "cannot look for left-behind guests in %s: %s\n", dir, strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        struct stat st;
        char *path;

        if (name[0] != '.' && asprintf(&path, "%s/%s", dir, name) >= 0) {
            /* Links are not followed: runs/latest would be seen twice. */
            if (!strcmp(name, GUEST_ROOT_IN_RUN))
                guest_scratch_sweep_root(path, say);
            else if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && depth > 1)
                sweep_dir(path, depth - 1, boot, say);
            else if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && is_pidfile_name(name))
                sweep_file(path, boot, say);
            free(path);
        }
        free(list[i]);
    }
    free(list);
}

void guest_sweep(const char *runs_dir, const char *scratch_dir, FILE *say)
{
    char boot[BOOT_ID_MAX];

    if (boot_id(boot)) {
        fprintf(say, "cannot read the kernel's boot id, so left-behind guests are not looked for: %s\n",
                strerror(errno));
        return;
    }
    sweep_dir(runs_dir, SWEEP_DEPTH, boot, say);
    guest_scratch_sweep(scratch_dir, say);
}
