/* SPDX-License-Identifier: GPL-2.0-or-later */
/* images.c - see images.h. */
#include "sim/images.h"
#include "sim/initramfs.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Kernel command lines. What each word is for (measured effects: docs/images.md):
 *   quiet, panic=-1              only the job speaks; a panic reboots at once, which ends the node
 *   cryptomgr.notests            half of every boot is self-tests of ciphers that nobody uses
 *   initcall_blacklist=jent_..   the jitter entropy collector measures jitter, of which there is none
 *                                (6.12: a tenth of its boot; 6.1 spends nothing on it)
 *   tsc.., no_timer_check        no calibration loops; QEMU's TSC counts virtual nanoseconds
 *   cma=0                        small guests have no room for the contiguous memory pool
 *   nokaslr                      the kernel is where its symbols say (cob debug); x86_64's is anyway, without
 * a bzImage
 */
static const char *const base_append[SCN_ARCH_COUNT] = {
    [SCN_X86_64] =
        "console=ttyS0 quiet panic=-1 cryptomgr.notests rodata=off no_timer_check tsc=reliable "
        "tsc_early_khz=1000000",
    [SCN_AARCH64] = "console=ttyAMA0 quiet panic=-1 cryptomgr.notests cma=0 nokaslr",
    [SCN_RISCV64] = "console=ttyS0 quiet panic=-1 cryptomgr.notests nokaslr",
};
static const char append_6_12[] = " initcall_blacklist=jent_mod_init";

static const char *const kernel_file[SCN_ARCH_COUNT] = {
    [SCN_X86_64] = "vmlinux", [SCN_AARCH64] = "vmlinuz", [SCN_RISCV64] = "vmlinuz"};

