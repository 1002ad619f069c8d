/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_libvirt.c - the back end through libvirt's embedded driver: qemu:///embed?root=<root>, no daemon.
 *
 * libvirt serves every guest's monitor in a thread of its own; nothing here needs an event loop, and none is
 * run. After start no command is given to a monitor: the plugin may hold QEMU's main loop for as long as it
 * likes. When a guest powers off, libvirt sends its QEMU SIGTERM: QEMU ends unless its main loop is held.
 *
 * QEMU is init's child, not ours, so no parent-death signal can be had: the plugin watches us instead. (Being
 * a child subreaper does not help: libvirt takes an unreaped process for a running one and waits 40 seconds
 * for it.)
 *
 * libvirt has one embedded driver in a process, so open() works once.
 */
#include "sim/guest_domain.h"
#include "sim/guest_files.h"
#include "sim/guest_process.h"
#include "sim/guest_root.h"
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    virConnectPtr conn;
    const char *root;
} lv;

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

    lv.root = guest_root_make(scratch, why, size);
    if (!lv.root)
        return -1;
    if (!initialized) {
        snprintf(text, sizeof text, "3:file:%s/libvirt.log", lv.root);
        if (setenv("LIBVIRT_LOG_OUTPUTS", text, 0) || virInitialize() || virEventRegisterDefaultImpl()) {
            snprintf(why, size, "cannot prepare libvirt: %s", virGetLastErrorMessage());
            guest_root_remove();
            return -1;
        }
        virSetErrorFunc(NULL, be_quiet);
        initialized = true;
    }
    snprintf(text, sizeof text, "qemu:///embed?root=%s", lv.root);
    lv.conn = virConnectOpen(text);
    if (!lv.conn) {
        snprintf(why, size, "libvirt's embedded QEMU driver does not start: %s", virGetLastErrorMessage());
        guest_root_remove();
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

static int write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    bool bad;

    if (!f)
        return -1;
    bad = fputs(text, f) < 0;
    return fclose(f) || bad ? -1 : 0;
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
        snprintf(why, size, "QEMU of %s ended right after its start, see %s", spec->node->name,
                 spec->log_path);
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

/*
 * libvirt clears a domain away some time after its QEMU has ended, and a machine that is restarted has the
 * same name: while the old one is still there, creating it is an operation that fails or is invalid. Waits at
 * most 10 s.
 */
static virDomainPtr create_domain(const char *xml)
{
    virDomainPtr domain;
    unsigned tries = 0;

    while (!(domain = virDomainCreateXML(lv.conn, xml, 0)) && tries++ < 1000 &&
           (virGetLastErrorCode() == VIR_ERR_OPERATION_FAILED ||
            virGetLastErrorCode() == VIR_ERR_OPERATION_INVALID))
        usleep(10000);
    return domain;
}

static struct guest *create(const struct guest_spec *spec, const char *xml, char *why, size_t size)
{
    virDomainPtr domain;

    if (guest_files_prepare(spec, why, size) || link_log(spec, why, size))
        return NULL;
    domain = create_domain(xml);
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

    if (guest_files_absolute(&spec, &store) || !(xml = guest_domain_xml(&spec)) ||
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
     * Behind libvirt's back: virDomainDestroy would first ask politely, then wait for init to reap (seconds
     * with some). libvirt sees the monitor close and clears the domain away by itself; it was never a
     * persistent one.
     */
    guest_kill(g);
    virDomainFree(g->domain);
    guest_release(g);
}

static void lv_close(void)
{
    guest_root_keep_cache();
    if (lv.conn)
        virConnectClose(lv.conn);
    lv.conn = NULL;
    guest_root_remove();
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
