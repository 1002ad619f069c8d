/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_boot.c - any bytes as what the replicated kernel boots with: an initial ram disk (initrd.c), a program
 * file in one (program.c), a device tree (boot_fdt.c). By the first byte.
 */
#include "guest-kernel/kernel/boot_fdt.h"
#include "guest-kernel/kernel/process.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 112, LIMIT_PAGES = 4 }; /* of cpio, with a name of one letter */
#define LIMIT (USER_END - UINT64_C(0x50000))

struct boot_info boot_info;
const uint16_t arch_elf_machine = 62;
char kernel_end[1];
static jmp_buf panicked;
static volatile uint8_t sink; /* what was read */

void panic(const char *format, ...)
{
    (void)format;
    longjmp(panicked, 1);
}

void boot_cpu(struct boot_info *info, uint64_t hardware)
{
    if (info->n_cpus == BOOT_CPUS)
        panic("cpus");
    info->cpus[info->n_cpus++] = hardware;
}

bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* The first and last pages of each segment. */
static void read_program(const char *path)
{
    static struct program p;
    static uint8_t page[PAGE];

    if (program_find(path, LIMIT, &p) != 0)
        return;
    for (unsigned i = 0; i < p.n; i++) {
        const struct segment *s = &p.segments[i];
        if (s->begin >= s->end || s->begin % PAGE || s->end % PAGE || s->begin < USER_BEGIN || s->end > LIMIT)
            abort();
        uint64_t pages = (s->end - s->begin) / PAGE;
        for (uint64_t n = 0; n < pages;
             n = n == LIMIT_PAGES && pages > 2 * LIMIT_PAGES ? pages - LIMIT_PAGES : n + 1)
            segment_page(s, s->begin + n * PAGE, page);
    }
}

static void disk(const uint8_t *data, size_t size)
{
    uint64_t bytes;

    boot_info.initrd = (uintptr_t)data;
    boot_info.initrd_bytes = size;
    const uint8_t *file = initrd_find("//p", &bytes);
    if (file && bytes)
        sink = (uint8_t)(file[0] + file[bytes - 1]);
    initrd_find("", &bytes);
    if (file && initrd_file(initrd_number(file), &bytes) != file)
        abort();
    for (uint32_t n = 0; n < size && n < 4096; n++)
        if ((file = initrd_file(n, &bytes)) && bytes)
            sink = (uint8_t)(file[0] + file[bytes - 1]);
    initrd_hash();
    read_program("p");
}

static void program(const uint8_t *data, size_t size)
{
    char *archive = malloc(HEADER + size);

    if (!archive)
        return;
    snprintf(archive, HEADER,
             "07070100000000000081a400000000000000000000000100000000%08x"
             "0000000000000000000000000000000000000002"
             "00000000",
             (unsigned)size);
    archive[HEADER - 2] = 'p';
    archive[HEADER - 1] = 0;
    if (size)
        __builtin_memcpy(archive + HEADER, data, size);
    disk((const uint8_t *)archive, HEADER + size);
    free(archive);
}

static void tree(const uint8_t *data, size_t size)
{
    static struct boot_info info;

    if (size < 40)
        return;
    uint32_t *copy = malloc(size), magic = __builtin_bswap32(0xd00dfeed),
             total = __builtin_bswap32((uint32_t)size);
    if (!copy)
        return;
    __builtin_memcpy(copy, data, size);
    copy[0] = magic;
    copy[1] = total;
    info = (struct boot_info){0};
    if (!setjmp(panicked))
        boot_fdt((uintptr_t)copy, &info);
    if (info.line[BOOT_LINE - 1])
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(const uint8_t *data, size_t size) = {disk, program, tree};

    if (size) {
        uint8_t *exact = malloc(size - 1 ? size - 1 : 1); /* so that ASan sees a byte too many */
        if (!exact)
            return 0;
        __builtin_memcpy(exact, data + 1, size - 1);
        kinds[data[0] % 3](exact, size - 1);
        free(exact);
    }
    return 0;
}
