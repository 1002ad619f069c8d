/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_domain.c - writes the domain XML that makes libvirt start QEMU with the machine of
 * guest_machine_argv().
 *
 * Says no to every device libvirt would add for a guest's comfort (USB, balloon); what is left of its habits
 * is in guest_machine.c. A node's choice that libvirt has no element for goes through <qemu:commandline>.
 */
#include "sim/guest_domain.h"
#include "sim/guest_machine.h"
#include <errno.h>
#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

struct writer {
    xmlTextWriterPtr w;
    bool bad; /* a call failed (no memory); looked at once, at the end */
};

static void start(struct writer *x, const char *name)
{
    x->bad |= xmlTextWriterStartElement(x->w, BAD_CAST name) < 0;
}

static void end(struct writer *x)
{
    x->bad |= xmlTextWriterEndElement(x->w) < 0;
}

static void attr(struct writer *x, const char *name, const char *value)
{
    x->bad |= xmlTextWriterWriteAttribute(x->w, BAD_CAST name, BAD_CAST value) < 0;
}

static void text(struct writer *x, const char *name, const char *value)
{
    x->bad |= xmlTextWriterWriteElement(x->w, BAD_CAST name, BAD_CAST value) < 0;
}

/* <name key1="value1" key2="value2"/>, the list ended by NULL */
static void write_empty(struct writer *x, const char *name, const char *const *pairs)
{
    start(x, name);
    for (; *pairs; pairs += 2)
        attr(x, pairs[0], pairs[1]);
    end(x);
}
#define empty(x, name, ...) write_empty(x, name, (const char *const[]){__VA_ARGS__})

static void write_os(struct writer *x, const struct guest_spec *spec, const struct guest_machine *m)
{
    start(x, "os");
    start(x, "type");
    attr(x, "arch", m->arch);
    attr(x, "machine", m->type);
    x->bad |= xmlTextWriterWriteString(x->w, BAD_CAST "hvm") < 0;
    end(x);
    text(x, "kernel", spec->kernel);
    if (spec->initrd)
        text(x, "initrd", spec->initrd);
    if (spec->append && *spec->append)
        text(x, "cmdline", spec->append);
    end(x);
}

static void write_features(struct writer *x, const struct guest_spec *spec, const struct guest_machine *m)
{
    start(x, "features");
    if (m->acpi)
        empty(x, "acpi", NULL);
    if (spec->node->arch == SCN_AARCH64)
        empty(x, "gic", "version", "2", NULL);
    start(x, "tcg");
    start(x, "tb-cache");
    attr(x, "unit", "MiB");
    x->bad |= xmlTextWriterWriteFormatString(x->w, "%u", GUEST_TB_CACHE_MIB) < 0;
    end(x);
    end(x);
    end(x);
}

static void write_cpu(struct writer *x, const struct guest_spec *spec, const struct guest_machine *m)
{
    char cpus[16];

    snprintf(cpus, sizeof cpus, "%u", spec->node->cpus);
    text(x, "vcpu", cpus);
    start(x, "cpu");
    attr(x, "mode", "custom");
    attr(x, "match", "exact");
    attr(x, "check", "none");
    start(x, "model");
    attr(x, "fallback", "forbid");
    x->bad |= xmlTextWriterWriteString(x->w, BAD_CAST m->cpu) < 0;
    end(x);
    empty(x, "topology", "sockets", cpus, "cores", "1", "threads", "1", NULL);
    end(x);
}

static void write_clock(struct writer *x, const struct guest_machine *m)
{
    char seconds[24];

    snprintf(seconds, sizeof seconds, "%ld", GUEST_RTC_START);
    start(x, "clock");
    attr(x, "offset", "absolute");
    attr(x, "start", seconds);
    empty(x, "timer", "name", "rtc", "track", "guest", NULL);
    if (m->isa)
        empty(x, "timer", "name", "hpet", "present", "no", NULL);
    end(x);
}

static void write_devices(struct writer *x, const struct guest_spec *spec)
{
    start(x, "devices");
    text(x, "emulator", spec->qemu);
    empty(x, "controller", "type", "usb", "model", "none", NULL);
    start(x, "serial");
    attr(x, "type", "file");
    empty(x, "source", "path", spec->console_path, "append", "on", NULL);
    end(x);
    empty(x, "memballoon", "model", "none", NULL);
    end(x);
}

static void write_commandline(struct writer *x, const struct guest_spec *spec, const struct guest_args *extra)
{
    start(x, "qemu:commandline");
    for (size_t i = 0; i < extra->n; i++)
        empty(x, "qemu:arg", "value", extra->v[i], NULL);
    if (spec->preload)
        empty(x, "qemu:env", "name", "LD_PRELOAD", "value", spec->preload, NULL);
    end(x);
}

static void write_domain(struct writer *x, const struct guest_spec *spec, const struct guest_args *extra)
{
    const struct guest_machine *m = guest_machine_of(spec->node->arch);
    char uuid[GUEST_UUID_SIZE];

    guest_machine_uuid(spec->index, uuid);
    x->bad |= xmlTextWriterSetIndent(x->w, 1) < 0;
    start(x, "domain");
    attr(x, "type", "qemu");
    attr(x, "xmlns:qemu", QEMU_NAMESPACE);
    text(x, "name", spec->node->name);
    text(x, "uuid", uuid);
    start(x, "memory");
    attr(x, "unit", "KiB");
    x->bad |= xmlTextWriterWriteFormatString(x->w, "%" PRIu64, spec->node->memory_bytes / 1024) < 0;
    end(x);
    write_cpu(x, spec, m);
    write_os(x, spec, m);
    write_features(x, spec, m);
    write_clock(x, m);
    text(x, "on_poweroff", "destroy");
    text(x, "on_reboot", "destroy");
    text(x, "on_crash", "destroy");
    write_devices(x, spec);
    write_commandline(x, spec, extra);
    end(x);
}

char *guest_domain_xml(const struct guest_spec *spec)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    struct writer x = {.w = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL};
    struct guest_args extra = {0};
    char *out = NULL;

    if (x.w && !guest_machine_extra(spec, &extra)) {
        write_domain(&x, spec, &extra);
        x.bad |= xmlTextWriterEndDocument(x.w) < 0;
        if (!x.bad)
            out = strdup((const char *)xmlBufferContent(buffer));
    }
    guest_args_free(&extra);
    if (x.w)
        xmlFreeTextWriter(x.w);
    if (buffer)
        xmlBufferFree(buffer);
    if (!out)
        errno = ENOMEM;
    return out;
}
