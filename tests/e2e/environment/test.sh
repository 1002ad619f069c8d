# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# environment - bad input and a bad environment: a clear sentence and the right exit status, nothing lost.
. "$E2E/lib.sh"

scenario good.scn.yml <<'S'
stop: 2s
nodes:
  a: { arch: aarch64, kernel: "@GUESTS@/misbehave-aarch64", append: x }
S

# wrong NAME REGEX: cob validate refuses NAME.scn.yml with file:line:column and a caret
wrong() {
    "$COB" validate "$1.scn.yml" >"$1.out" 2>&1
    equal "$1: exit status" $? 2
    contains "$1: file, line, column and reason" "$1.out" "^$1\\.scn\\.yml:[0-9]+:[0-9]+: error: .*$2"
    contains "$1: a caret" "$1.out" '^ *\^'
}
scenario kernel.scn.yml <<'S'
nodes:
  a: { arch: aarch64, kernel: no-such-kernel }
S
wrong kernel 'no-such-kernel'
scenario unknown.scn.yml <<'S'
nodes:
  alpha: { arch: aarch64 }
links:
  - { endpoints: ["alpha:eth0", "alpa:eth0"], delay: 1us, rate: 1Gbit }
S
wrong unknown 'did you mean.*alpha'
scenario delay.scn.yml <<'S'
nodes:
  a: { arch: aarch64 }
  b: { arch: aarch64 }
links:
  - { endpoints: ["a:eth0", "b:eth0"], delay: 0us, rate: 1Gbit }
S
wrong delay 'delay'
scenario port.scn.yml <<'S'
nodes:
  a: { arch: aarch64 }
  b: { arch: aarch64 }
  c: { arch: aarch64 }
links:
  - { endpoints: ["a:eth0", "b:eth0"], delay: 1us, rate: 1Gbit }
  - { endpoints: ["a:eth0", "c:eth0"], delay: 1us, rate: 1Gbit }
S
wrong port 'a:eth0'
run no-file 2 no-such-file.scn.yml

# An emulator that is too old, and one that is not there.
printf '#!/bin/sh\necho "QEMU emulator version 7.2.22"\n' >old-qemu
chmod +x old-qemu
COB_QEMU_AARCH64=$WORK/old-qemu
export COB_QEMU_AARCH64
run old-qemu 3 good.scn.yml
contains "too old: found and needed version" "$out" '7\.2.*10\.0'
COB_QEMU_AARCH64=$WORK/no-qemu
run no-qemu 3 good.scn.yml
contains "not there: the path" "$out" 'no-qemu'
# One that does not export what is needed: not QEMU at all, but it loads the plugin as QEMU does.
cat >fake.c <<'S'
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version"))
        return puts("QEMU emulator version 10.0.2") < 0;
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], "-plugin")) {
            char *args = strchr(argv[i + 1], ','), *v[16];
            int n = 0, (*install)(unsigned long, const void *, int, char **);
            *args++ = 0;
            void *so = dlopen(argv[i + 1], RTLD_LAZY);
            if (!so)
                return puts(dlerror()), 1;
            *(void **)&install = dlsym(so, "qemu_plugin_install");
            for (char *a = strtok(args, ","); a && n < 16; a = strtok(NULL, ","))
                v[n++] = a;
            return install(0, 0, n, v) ? 1 : 0;
        }
    return 0;
}
S
check "the fake emulator compiles" cc -w -o fake-qemu fake.c -ldl
COB_QEMU_AARCH64=$WORK/fake-qemu
run no-symbols 3 good.scn.yml --backend direct
contains "no symbols: one sentence with QEMU's version and the name" "$out" 'QEMU 10\.0\.2 does not export [a-z_]+'
unset COB_QEMU_AARCH64

# A kernel of another instruction set.
scenario arch.scn.yml <<'S'
stop: 1s
nodes:
  wrong: { arch: x86_64, kernel: "@IMAGES@/aarch64/vmlinuz" }
  right: { arch: aarch64, kernel: "@GUESTS@/misbehave-aarch64", append: x }
S
run arch 2 arch.scn.yml
contains "wrong architecture: the node is named" "$out" 'node wrong'

# The run directory cannot be made, or not be filled.
if [ "$(id -u)" -eq 0 ]; then
    mkdir full
    if mount -t tmpfs -o size=64k none full 2>/dev/null; then
        dd if=/dev/zero of=full/fill bs=1k 2>/dev/null || :
        COB_RUNS=$WORK/full/runs
        run full 3 good.scn.yml
        contains "full disk: path and reason" "$out" "full/runs.*No space left on device"
        umount full
    else
        skip "a full disk: no tmpfs can be mounted here"
    fi
    mkdir readonly
    if mount -t tmpfs -o ro none readonly 2>/dev/null; then
        COB_RUNS=$WORK/readonly/runs
        run readonly 3 good.scn.yml
        contains "read-only: path and reason" "$out" 'readonly/runs.*Read-only file system'
        umount readonly
    else
        skip "a read-only directory: no tmpfs can be mounted here"
    fi
else
    skip "a full disk: only root can mount one"
    mkdir readonly
    chmod a-w readonly
    COB_RUNS=$WORK/readonly/runs
    run readonly 3 good.scn.yml
    contains "read-only: path and reason" "$out" 'readonly/runs.*Permission denied'
fi
COB_RUNS=$WORK/runs
finish