static int images_dir(char buf[PATH_MAX])
{
    const char *e = getenv("COB_IMAGES"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n;

    if (e && *e)
        n = snprintf(buf, PATH_MAX, "%s", e);
    else if (cache && *cache)
        n = snprintf(buf, PATH_MAX, "%s/cob/images", cache);
    else
        n = snprintf(buf, PATH_MAX, "%s/.cache/cob/images", home && *home ? home : "");
    return n < PATH_MAX ? 0 : -1;
}

static bool is_6_12(const struct scn_node *n)
{
    return n->arch == SCN_RISCV64 || !strcmp(n->image, "linux-6.12");
}

/*
 * The image's directory in the cache, as guest-kernel/linux/functions.sh names it: by architecture, and by
 * release where that is not the one of `linux`.
 */
static void image_name(const struct scn_node *n, char out[32])
{
    snprintf(out, 32, "%s%s", scn_arch_name(n->arch), is_6_12(n) && n->arch != SCN_RISCV64 ? "-6.12" : "");
}

int image_kernel(const struct scn_node *n, char buf[PATH_MAX])
{
    char dir[PATH_MAX], name[32];

    if (images_dir(dir) < 0)
        return -1;
    image_name(n, name);
    return snprintf(buf, PATH_MAX, "%s/%s/%s", dir, name, kernel_file[n->arch]) < PATH_MAX ? 0 : -1;
}

/* /etc/cob/node, as guest-kernel/linux/init reads it. malloc'd. */
static char *node_file(const struct scenario *s, unsigned index)
{
    const struct scn_node *n = &s->nodes[index];
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        return NULL;
    fprintf(f, "name=%s\nindex=%u\nnnics=%u\n", n->name, index, n->n_nics);
    for (unsigned k = 0; k < n->n_nics; k++)
        fprintf(f, "ip_eth%u=10.%u.0.%u/16\n", k, k, index + 1);
    if (n->adapter)
        fprintf(f, "adapter=1\nip_fab0=10.64.%u.%u/16\n", (index + 1) / 256, (index + 1) % 256);
    fprintf(f, "hosts=");
    for (unsigned i = 0; i < s->n_nodes; i++)
        fprintf(f, "%s10.0.0.%u=%s", i ? " " : "", i + 1, s->nodes[i].name);
    for (unsigned i = 0; i < s->n_nodes; i++)
        if (s->nodes[i].adapter)
            fprintf(f, " 10.64.%u.%u=%s-fab", (i + 1) / 256, (i + 1) % 256, s->nodes[i].name);
    fprintf(f, "\n");
    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/*
 * The architecture that a kernel file says it is for: e_machine of an ELF file, the magic numbers of Linux's
 * Image (Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst) and bzImage (x86/boot.rst).
 * SCN_ARCH_COUNT if it says nothing (a raw binary): then the guest will show.
 */
static enum scn_arch kernel_arch(const char *path)
{
    uint8_t h[0x208] = {0};
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(h, 1, sizeof h, f) : 0;

    if (f)
        fclose(f);
    if (n < 64)
        return SCN_ARCH_COUNT;
    if (!memcmp(h, "\177ELF", 4)) {
        switch (h[18] | h[19] << 8) {
        case 3: /* i386: multiboot and PVH kernels may be 32-bit files */
        case 62:
            return SCN_X86_64;
        case 183:
            return SCN_AARCH64;
        case 243:
            return SCN_RISCV64;
        }
        return SCN_ARCH_COUNT;
    }
    if (!memcmp(h + 0x38, "ARM\x64", 4))
        return SCN_AARCH64;
    if (!memcmp(h + 0x38, "RSC\x05", 4))
        return SCN_RISCV64;
    if (!memcmp(h + 0x202, "HdrS", 4))
        return SCN_X86_64;
    return SCN_ARCH_COUNT;
}

static int own_kernel(const struct scn_node *n, struct image *out)
{
    int a = snprintf(out->kernel, sizeof out->kernel, "%s", n->kernel);
    int b = snprintf(out->initrd, sizeof out->initrd, "%s", n->initrd ? n->initrd : "");
    int c = snprintf(out->append, sizeof out->append, "%s", n->append ? n->append : "");
    return a < (int)sizeof out->kernel && b < (int)sizeof out->initrd && c < (int)sizeof out->append ? 0 : -1;
}

int image_prepare(const struct scenario *s, unsigned index, const struct rundir *run, struct image *out,
                  char *why, size_t size)
{
    const struct scn_node *n = &s->nodes[index];
    char dir[PATH_MAX], base[PATH_MAX], adapter[PATH_MAX];

    if (n->kernel) {
        enum scn_arch a = kernel_arch(n->kernel);
        if (a != SCN_ARCH_COUNT && a != n->arch) {
            snprintf(why, size, "node %s: %s is a kernel for %s, but the node's arch is %s", n->name,
                     n->kernel, scn_arch_name(a), scn_arch_name(n->arch));
            errno = ENOEXEC;
            return -1;
        }
        if (own_kernel(n, out) < 0) {
            snprintf(why, size, "node %s: kernel, initrd or append is too long", n->name);
            errno = ENAMETOOLONG;
            return -1;
        }
        return 0;
    }
    if (images_dir(dir) < 0 || strlen(dir) + 64 > sizeof base) {
        snprintf(why, size, "the name of the images directory is too long");
        errno = ENAMETOOLONG;
        return -1;
    }
    char name[32];
    image_name(n, name);
    int a = image_kernel(n, out->kernel);
    int b = snprintf(base, sizeof base, "%s/%s/base.cpio", dir, name);
    int c = snprintf(out->append, sizeof out->append, "%s%s%s%s", base_append[n->arch],
                     is_6_12(n) ? append_6_12 : "", n->append ? " " : "", n->append ? n->append : "");
    int d = snprintf(adapter, sizeof adapter, "%s/%s-adapter/adapter.cpio", dir, name);
    if (a < 0 || b >= (int)sizeof base || d >= (int)sizeof adapter || c >= (int)sizeof out->append) {
        snprintf(why, size, "node %s: a path or the kernel command line is too long", n->name);
        errno = ENAMETOOLONG;
        return -1;
    }
    if (access(out->kernel, R_OK) < 0) {
        snprintf(why, size, "%s: %s; `cob images` fetches the guest images", out->kernel, strerror(errno));
        return -1;
    }
    if (n->adapter && access(adapter, R_OK) < 0) {
        snprintf(why, size, "%s: %s; `cob images --adapter` builds it", adapter, strerror(errno));
        return -1;
    }
    char *text = node_file(s, index);
    if (!text) {
        snprintf(why, size, "out of memory");
        return -1;
    }
    struct initramfs_file files[2] = {
        {.path = "etc/cob/node", .data = text, .size = strlen(text), .mode = 0644},
        {.path = "etc/cob/run", .data = n->run, .size = n->run ? strlen(n->run) : 0, .mode = 0755},
    };
    rundir_path(run, out->initrd, "tmp", n->name, ".cpio");
    int r = initramfs_write(base, n->adapter ? adapter : NULL, out->initrd, files, n->run ? 2 : 1, why, size);
    free(text);
    return r;
}
