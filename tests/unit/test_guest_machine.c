/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_guest_machine.c - the machine's two descriptions, QEMU arguments and domain XML, say the same and are
 * complete.
 */
#include "sim/guest_domain.h"
#include "sim/guest_files.h"
#include "sim/guest_machine.h"
#include <check.h>
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scn_node node;
static struct guest_spec spec;
static struct guest_args args;

static void set_up(void)
{
    node = (struct scn_node){.name = (char *)"alpha",
                             .arch = SCN_X86_64,
                             .cpus = 2,
                             .memory_bytes = 96u << 20,
                             .icount_shift = 3,
                             .n_nics = 3};
    spec = (struct guest_spec){.node = &node,
                               .index = 10,
                               .seed = 0x1234567890abcdefu,
                               .qemu = "/usr/bin/qemu",
                               .kernel = "/k/vmlinux",
                               .initrd = "/k/base.cpio",
                               .append = "console=ttyS0 a=\"<&>\"",
                               .plugin = "/p/cob,qemu.so",
                               .plugin_args = ",port=/x,node=10",
                               .preload = "/p/preload.so",
                               .console_path = "/r/con,sole",
                               .log_path = "/r/log",
                               .args_path = "/r/args",
                               .ram_path = "/dev/shm/a,b",
                               .pid_path = "/r/pid"};
    args = (struct guest_args){0};
}

static void tear_down(void)
{
    guest_args_free(&args);
}

static void make_argv(void)
{
    ck_assert_int_eq(guest_machine_argv(&spec, 3, &args), 0);
    ck_assert_ptr_null(args.v[args.n]);
}

/* The n-th (from 0) value of an option, or NULL. */
static const char *value(const char *option, unsigned n)
{
    for (size_t i = 0; i + 1 < args.n; i++)
        if (!strcmp(args.v[i], option) && n-- == 0)
            return args.v[i + 1];
    return NULL;
}

static bool has(const char *arg)
{
    for (size_t i = 0; i < args.n; i++)
        if (!strcmp(args.v[i], arg))
            return true;
    return false;
}

/* Is item one of the comma-separated parts of list? */
static bool part_of(const char *list, const char *item)
{
    size_t len = strlen(item);

    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, item, len) && (at[len] == ',' || !at[len]))
            return true;
    return false;
}

/* ---- the domain XML, read back */
static xmlDocPtr doc;

static void make_xml(void)
{
    char *xml = guest_domain_xml(&spec);

    ck_assert_ptr_nonnull(xml);
    doc = xmlReadMemory(xml, (int)strlen(xml), "domain.xml", NULL, 0);
    free(xml);
    ck_assert_ptr_nonnull(doc);
}

/* The text an XPath expression selects, in a static buffer. */
static const char *xml_text(const char *path)
{
    static char text[512];
    xmlXPathContextPtr context = xmlXPathNewContext(doc);
    xmlXPathObjectPtr found;
    xmlChar *string;

    xmlXPathRegisterNs(context, BAD_CAST "qemu", BAD_CAST "http://libvirt.org/schemas/domain/qemu/1.0");
    found = xmlXPathEvalExpression(BAD_CAST path, context);
    ck_assert_ptr_nonnull(found);
    string = xmlXPathCastToString(found);
    snprintf(text, sizeof text, "%s", (char *)string);
    xmlFree(string);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    return text;
}

