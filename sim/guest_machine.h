/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_machine.h - which machine a node is: the one place that decides it, for both back ends.
 *
 * The guest must not be able to tell the back ends apart, so what libvirt adds of its own accord (strict boot
 * order, the TCO watchdog's strap, the CPU topology, a fixed uuid) is part of the machine here, and what
 * libvirt has no word for is handed through it unchanged (guest_machine_extra). docs/guests.md lists the
 * machines with their reasons. The unit test holds the two lists against each other.
 *
 * Threads: none of this keeps state.
 */
#ifndef COB_GUEST_MACHINE_H
#define COB_GUEST_MACHINE_H

#include "sim/guest.h"

#define GUEST_RTC_START                                                                                      \
    1577836800L /* 2020-01-01T00:00:00Z, what every guest's calendar clock starts with                       \
                 */
#define GUEST_RTC_TEXT     "2020-01-01T00:00:00"
#define GUEST_TB_CACHE_MIB 128u /* translated code; QEMU's own default depends on the host's memory */
#define GUEST_NIC_SLOT     0x10 /* PCI slot of eth0 on bus 0; eth<k> is at slot GUEST_NIC_SLOT + k */
#define GUEST_ADAPTER_SLOT 0x18 /* of the fabric adapter */
#define GUEST_UUID_SIZE    37

struct guest_machine {
    const char *arch;       /* libvirt's name of the architecture */
    const char *type;       /* QEMU's machine type; versioned where QEMU has versions */
    const char *cpu;        /* CPU model: fixed, never the host's */
    const char *ram_id;     /* QEMU's own name of the memory, used by libvirt */
    const char *properties; /* further machine properties, as libvirt writes them */
    bool acpi;              /* else a device tree */
    bool isa;               /* serial port on the ISA bus, TCO watchdog strap */
};

/* Never NULL; the result is static. */
const struct guest_machine *guest_machine_of(enum scn_arch arch);

/* Guest memory as devices see it: without holes for devices and firmware. */
struct guest_range {
    uint64_t start, bytes;
};
enum { GUEST_RAM_RANGES = 3 };
/* How many there are. */
unsigned guest_machine_ram(enum scn_arch arch, uint64_t memory_bytes,
                           struct guest_range out[GUEST_RAM_RANGES]);

/* A growing argument list. A failed addition (ENOMEM) is remembered; the functions below report it once. */
struct guest_args {
    char **v; /* NULL-terminated once something was added */
    size_t n;
    bool failed;
};
void guest_args_add(struct guest_args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void guest_args_free(struct guest_args *a);
/* One argument a line. 0, or -1 with errno. */
int guest_args_save(const struct guest_args *a, const char *path);

/* text with every comma doubled, as QEMU's option parser wants it. malloc'd, or NULL (ENOMEM). */
char *guest_option_escape(const char *text);

void guest_machine_uuid(unsigned index, char uuid[GUEST_UUID_SIZE]);

/* What libvirt has no words for; both back ends end QEMU's command line with it. 0, or -1 ENOMEM. */
int guest_machine_extra(const struct guest_spec *spec, struct guest_args *a);

/* The complete command line, argv[0] included, with a QMP monitor on monitor_fd and -S. 0, or -1 ENOMEM. */
int guest_machine_argv(const struct guest_spec *spec, int monitor_fd, struct guest_args *a);

#endif
