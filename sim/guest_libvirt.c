/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_libvirt.c - the back end through libvirt's embedded driver: qemu:///embed?root=<root>, no daemon.
 *
 *   <root>                            <scratch>/lv, or a new directory in /tmp if that is too long for socket names;
 *                                     removed by close
 *   <root>/etc/qemu.conf              ours: libvirt changes no owner, label, cgroup or namespace
 *         /cache/qemu/capabilities/   what libvirt found out about each emulator, copied from and to the user's
 *                                     cache, because asking an emulator takes seconds
 *         /log/qemu/<node>.log        a link to the guest's log_path
 *         /run/qemu/<node>.pid        where QEMU's process id is read
 *
 * Each process has a root of its own, so that several may run at once. libvirt serves every guest's monitor in a
 * thread of its own; nothing here needs an event loop, and none is run. After start no command is given to a monitor:
 * the plugin may hold QEMU's main loop for as long as it likes. When a guest powers off, libvirt sends its QEMU
 * SIGTERM: QEMU ends unless its main loop is held.
 *
 * QEMU is init's child, not ours, so no parent-death signal can be had: the plugin watches us instead. (Being a child
 * subreaper does not help: libvirt takes an unreaped process for a running one and waits 40 seconds for it.)
 */
#include "sim/guest_domain.h"
#include "sim/guest_machine.h"
#include "sim/guest_process.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* "<root>/lib/qemu/domain-NNN-<20 characters>/monitor.sock" must fit into a socket address (107). */
#define ROOT_MAX 52

static const char qemu_conf[] = "user = \"root\"\n" /* these two count only when cob runs as root */
                                "group = \"root\"\n"
                                "security_driver = \"none\"\n"
                                "dynamic_ownership = 0\n"
                                "remember_owner = 0\n"
                                "cgroup_controllers = []\n"
                                "namespaces = []\n"
                                "stdio_handler = \"file\"\n"
                                "seccomp_sandbox = 0\n";

static struct {
    virConnectPtr conn;
    char root[ROOT_MAX + 1];
    char cache[PATH_MAX]; /* the user's; empty: none */
} lv;

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

static int write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    bool bad;

    if (!f)
        return -1;
    bad = fputs(text, f) < 0;
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

    lv.cache[0] = '\0';
    if (base && base[0] == '/')
        n = snprintf(lv.cache, sizeof lv.cache, "%s/cob/libvirt", base);
    else if (home && home[0] == '/')
        n = snprintf(lv.cache, sizeof lv.cache, "%s/.cache/cob/libvirt", home);
    if (n >= (int)sizeof lv.cache)
        lv.cache[0] = '\0';
}

/* Chooses lv.root and makes it. 0, or -1 errno. */
static int choose_root(const char *scratch)
{
    char *absolute = realpath(scratch, NULL);
    int n;

    lv.root[0] = '\0';
    if (!absolute)
        return -1;
    n = snprintf(lv.root, sizeof lv.root, "%s/lv", absolute);
    free(absolute);
    if (n < (int)sizeof lv.root)
        return mkdir(lv.root, 0700) && errno != EEXIST ? -1 : 0;
    strcpy(lv.root, "/tmp/cob-XXXXXX");
    if (mkdtemp(lv.root))
        return 0;
    lv.root[0] = '\0';
    return -1;
}

static int make_root(const char *scratch, char *why, size_t size)
{
    static const char *const dirs[] = {"etc", "cache/qemu/capabilities", "log/qemu"};
    char path[PATH_MAX];

    if (choose_root(scratch)) {
        snprintf(why, size, "cannot make libvirt's directory in %s: %s", scratch, strerror(errno));
        return -1;
    }
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        snprintf(path, sizeof path, "%s/%s", lv.root, dirs[i]);
        if (make_dirs(path))
            goto failed;
    }
    snprintf(path, sizeof path, "%s/etc/qemu.conf", lv.root);
    if (!write_file(path, qemu_conf))
        return 0;
failed:
    snprintf(why, size, "%s: %s", path, strerror(errno));
    return -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path) && errno != ENOENT ? -1 : 0;
}

/* libvirt's threads may still be clearing away guests in there, hence the second try. */
static void remove_root(void)
{
    if (!lv.root[0])
        return;
    if (nftw(lv.root, remove_entry, 16, FTW_DEPTH | FTW_PHYS) && nftw(lv.root, remove_entry, 16, FTW_DEPTH | FTW_PHYS))
        fprintf(stderr, "cannot remove %s: %s\n", lv.root, strerror(errno));
}

static void cache_in(void)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/cache/qemu/capabilities", lv.root);
    if (lv.cache[0] && copy_capabilities(lv.cache, path))
        fprintf(stderr, "cannot use libvirt's capability cache in %s: %s\n", lv.cache, strerror(errno));
}

static void cache_out(void)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/cache/qemu/capabilities", lv.root);
    if (lv.cache[0] && (make_dirs(lv.cache) || copy_capabilities(path, lv.cache)))
        fprintf(stderr, "cannot keep libvirt's capability cache in %s: %s\n", lv.cache, strerror(errno));
}