START_TEST(every_architecture_has_a_fixed_machine)
{
    static const char *const types[] = {"pc-q35-10.0", "virt-10.0", "virt"};
    static const char *const cpus[] = {"qemu64", "cortex-a57", "rv64"};
    const char *machine;

    node.arch = (enum scn_arch)_i;
    make_argv();
    machine = value("-machine", 0);
    ck_assert(!strncmp(machine, types[_i], strlen(types[_i])) && machine[strlen(types[_i])] == ',');
    ck_assert_str_eq(value("-cpu", 0), cpus[_i]);
    ck_assert_str_eq(value("-accel", 0), "tcg,tb-size=128");
    ck_assert_str_eq(value("-icount", 0), "shift=3,sleep=off");
    ck_assert_str_eq(value("-rtc", 0), "base=2020-01-01T00:00:00,clock=vm");
    ck_assert_str_eq(value("-smp", 0), "2,sockets=2,dies=1,clusters=1,cores=1,threads=1");
    ck_assert_str_eq(value("-m", 0), "size=98304k");
    ck_assert_str_eq(value("-uuid", 0), "c0b00000-0000-4000-8000-00000000000a");
    ck_assert(has("-S") && has("-nodefaults") && has("-no-user-config"));
    /* One input only: nothing of the host's network, no second chardev besides monitor and console. */
    ck_assert(!has("-netdev") && !has("-nic") && !has("-usb"));
    ck_assert_ptr_null(value("-chardev", 2));
}
END_TEST

START_TEST(only_the_pc_has_acpi_and_isa)
{
    node.arch = (enum scn_arch)_i;
    make_argv();
    ck_assert(part_of(value("-machine", 0), _i == SCN_X86_64 ? "acpi=on" : "acpi=off"));
    ck_assert_int_eq(part_of(value("-machine", 0), "hpet=off"), _i == SCN_X86_64);
    ck_assert_int_eq(part_of(value("-machine", 0), "gic-version=2"), _i == SCN_AARCH64);
    ck_assert_int_eq(has("isa-serial,chardev=charserial0,id=serial0,index=0"), _i == SCN_X86_64);
    ck_assert_int_eq(has("chardev:charserial0"), _i != SCN_X86_64);
}
END_TEST

START_TEST(seed_is_the_lower_half)
{
    make_argv();
    ck_assert_str_eq(value("-seed", 0), "2427178479"); /* 0x90abcdef */
}
END_TEST

START_TEST(nics_have_fixed_addresses)
{
    node.nic = (enum scn_nic)_i;
    make_argv();
    for (unsigned k = 0; k < 3; k++) {
        const char *device = value("-device", k + 1); /* the first is the serial port */
        char want[64];

        ck_assert_ptr_nonnull(device);
        ck_assert(part_of(device, _i == SCN_NIC_E1000 ? "e1000" : "virtio-net-pci-non-transitional"));
        snprintf(want, sizeof want, "netdev=cob%u", k);
        ck_assert(part_of(device, want));
        snprintf(want, sizeof want, "mac=52:54:00:cb:0a:%02x", k);
        ck_assert(part_of(device, want));
        snprintf(want, sizeof want, "addr=0x%x", 0x10 + k);
        ck_assert(part_of(device, want));
        ck_assert(part_of(device, "romfile=") && part_of(device, "bus=pcie.0"));
        if (_i == SCN_NIC_VIRTIO)
            ck_assert(part_of(device, "ioeventfd=off") && part_of(device, "tx=timer") &&
                      part_of(device, "mq=off"));
    }
    ck_assert_ptr_null(value("-device", 4));
}
END_TEST

START_TEST(an_adapter_is_a_stock_device)
{
    node.arch = (enum scn_arch)_i;
    node.adapter = true;
    spec.greeting = "0004a";
    make_argv();
    ck_assert_str_eq(value("-chardev", 2), "socket,id=fab0-server,abstract=on,path=0004a");
    const char *device = value("-device", 3 + (_i == SCN_X86_64)); /* the serial port, three NICs */
    ck_assert_ptr_nonnull(device);
    ck_assert(part_of(device, "ivshmem-doorbell") && part_of(device, "id=fab0") &&
              part_of(device, "chardev=fab0-server") && part_of(device, "vectors=9") &&
              part_of(device, "ioeventfd=off") && part_of(device, "bus=pcie.0") &&
              part_of(device, "addr=0x18"));
    ck_assert_ptr_null(value("-device", 4 + (_i == SCN_X86_64)));
    /* MSI-X needs an interrupt controller that knows it; the others have one anyway */
    ck_assert_int_eq(has("aia=aplic-imsic"), _i == SCN_RISCV64);
    node.adapter = false;
    guest_args_free(&args);
    make_argv();
    ck_assert(!has("aia=aplic-imsic"));
    ck_assert_ptr_null(value("-chardev", 2));
}
END_TEST

