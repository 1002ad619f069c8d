# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gdb-linux - stock Linux kernels of three architectures as debuggees: breakpoints by name in each, back-traces,
# registers, going on together; the run is the same as without.
. "$E2E/lib.sh"
. "$E2E/gdb.sh"

for arch in x86_64:vmlinux aarch64:vmlinuz riscv64:vmlinuz; do
    "$COB" symbols "$COB_IMAGES/${arch%:*}/${arch#*:}" "${arch%:*}.elf" >symbols.out 2>&1
    equal "${arch%:*}: symbols" $? 0
    contains "${arch%:*}: many" symbols.out '^[0-9]{5} symbols of '
done
"$COB" symbols "$CASE/linux.scn.yml" none.elf >symbols.out 2>&1
equal "what is no kernel has no symbols" $? 2
contains "and is told so" symbols.out 'linux.scn.yml: not a kernel for'

run linux 0 "$CASE/linux.scn.yml" --backend direct
undisturbed=$dir
debug linux-gdb "$CASE/linux.gdb" "$CASE/linux.scn.yml"
for n in 1 2 3; do
    contains "inferior $n stops in its kernel" linux-gdb.out \
        "^Thread $n\\.1 .* hit Temporary breakpoint $n, 0x[0-9a-f]* in begin_new_exec \\(\\)"
done
equal "who called, in each" "$(grep -c '^#1 .* in load_elf_binary ()' linux-gdb.out)" 3
part riscv64
contains "and who called that, on riscv64" part '^#2 .* in bprm_execve \(\)'
contains "down to the thread's own function" part '^#5 .* in kernel_init \(\)'
part together
equal "until: three nodes stand there" "$(grep -c " running .*at 0\.100000000" part)" 3
part step
contains "one instruction later" part '^\$[0-9]+ = 1$'
part watch
contains "the clock's next tick" part 'hit .*atchpoint'
contains "counts up" part '^\$[0-9]+ = 1$'
same "a session changes nothing" "$undisturbed" "$dir"
finish
