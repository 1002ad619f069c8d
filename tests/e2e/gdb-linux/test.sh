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
debug linux "$CASE/linux.gdb" "$CASE/linux.scn.yml"
part break
for n in 1 2 3; do
    contains "inferior $n stops in its kernel" part "^Thread $n\\.1 .* hit Breakpoint $n, 0x[0-9a-f]* in load_elf_binary \\(\\)"
done
contains "who called" part '^#[1-9] .* in bprm_execve \(\)'
contains "and who called that" part '^#[1-9] .* in kernel_init \(\)'
part together
equal "until: all stand there" "$(awk '/ at 0/ { print $6 }' part | sort -u | wc -l)" 1
part step
contains "one instruction later" part '^\$[0-9]+ = 1$'
part watch
contains "the clock's next tick" part '^\$[0-9]+ = 1$'
same "a session changes nothing" "$undisturbed" "$dir"
finish