/* A device may read and write these. */
START_TEST(memory_has_holes)
{
    const uint64_t mib = 1 << 20, gib = 1 << 30;
    static const struct guest_range none;
    const struct {
        enum scn_arch arch;
        uint64_t bytes;
        struct guest_range want[GUEST_RAM_RANGES];
    } cases[] = {
        {SCN_X86_64, 64 * mib, {{0, 640 << 10}, {mib, 63 * mib}}},
        {SCN_X86_64, 2815 * mib, {{0, 640 << 10}, {mib, 2814 * mib}}},
        {SCN_X86_64, 2816 * mib, {{0, 640 << 10}, {mib, 2047 * mib}, {4 * gib, 768 * mib}}},
        {SCN_X86_64, 4 * gib, {{0, 640 << 10}, {mib, 2047 * mib}, {4 * gib, 2 * gib}}},
        {SCN_AARCH64, 4 * gib, {{gib, 4 * gib}}},
        {SCN_RISCV64, 4 * mib, {{2 * gib, 4 * mib}}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct guest_range got[GUEST_RAM_RANGES] = {none};
        unsigned n = guest_machine_ram(cases[i].arch, cases[i].bytes, got);
        for (unsigned k = 0; k < GUEST_RAM_RANGES; k++) {
            ck_assert_uint_eq(k<n, cases[i].want[k].bytes> 0);
            ck_assert(k >= n ||
                      (got[k].start == cases[i].want[k].start && got[k].bytes == cases[i].want[k].bytes));
        }
    }
}
END_TEST

START_TEST(commas_are_doubled_where_qemu_splits)
{
    make_argv();
    ck_assert_str_eq(value("-plugin", 0), "/p/cob,,qemu.so,port=/x,node=10");
    ck_assert_str_eq(value("-chardev", 1), "file,id=charserial0,append=on,path=/r/con,,sole");
    ck_assert_str_eq(value("-object", 0),
                     "memory-backend-file,id=cob.ram,share=on,mem-path=/dev/shm/a,,b,size=100663296");
    ck_assert_str_eq(value("-append", 0), spec.append);
}
END_TEST

START_TEST(memory_is_private_without_a_file)
{
    spec.ram_path = NULL;
    make_argv();
    ck_assert_str_eq(value("-object", 0), "memory-backend-ram,id=pc.ram,size=100663296");
    ck_assert(part_of(value("-machine", 0), "memory-backend=pc.ram"));
    ck_assert_ptr_null(value("-object", 1));
    ck_assert_ptr_null(value("-machine", 1));
}
END_TEST

START_TEST(plain_has_no_plugin_and_no_nic)
{
    spec.plain = true;
    spec.plugin = NULL;
    make_argv();
    ck_assert_ptr_null(value("-plugin", 0));
    ck_assert_ptr_null(value("-device", 1));
}
END_TEST

START_TEST(optional_parts_are_left_out)
{
    spec.initrd = NULL;
    spec.append = "";
    make_argv();
    ck_assert(!has("-initrd") && !has("-append"));
    make_xml();
    ck_assert_str_eq(xml_text("count(/domain/os/initrd) + count(/domain/os/cmdline)"), "0");
    xmlFreeDoc(doc);
}
END_TEST

/* What libvirt is told and what the direct back end says must be the same machine. */
START_TEST(domain_says_the_same_as_the_arguments)
{
    const struct guest_machine *m;
    const char *cpus;

    node.arch = (enum scn_arch)_i;
    m = guest_machine_of(node.arch);
    make_argv();
    make_xml();
    ck_assert_str_eq(xml_text("string(/domain/@type)"), "qemu");
    ck_assert_str_eq(xml_text("/domain/name"), "alpha");
    ck_assert_str_eq(xml_text("/domain/uuid"), value("-uuid", 0));
    ck_assert_str_eq(xml_text("string(/domain/os/type/@machine)"), m->type);
    ck_assert_str_eq(xml_text("string(/domain/os/type/@arch)"), m->arch);
    ck_assert_str_eq(xml_text("/domain/os/kernel"), value("-kernel", 0));
    ck_assert_str_eq(xml_text("/domain/os/initrd"), value("-initrd", 0));
    ck_assert_str_eq(xml_text("/domain/os/cmdline"), value("-append", 0));
    ck_assert_str_eq(xml_text("/domain/cpu/model"), value("-cpu", 0));
    cpus = xml_text("string(/domain/cpu/topology/@sockets)");
    ck_assert_str_eq(cpus, "2");
    ck_assert_str_eq(xml_text("/domain/vcpu"), "2");
    ck_assert_str_eq(xml_text("/domain/memory"), "98304");
    ck_assert_str_eq(xml_text("string(/domain/memory/@unit)"), "KiB");
    ck_assert_str_eq(xml_text("/domain/features/tcg/tb-cache"), "128");
    ck_assert_str_eq(xml_text("count(/domain/features/acpi)"), m->acpi ? "1" : "0");
    ck_assert_str_eq(xml_text("string(/domain/features/gic/@version)"), _i == SCN_AARCH64 ? "2" : "");
    ck_assert_str_eq(xml_text("string(/domain/clock/@start)"), "1577836800");
    ck_assert_str_eq(xml_text("string(/domain/clock/timer[@name='rtc']/@track)"), "guest");
    ck_assert_str_eq(xml_text("string(/domain/devices/emulator)"), value("-kernel", 0) ? args.v[0] : "");
    ck_assert_str_eq(xml_text("string(/domain/devices/serial/source/@path)"), "/r/con,sole");
    ck_assert_str_eq(xml_text("string(/domain/devices/controller[@type='usb']/@model)"), "none");
    ck_assert_str_eq(xml_text("string(/domain/devices/memballoon/@model)"), "none");
    ck_assert_str_eq(xml_text("count(/domain/devices/*)"), "4");
    ck_assert_str_eq(xml_text("string(//qemu:env[@name='LD_PRELOAD']/@value)"), "/p/preload.so");
    xmlFreeDoc(doc);
}
END_TEST

START_TEST(the_rest_is_handed_through_unchanged)
{
    struct guest_args extra = {0};
    char path[64], count[16];

    make_argv();
    make_xml();
    ck_assert_int_eq(guest_machine_extra(&spec, &extra), 0);
    snprintf(count, sizeof count, "%zu", extra.n);
    ck_assert_str_eq(xml_text("count(/domain/qemu:commandline/qemu:arg)"), count);
    for (size_t i = 0; i < extra.n; i++) {
        snprintf(path, sizeof path, "string((//qemu:arg)[%zu]/@value)", i + 1);
        ck_assert_str_eq(xml_text(path), extra.v[i]);
        ck_assert_str_eq(args.v[args.n - extra.n + i], extra.v[i]);
    }
    guest_args_free(&extra);
    xmlFreeDoc(doc);
}
END_TEST

START_TEST(relative_paths_are_made_absolute)
{
    struct guest_args store = {0};
    char want[4096];

    ck_assert_ptr_nonnull(getcwd(want, sizeof want - 16));
    strcat(want, "/some/bzImage");
    spec.kernel = "some/bzImage";
    spec.preload = NULL;
    ck_assert_int_eq(guest_files_absolute(&spec, &store), 0);
    ck_assert_str_eq(spec.kernel, want);
    ck_assert_str_eq(spec.initrd, "/k/base.cpio");
    ck_assert_ptr_null(spec.preload);
    guest_args_free(&store);
}
END_TEST

/* A directory with a kernel and stale files of an earlier run in it. */
static char dir[64], kernel[96], console[96], logfile[96], ram[96];

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

static void make_dir(void)
{
    strcpy(dir, "/tmp/test_guest_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(kernel, sizeof kernel, "%s/kernel", dir);
    snprintf(console, sizeof console, "%s/console", dir);
    snprintf(logfile, sizeof logfile, "%s/log", dir);
    snprintf(ram, sizeof ram, "%s/ram", dir);
    put(kernel, "k");
    put(console, "old");
    put(logfile, "old");
    put(ram, "old memory");
    spec.kernel = kernel;
    spec.initrd = NULL;
    spec.plain = true;
    spec.console_path = console;
    spec.log_path = logfile;
    spec.ram_path = ram;
    node.memory_bytes = 1 << 20;
}

static void remove_dir(void)
{
    unlink(kernel);
    unlink(console);
    unlink(logfile);
    unlink(ram);
    ck_assert_int_eq(rmdir(dir), 0);
}

static off_t size_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_size;
}

START_TEST(files_start_empty_and_memory_zero)
{
    char why[256] = "", bytes[64] = "x";
    FILE *f;

    make_dir();
    ck_assert_msg(!guest_files_prepare(&spec, why, sizeof why), "%s", why);
    ck_assert_int_eq(size_of(console), 0);
    ck_assert_int_eq(size_of(logfile), 0);
    ck_assert_int_eq(size_of(ram), 1 << 20);
    f = fopen(ram, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, f), sizeof bytes);
    fclose(f);
    for (size_t i = 0; i < sizeof bytes; i++)
        ck_assert_int_eq(bytes[i], 0);
    remove_dir();
}
END_TEST

