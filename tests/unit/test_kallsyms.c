/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kallsyms.c - symbol tables made here, in both orders that kernels have had, are read and written as
 * ELF files. */
#include "sim/kallsyms.h"
#include <check.h>
#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 1300, ROOM = 1 << 17, START = 4096 };
#define BASE 0xffffffff80000000ull

static uint8_t image[ROOM];
static size_t at;

static void put(uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        image[at++] = (uint8_t)(v >> 8 * i);
}

static void align(size_t to)
{
    while (at % to)
        at++;
}

/* Symbol i: 16 bytes behind the one before; every fifth is data. */
static void put_offsets(bool x86)
{
    for (int32_t i = 0; i < COUNT; i++)
        put(x86 ? i == 0 ? 0x40 : (uint32_t)(-1 - 16 * i) : (uint32_t)(16 * i), 4);
    align(8);
    put(BASE, 8);
}

static void put_names(void)
{
    uint32_t mark[COUNT / 256 + 1];
    size_t first;

    put(COUNT, 4);
    align(8);
    first = at;
    for (unsigned i = 0; i < COUNT; i++) {
        char name[20];
        if (i % 256 == 0)
            mark[i / 256] = (uint32_t)(at - first);
        snprintf(name, sizeof name, "%cname_%u", i % 5 ? 'T' : 'D', i);
        put(strlen(name), 1);
        memcpy(image + at, name, strlen(name));
        at += strlen(name);
    }
    align(8);
    for (unsigned i = 0; i < COUNT / 256 + 1; i++)
        put(mark[i], 4);
    align(8);
}

/* Each token is one character, or nothing. */
static void put_tokens(void)
{
    uint16_t begin[256];
    size_t first = at;

    for (unsigned i = 0; i < 256; i++) {
        begin[i] = (uint16_t)(at - first);
        if (i >= '0' && i <= 'z')
            put(i, 1);
        put(0, 1);
    }
    align(8);
    for (unsigned i = 0; i < 256; i++)
        put(begin[i], 2);
    align(8);
}

static void head(bool x86)
{
    memset(image, 0, sizeof image);
    if (x86) {
        memcpy(image, "\177ELF", 4);
        image[18] = EM_X86_64;
    } else {
        memcpy(image + 0x38, "RSC\x05", 4);
    }
    at = START;
}

static void old_x86(void)
{
    head(true);
    put_offsets(true);
    put_names();
    at += 3 * COUNT; /* the sequence */
    align(8);
    put_tokens();
}

static void new_riscv(void)
{
    head(false);
    put_names();
    put_tokens();
    put_offsets(false);
}

static void expect(const struct kallsyms *k, size_t i, uint64_t addr, const char *name, char type)
{
    ck_assert_uint_eq(k->sym[i].addr, addr);
    ck_assert_str_eq(k->sym[i].name, name);
    ck_assert_int_eq(k->sym[i].type, type);
}

START_TEST(up_to_6_3)
{
    struct kallsyms k;
    char why[200];

    old_x86();
    ck_assert_int_eq(kallsyms_find(image, at, &k, why, sizeof why), 0);
    ck_assert_uint_eq(k.n, COUNT);
    ck_assert_uint_eq(k.machine, EM_X86_64);
    expect(&k, 0, 0x40, "name_0", 'A');
    expect(&k, 1, BASE + 16, "name_1", 'T');
    expect(&k, COUNT - 1, BASE + 16 * (COUNT - 1), "name_1299", 'T');
    kallsyms_free(&k);
}
END_TEST

START_TEST(from_6_4)
{
    struct kallsyms k;
    char why[200], *file = NULL;
    size_t len = 0;

    new_riscv();
    ck_assert_int_eq(kallsyms_find(image, at, &k, why, sizeof why), 0);
    ck_assert_uint_eq(k.n, COUNT);
    expect(&k, 0, BASE, "name_0", 'D');
    expect(&k, 7, BASE + 112, "name_7", 'T');

    FILE *f = open_memstream(&file, &len);
    ck_assert_int_eq(kallsyms_write(&k, f), 0);
    fclose(f);
    Elf64_Ehdr h;
    Elf64_Sym s;
    Elf64_Shdr section;
    memcpy(&h, file, sizeof h);
    ck_assert_uint_eq(h.e_machine, EM_RISCV);
    ck_assert_uint_eq(h.e_shoff + h.e_shnum * sizeof section, len);
    memcpy(&s, file + sizeof h + 8 * sizeof s, sizeof s);
    ck_assert_uint_eq(s.st_value, BASE + 112);
    ck_assert_uint_eq(s.st_size, 16);
    memcpy(&section, file + h.e_shoff + s.st_shndx * sizeof section, sizeof section);
    ck_assert_uint_eq(section.sh_flags, SHF_ALLOC | SHF_EXECINSTR);
    ck_assert(section.sh_addr <= s.st_value && s.st_value < section.sh_addr + section.sh_size);
    free(file);
    kallsyms_free(&k);
}
END_TEST

START_TEST(what_is_none)
{
    struct kallsyms k;
    char why[200];
    size_t full, good = 0;

    memset(image, 0, sizeof image);
    ck_assert_int_eq(kallsyms_find(image, 100, &k, why, sizeof why), -1);
    ck_assert(strstr(why, "not a kernel"));
    new_riscv();
    full = at;
    for (size_t len = 0; len <= full;
         len += 61) { /* cut off anywhere; a copy, so that a sanitizer sees the end */
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, image, len);
        if (kallsyms_find(copy, len, &k, why, sizeof why) == 0) {
            good++;
            kallsyms_free(&k);
        }
        free(copy);
    }
    ck_assert_uint_le(good, 1);
    image[START + 600] ^= 0x55; /* a name: markers and names do not fit any more */
    image[START + 601] = 0;
    ck_assert_int_eq(kallsyms_find(image, full, &k, why, sizeof why), -1);
    ck_assert(strstr(why, "no table"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kallsyms");
    TCase *t = tcase_create("kallsyms");

    tcase_add_test(t, up_to_6_3);
    tcase_add_test(t, from_6_4);
    tcase_add_test(t, what_is_none);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
