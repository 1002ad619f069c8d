/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_machine.c - a node's machine as QEMU arguments.
 *
 * guest_machine_argv() says everything; guest_libvirt.c says the first part of it in libvirt's words
 * (guest_domain.c) and appends guest_machine_extra(). A change here that a guest can see changes every trace.
 */
#include "sim/guest_machine.h"
#include "devices/fabric/fabric_abi.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct guest_machine machines[SCN_ARCH_COUNT] = {
    [SCN_X86_64] =
        {
            .arch = "x86_64",
            .type = "pc-q35-10.0",
            .cpu = "qemu64",
            .ram_id = "pc.ram",
            .properties = ",hpet=off,acpi=on",
            .acpi = true,
            .isa = true,
        },
    [SCN_AARCH64] =
        {
            .arch = "aarch64",
            .type = "virt-10.0",
            .cpu = "cortex-a57",
            .ram_id = "mach-virt.ram",
            .properties = ",gic-version=2,acpi=off",
        },
    [SCN_RISCV64] =
        {
            .arch = "riscv64",
            .type = "virt",
            .cpu = "rv64",
            .ram_id = "riscv_virt_board.ram",
            .properties = ",acpi=off",
        },
};

static const char *const nic_device[SCN_NIC_COUNT] = {
    /* Sends inside the register write, which is the exact instant. */
    [SCN_NIC_E1000] = "e1000",
    /* ioeventfd and tx=bh would pass through QEMU's main loop and reach us at an arbitrary instruction. */
    [SCN_NIC_VIRTIO] = "virtio-net-pci-non-transitional,ioeventfd=off,tx=timer,x-txtimer=1000,mq=off",
};

const struct guest_machine *guest_machine_of(enum scn_arch arch)
{
    return &machines[arch];
}

/* x86_64: video memory and firmware from 640 KiB to 1 MiB, devices from 2 or 2.75 GiB to 4 GiB (q35). */
unsigned guest_machine_ram(enum scn_arch arch, uint64_t memory_bytes,
                           struct guest_range out[GUEST_RAM_RANGES])
{
    const uint64_t mib = 1 << 20, gib = 1 << 30;

    if (arch != SCN_X86_64) {
        out[0] = (struct guest_range){arch == SCN_AARCH64 ? gib : 2 * gib, memory_bytes};
        return 1;
    }
    uint64_t low = memory_bytes < 0xb0000000u ? memory_bytes : 2 * gib;
    out[0] = (struct guest_range){0, 640 * 1024};
    out[1] = (struct guest_range){mib, low - mib};
    out[2] = (struct guest_range){4 * gib, memory_bytes - low};
    return low < memory_bytes ? 3 : 2;
}

void guest_args_add(struct guest_args *a, const char *format, ...)
{
    char **grown = realloc(a->v, (a->n + 2) * sizeof *grown);
    va_list ap;
    int len;

    if (!grown) {
        a->failed = true;
        return;
    }
    a->v = grown;
    va_start(ap, format);
    len = vasprintf(&a->v[a->n], format, ap);
    va_end(ap);
    if (len < 0) {
        a->v[a->n] = NULL;
        a->failed = true;
        return;
    }
    a->v[++a->n] = NULL;
}

void guest_args_free(struct guest_args *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->v[i]);
    free(a->v);
    *a = (struct guest_args){0};
}

int guest_args_save(const struct guest_args *a, const char *path)
{
    FILE *f = fopen(path, "we");
    bool bad;

    if (!f)
        return -1;
    for (size_t i = 0; i < a->n; i++)
        fprintf(f, "%s\n", a->v[i]);
    bad = ferror(f);
    if (fclose(f) || bad)
        return -1;
    return 0;
}

char *guest_option_escape(const char *text)
{
    char *out = malloc(2 * strlen(text) + 1), *to = out;

    if (!out)
        return NULL;
    for (; *text; text++) {
        *to++ = *text;
        if (*text == ',')
            *to++ = ',';
    }
    *to = '\0';
    return out;
}

void guest_machine_uuid(unsigned index, char uuid[GUEST_UUID_SIZE])
{
    snprintf(uuid, GUEST_UUID_SIZE, "c0b00000-0000-4000-8000-%012x", index);
}

/* Adds "<prefix><text, commas doubled><suffix>". */
static void add_escaped(struct guest_args *a, const char *prefix, const char *text, const char *suffix)
{
    char *escaped = guest_option_escape(text);

    if (escaped)
        guest_args_add(a, "%s%s%s", prefix, escaped, suffix);
    else
        a->failed = true;
    free(escaped);
}

static void add_nics(const struct guest_spec *spec, struct guest_args *a)
{
    for (unsigned k = 0; k < spec->node->n_nics; k++) {
        guest_args_add(a, "-device");
        guest_args_add(a, "%s,id=nic%u,netdev=cob%u,mac=52:54:00:cb:%02x:%02x,romfile=,bus=pcie.0,addr=0x%x",
                       nic_device[spec->node->nic], k, k, spec->index & 0xff, k, GUEST_NIC_SLOT + k);
    }
}

static void add_adapter(const struct guest_spec *spec, struct guest_args *a)
{
    if (!spec->node->adapter)
        return;
    guest_args_add(a, "-chardev");
    add_escaped(a, "socket,id=fab0-server,abstract=on,path=", spec->greeting, "");
    guest_args_add(a, "-device");
    guest_args_add(
        a, "ivshmem-doorbell,id=fab0,chardev=fab0-server,vectors=%u,ioeventfd=off,bus=pcie.0,addr=0x%x",
        FAB_VECTORS, GUEST_ADAPTER_SLOT);
    if (spec->node->arch == SCN_RISCV64) { /* the PLIC knows no MSI */
        guest_args_add(a, "-machine");
        guest_args_add(a, "aia=aplic-imsic");
    }
}