START_TEST(missing_inputs_are_named)
{
    char why[256] = "";

    make_dir();
    spec.initrd = "/nonexistent/base.cpio";
    ck_assert_int_eq(guest_files_prepare(&spec, why, sizeof why), -1);
    ck_assert_str_eq(why,
                     "cannot read the initial ram disk /nonexistent/base.cpio: No such file or directory");
    ck_assert_int_eq(size_of(console), 3); /* untouched */
    spec.initrd = NULL;
    spec.console_path = "/nonexistent/console";
    ck_assert_int_eq(guest_files_prepare(&spec, why, sizeof why), -1);
    ck_assert_str_eq(why, "cannot create the console file /nonexistent/console: No such file or directory");
    remove_dir();
}
END_TEST

START_TEST(arguments_are_saved_one_a_line)
{
    char text[64] = "";
    FILE *f;

    make_dir();
    guest_args_add(&args, "%s", "one two");
    guest_args_add(&args, "%d", 3);
    ck_assert_int_eq(guest_args_save(&args, console), 0);
    f = fopen(console, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fread(text, 1, sizeof text - 1, f), 10);
    fclose(f);
    ck_assert_str_eq(text, "one two\n3\n");
    ck_assert_int_eq(guest_args_save(&args, "/nonexistent/args"), -1);
    ck_assert_int_eq(errno, ENOENT);
    remove_dir();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guest_machine");
    TCase *t = tcase_create("machine");
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, every_architecture_has_a_fixed_machine, 0, SCN_ARCH_COUNT);
    tcase_add_loop_test(t, only_the_pc_has_acpi_and_isa, 0, SCN_ARCH_COUNT);
    tcase_add_test(t, seed_is_the_lower_half);
    tcase_add_loop_test(t, nics_have_fixed_addresses, 0, SCN_NIC_COUNT);
    tcase_add_loop_test(t, an_adapter_is_a_stock_device, 0, SCN_ARCH_COUNT);
    tcase_add_test(t, memory_has_holes);
    tcase_add_test(t, commas_are_doubled_where_qemu_splits);
    tcase_add_test(t, memory_is_private_without_a_file);
    tcase_add_test(t, plain_has_no_plugin_and_no_nic);
    tcase_add_test(t, optional_parts_are_left_out);
    tcase_add_loop_test(t, domain_says_the_same_as_the_arguments, 0, SCN_ARCH_COUNT);
    tcase_add_test(t, the_rest_is_handed_through_unchanged);
    tcase_add_test(t, relative_paths_are_made_absolute);
    tcase_add_test(t, files_start_empty_and_memory_zero);
    tcase_add_test(t, missing_inputs_are_named);
    tcase_add_test(t, arguments_are_saved_one_a_line);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
