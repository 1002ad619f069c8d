/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_guest_find.c - which emulator is taken and which is refused, with fake emulators: scripts that print a
 * version.
 */
#include "sim/guest.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], version[32], why[512];
static const char *const names[] = {"qemu-system-x86_64", "qemu-system-aarch64", "qemu-system-riscv64",
                                    "other"};

static char *in_dir(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void fake(const char *name, const char *body)
{
    FILE *f = fopen(in_dir(name), "w");

    ck_assert_ptr_nonnull(f);
    fprintf(f, "#!/bin/sh\n%s\n", body);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(in_dir(name), 0755), 0);
}

static void set_up(void)
{
    strcpy(dir, "/tmp/test_find_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(setenv("PATH", dir, 1), 0);
    unsetenv("COB_QEMU_X86_64");
    unsetenv("COB_QEMU_AARCH64");
    unsetenv("COB_QEMU_RISCV64");
    version[0] = why[0] = '\0';
}

static void tear_down(void)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_dir(names[i]));
    ck_assert_int_eq(rmdir(dir), 0);
}

static char *find(enum scn_arch arch)
{
    return guest_find_qemu(arch, version, sizeof version, why, sizeof why);
}

static void refused(enum scn_arch arch, const char *part)
{
    char *path = find(arch);

    ck_assert_msg(!path, "%s was taken", path);
    ck_assert_msg(strstr(why, part), "\"%s\" does not say \"%s\"", why, part);
}

static void taken(enum scn_arch arch, const char *name, const char *want)
{
    char *path = find(arch);

    ck_assert_msg(path, "%s", why);
    ck_assert_str_eq(path, in_dir(name));
    ck_assert_str_eq(version, want);
    free(path);
}

START_TEST(takes_the_one_in_path)
{
    fake(names[_i], "echo 'QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)'; echo 'Copyright'");
    taken((enum scn_arch)_i, names[_i], "10.0.2");
}
END_TEST

START_TEST(takes_later_releases)
{
    fake(names[0], "echo 'QEMU emulator version 11.1'");
    taken(SCN_X86_64, names[0], "11.1");
}
END_TEST

START_TEST(skips_path_entries_without_it)
{
    char path[256];

    fake(names[1], "echo 'QEMU emulator version 10.1.50'");
    snprintf(path, sizeof path, "/nonexistent:/etc:%s", dir);
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    taken(SCN_AARCH64, names[1], "10.1.50");
}
END_TEST

START_TEST(the_variable_comes_first)
{
    fake(names[0], "echo 'QEMU emulator version 10.0.2'");
    fake("other", "echo 'QEMU emulator version 11.1.3'");
    ck_assert_int_eq(setenv("COB_QEMU_X86_64", in_dir("other"), 1), 0);
    taken(SCN_X86_64, "other", "11.1.3");
}
END_TEST

START_TEST(refuses_old_ones)
{
    fake(names[0], "echo 'QEMU emulator version 7.2.19 (Debian 1:7.2+dfsg-7)'");
    refused(SCN_X86_64, "is QEMU 7.2.19, but 10.0 or later is needed: install the package qemu-system-x86");
    fake(names[0], "echo 'QEMU emulator version 9.2.1'");
    refused(SCN_X86_64, "is QEMU 9.2.1, but");
}
END_TEST

START_TEST(names_the_package_when_there_is_none)
{
    static const char *const packages[] = {"qemu-system-x86,", "qemu-system-arm,", "qemu-system-riscv,"};

    refused((enum scn_arch)_i, packages[_i]);
    ck_assert_ptr_nonnull(strstr(why, names[_i]));
}
END_TEST

START_TEST(refuses_what_is_not_qemu)
{
    fake(names[0], "echo 'Hello'; echo 'second line'");
    refused(SCN_X86_64, "does not look like QEMU: --version says \"Hello\"");
    fake(names[0], "exit 1");
    refused(SCN_X86_64, "does not look like QEMU");
    fake(names[0], "echo 'QEMU emulator version ten'");
    refused(SCN_X86_64, "does not look like QEMU");
}
END_TEST

START_TEST(refuses_a_variable_that_names_no_program)
{
    ck_assert_int_eq(setenv("COB_QEMU_X86_64", "/nonexistent/qemu", 1), 0);
    refused(SCN_X86_64, "COB_QEMU_X86_64 names /nonexistent/qemu, which is not a program");
    ck_assert_int_eq(setenv("COB_QEMU_X86_64", "/etc/passwd", 1), 0);
    refused(SCN_X86_64, "COB_QEMU_X86_64 names /etc/passwd, which is not a program");
    ck_assert_int_eq(setenv("COB_QEMU_X86_64", dir, 1), 0);
    refused(SCN_X86_64, "which is not a program");
}
END_TEST

START_TEST(says_when_it_cannot_be_run)
{
    FILE *f = fopen(in_dir(names[0]), "w");

    ck_assert_ptr_nonnull(f);
    fprintf(f, "#!/nonexistent/interpreter\n");
    fclose(f);
    ck_assert_int_eq(chmod(in_dir(names[0]), 0755), 0);
    refused(SCN_X86_64, "cannot ask ");
}
END_TEST

START_TEST(much_output_does_no_harm)
{
    fake(names[0],
         "echo 'QEMU emulator version 10.0.2'; while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
    taken(SCN_X86_64, names[0], "10.0.2");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guest_find");
    TCase *t = tcase_create("find");
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, takes_the_one_in_path, 0, SCN_ARCH_COUNT);
    tcase_add_test(t, takes_later_releases);
    tcase_add_test(t, skips_path_entries_without_it);
    tcase_add_test(t, the_variable_comes_first);
    tcase_add_test(t, refuses_old_ones);
    tcase_add_loop_test(t, names_the_package_when_there_is_none, 0, SCN_ARCH_COUNT);
    tcase_add_test(t, refuses_what_is_not_qemu);
    tcase_add_test(t, refuses_a_variable_that_names_no_program);
    tcase_add_test(t, says_when_it_cannot_be_run);
    tcase_add_test(t, much_output_does_no_harm);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