int guest_machine_extra(const struct guest_spec *spec, struct guest_args *a)
{
    guest_args_add(a, "-icount");
    guest_args_add(a, "shift=%u,sleep=off", spec->node->icount_shift);
    guest_args_add(a, "-seed");
    guest_args_add(a, "%" PRIu32, (uint32_t)spec->seed);
    /* A guest that resets or powers off stops where it is; the engine decides what that means. */
    guest_args_add(a, "-action");
    guest_args_add(a, "reboot=shutdown,shutdown=pause,panic=pause");
    if (spec->ram_path) {
        char size[64];

        snprintf(size, sizeof size, ",size=%" PRIu64, spec->node->memory_bytes);
        guest_args_add(a, "-object");
        add_escaped(a, "memory-backend-file,id=cob.ram,share=on,mem-path=", spec->ram_path, size);
        /* Overrides the memory named by libvirt (or by guest_machine_argv), which then stays untouched. */
        guest_args_add(a, "-machine");
        guest_args_add(a, "memory-backend=cob.ram");
    }
    if (!spec->plain) {
        guest_args_add(a, "-plugin");
        add_escaped(a, "", spec->plugin, spec->plugin_args ? spec->plugin_args : "");
        add_nics(spec, a);
        add_adapter(spec, a);
    }
    if (a->failed)
        errno = ENOMEM;
    return a->failed ? -1 : 0;
}

static void add_serial(const struct guest_spec *spec, const struct guest_machine *m, struct guest_args *a)
{
    guest_args_add(a, "-chardev");
    add_escaped(a, "file,id=charserial0,append=on,path=", spec->console_path, "");
    if (m->isa) {
        guest_args_add(a, "-device");
        guest_args_add(a, "isa-serial,chardev=charserial0,id=serial0,index=0");
        guest_args_add(a, "-global");
        guest_args_add(a, "ICH9-LPC.noreboot=off");
        guest_args_add(a, "-watchdog-action");
        guest_args_add(a, "reset");
    } else {
        guest_args_add(a, "-serial");
        guest_args_add(a, "chardev:charserial0");
    }
}

int guest_machine_argv(const struct guest_spec *spec, int monitor_fd, struct guest_args *a)
{
    const struct guest_machine *m = guest_machine_of(spec->node->arch);
    unsigned cpus = spec->node->cpus;
    char uuid[GUEST_UUID_SIZE];

    guest_machine_uuid(spec->index, uuid);
    guest_args_add(a, "%s", spec->qemu);
    guest_args_add(a, "-name");
    add_escaped(a, "guest=", spec->node->name, ",debug-threads=on");
    guest_args_add(a, "-S");
    guest_args_add(a, "-machine");
    guest_args_add(a, "%s,usb=off,dump-guest-core=off,memory-backend=%s%s", m->type,
                   spec->ram_path ? "cob.ram" : m->ram_id, m->properties);
    guest_args_add(a, "-accel");
    guest_args_add(a, "tcg,tb-size=%u", GUEST_TB_CACHE_MIB);
    guest_args_add(a, "-cpu");
    guest_args_add(a, "%s", m->cpu);
    guest_args_add(a, "-m");
    guest_args_add(a, "size=%" PRIu64 "k", spec->node->memory_bytes / 1024);
    if (!spec->ram_path) {
        guest_args_add(a, "-object");
        guest_args_add(a, "memory-backend-ram,id=%s,size=%" PRIu64, m->ram_id, spec->node->memory_bytes);
    }
    guest_args_add(a, "-overcommit");
    guest_args_add(a, "mem-lock=off");
    guest_args_add(a, "-smp");
    guest_args_add(a, "%u,sockets=%u,dies=1,clusters=1,cores=1,threads=1", cpus, cpus);
    guest_args_add(a, "-uuid");
    guest_args_add(a, "%s", uuid);
    guest_args_add(a, "-display");
    guest_args_add(a, "none");
    guest_args_add(a, "-no-user-config");
    guest_args_add(a, "-nodefaults");
    guest_args_add(a, "-chardev");
    guest_args_add(a, "socket,id=charmonitor,fd=%d", monitor_fd);
    guest_args_add(a, "-mon");
    guest_args_add(a, "chardev=charmonitor,id=monitor,mode=control");
    guest_args_add(a, "-rtc");
    guest_args_add(a, "base=" GUEST_RTC_TEXT ",clock=vm");
    guest_args_add(a, "-boot");
    guest_args_add(a, "strict=on");
    guest_args_add(a, "-kernel");
    guest_args_add(a, "%s", spec->kernel);
    if (spec->initrd) {
        guest_args_add(a, "-initrd");
        guest_args_add(a, "%s", spec->initrd);
    }
    if (spec->append && *spec->append) {
        guest_args_add(a, "-append");
        guest_args_add(a, "%s", spec->append);
    }
    add_serial(spec, m, a);
    guest_args_add(a, "-audiodev");
    guest_args_add(a, "none,id=audio1");
    guest_args_add(a, "-sandbox");
    guest_args_add(a, "off");
    guest_args_add(a, "-msg");
    guest_args_add(a, "timestamp=on");
    return guest_machine_extra(spec, a);
}
