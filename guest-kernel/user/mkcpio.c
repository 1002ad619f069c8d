/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkcpio.c - runs on the host: writes a cpio archive (newc with checksums) of the files named, each as
 * NAME=PATH, to the standard output. Modes, owners and times are fixed, so the same files make the same
 * archive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void pad(size_t *at)
{
    for (; *at % 4; ++*at)
        putchar(0);
}

static void entry(const char *name, unsigned inode, unsigned mode, const char *data, size_t bytes)
{
    size_t at = 110 + strlen(name) + 1;
    unsigned sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum += (unsigned char)data[i];
    printf("070702%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s%c", inode, mode, 0, 0, 1, 0, bytes,
           0, 0, 0, 0, strlen(name) + 1, sum, name, 0);
    pad(&at);
    fwrite(data, 1, bytes, stdout);
    pad(&bytes);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *path = strchr(argv[i], '=');
        FILE *f = path ? fopen(path + 1, "rb") : NULL;
        if (!f || fseek(f, 0, SEEK_END)) {
            perror(argv[i]);
            return 2;
        }
        size_t bytes = (size_t)ftell(f);
        char *data = malloc(bytes + 1);
        rewind(f);
        if (!data || fread(data, 1, bytes, f) != bytes) {
            perror(argv[i]);
            return 2;
        }
        fclose(f);
        *path = 0;
        entry(argv[i], (unsigned)i, 0100755, data, bytes);
        free(data);
    }
    entry("TRAILER!!!", 0, 0, "", 0);
    return fflush(stdout) || ferror(stdout) ? 2 : 0;
}