/* Errors are reported where they are met, in our words. */
static void be_quiet(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static int lv_open(const char *scratch, char *why, size_t size)
{
    static bool initialized;
    char text[PATH_MAX];

    if (make_root(scratch, why, size)) {
        remove_root();
        return -1;
    }
    find_cache();
    cache_in();
    if (!initialized) {
        snprintf(text, sizeof text, "3:file:%s/libvirt.log", lv.root);
        if (setenv("LIBVIRT_LOG_OUTPUTS", text, 0) || virInitialize() || virEventRegisterDefaultImpl()) {
            snprintf(why, size, "cannot prepare libvirt: %s", virGetLastErrorMessage());
            remove_root();
            return -1;
        }
        virSetErrorFunc(NULL, be_quiet);
        initialized = true;
    }
    snprintf(text, sizeof text, "qemu:///embed?root=%s", lv.root);
    lv.conn = virConnectOpen(text);
    if (!lv.conn) {
        snprintf(why, size, "libvirt's embedded QEMU driver does not start: %s", virGetLastErrorMessage());
        remove_root();
        return -1;
    }
    return 0;
}

/* libvirt writes QEMU's output below its root; make that the file the spec names. */
static int link_log(const struct guest_spec *spec, char *why, size_t size)
{
    char path[PATH_MAX], *target = realpath(spec->log_path, NULL);
    int rc;

    snprintf(path, sizeof path, "%s/log/qemu/%s.log", lv.root, spec->node->name);
    rc = !target || (unlink(path) && errno != ENOENT) || symlink(target, path);
    if (rc)
        snprintf(why, size, "cannot lay libvirt's log to %s: %s", spec->log_path, strerror(errno));
    free(target);
    return rc ? -1 : 0;
}

static pid_t read_pid(const char *name)
{
    char path[PATH_MAX];
    int pid = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s/run/qemu/%s.pid", lv.root, name);
    f = fopen(path, "re");
    if (!f)
        return -1;
    if (fscanf(f, "%d", &pid) != 1)
        pid = -1;
    fclose(f);
    return pid > 1 ? pid : -1;
}

/* The command line that libvirt made, from the running process. 0, or -1 errno. */
static int save_args(pid_t pid, const char *args_path)
{
    char path[64];
    FILE *in, *out;
    int c, bad;

    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    in = fopen(path, "re");
    if (!in)
        return -1;
    out = fopen(args_path, "we");
    if (!out) {
        fclose(in);
        return -1;
    }
    while ((c = getc(in)) != EOF)
        putc(c ? c : '\n', out);
    bad = ferror(in) || ferror(out);
    fclose(in);
    return fclose(out) || bad ? -1 : 0;
}

static struct guest *adopt(const struct guest_spec *spec, virDomainPtr domain, char *why, size_t size)
{
    pid_t pid = read_pid(spec->node->name);
    struct guest *g;

    if (pid < 0) {
        snprintf(why, size, "QEMU of %s ended right after its start, see %s", spec->node->name, spec->log_path);
        virDomainFree(domain);
        return NULL;
    }
    g = guest_adopt(spec, pid, why, size);
    if (!g) {
        if (kill(pid, SIGKILL) && errno != ESRCH)
            fprintf(stderr, "cannot kill QEMU (process %d): %s\n", (int)pid, strerror(errno));
        virDomainFree(domain);
        return NULL;
    }
    g->domain = domain;
    if (save_args(pid, spec->args_path)) {
        snprintf(why, size, "cannot write %s: %s", spec->args_path, strerror(errno));
        guest_libvirt.stop(g);
        return NULL;
    }
    return g;
}

static struct guest *create(const struct guest_spec *spec, const char *xml, char *why, size_t size)
{
    virDomainPtr domain;

    if (guest_machine_files(spec, why, size) || link_log(spec, why, size))
        return NULL;
    domain = virDomainCreateXML(lv.conn, xml, 0);
    if (domain)
        return adopt(spec, domain, why, size);
    snprintf(why, size, "%s", virGetLastErrorMessage());
    return NULL;
}

static struct guest *lv_start(const struct guest_spec *given, char *why, size_t size)
{
    char *xml = NULL, *xml_path = NULL;
    struct guest_spec spec = *given;
    struct guest_args store = {0};
    struct guest *g = NULL;

    if (guest_machine_absolute(&spec, &store) || !(xml = guest_domain_xml(&spec)) ||
        asprintf(&xml_path, "%s.xml", spec.args_path) < 0)
        snprintf(why, size, "out of memory");
    else if (write_file(xml_path, xml))
        snprintf(why, size, "cannot write %s: %s", xml_path, strerror(errno));
    else
        g = create(&spec, xml, why, size);
    free(xml_path);
    free(xml);
    guest_args_free(&store);
    return g;
}

static pid_t lv_pid(const struct guest *g)
{
    return g->pid;
}

static int lv_pidfd(const struct guest *g)
{
    return g->pidfd;
}

static void lv_stop(struct guest *g)
{
    /*
     * Behind libvirt's back: virDomainDestroy would first ask politely, then wait for init to reap (seconds with some).
     * libvirt sees the monitor close and clears the domain away by itself; it was never a persistent one.
     */
    guest_kill(g);
    virDomainFree(g->domain);
    guest_release(g);
}

static void lv_close(void)
{
    cache_out();
    if (lv.conn)
        virConnectClose(lv.conn);
    lv.conn = NULL;
    remove_root();
}

const struct guest_backend guest_libvirt = {
    .name = "libvirt",
    .open = lv_open,
    .start = lv_start,
    .pid = lv_pid,
    .pidfd = lv_pidfd,
    .stop = lv_stop,
    .close = lv_close,
};
