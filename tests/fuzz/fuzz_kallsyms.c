/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_kallsyms.c - any bytes as a kernel image: read, and written again if there is a table
 * (sim/kallsyms.h). */
#include "sim/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kallsyms k;
    char why[200];

    if (kallsyms_find(data, size, &k, why, sizeof why) == 0) {
        FILE *f = fopen("/dev/null", "we");
        if (f) {
            kallsyms_write(&k, f);
            fclose(f);
        }
        kallsyms_free(&k);
    }
    return 0;
}
