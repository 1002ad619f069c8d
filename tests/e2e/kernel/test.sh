# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel - the replicated kernel on each instruction set: it boots within 50 ms of virtual time, hears the other nodes
# through the adapter's interrupts, passes its usertests, and two runs are identical; a panic names functions and is a
# failure, whatever has happened to the stack, or goes wrong within it, or on other CPUs; the same images do as well on plain
# QEMU, without adapter, plugin and -icount.
. "$E2E/lib.sh"

# trio FILE APPEND EXIT
trio() {
    scenario "$1" <<S
stop: 2s
defaults: { node: { memory: 32MiB, append: "$2", expect: { exit: $3 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", initrd: "@GUESTS@/kernel.cpio" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64", initrd: "@GUESTS@/kernel.cpio" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64", initrd: "@GUESTS@/kernel.cpio" }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
}

# passed NAME CONSOLE: the tests that passed; each has its line
passed() {
    contains "$1: all usertests pass" "$2" '^usertests: ([0-9]+) of \1 passed'
    equal "$1: tests that failed" "$(grep -c '^FAIL' "$2")" 0
    equal "$1: tests that passed" "$(grep -c '^PASS' "$2")" 50
}

trio usertests.scn.yml "init=/usertests adapter=test" 0
run usertests-a 0 usertests.scn.yml --backend libvirt
first=$dir
load
one_core
run usertests-b 0 usertests.scn.yml --backend direct
unload
PREFIX=
same "libvirt on all cores, direct on one core under load: identical" "$first" "$dir"
"$COB" trace "$first" >trace.txt
for node in alpha beta gamma; do
    passed "$node" "$first/console/$node.raw"
    contains "$node: hears the other two" "$first/console/$node.raw" '^adapter: all 3 nodes heard'
    equal "$node: boots within 50 ms" "$(awk -v node=$node '$3 == node && $4 == "event" && $5 == 1 {
        print ($1 < 0.050 ? "yes" : $1) }' trace.txt)" yes
done

trio panic.scn.yml "init=/no-such-program" 255
run panic 0 panic.scn.yml --backend direct
for node in alpha beta gamma; do
    contains "$node: a panic says why" "$dir/console/$node.raw" '^panic: /no-such-program cannot be started'
    contains "$node: and names functions" "$dir/console/$node.raw" '^  [0-9a-f]+ kernel_main\+0x[0-9a-f]+'
done

# What a panic can and cannot rely on
for what in overflow twice; do
    trio "panic-$what.scn.yml" "init=/usertests panic=$what" 255
    run "panic-$what" 0 "panic-$what.scn.yml" --backend direct
    for node in alpha beta gamma; do
        contains "$node: panic=$what ends the node" "$dir/console/$node.raw" '^cob: result 255'
    done
done

# qemu ARCH MACHINE CPU CONSOLE APPEND: without cob
qemu() {
    timeout 120 "qemu-system-$1" -M "$2" -cpu "$3" -smp "${cpus:-1}" -m 32 -display none -nodefaults -serial "file:$4" -monitor none \
        -no-reboot -kernel "$GUESTS/kernel-$1" -initrd "$GUESTS/kernel.cpio" -append "$5"
}

# ends ARCH MACHINE CPU WHAT LINE FRAMES PANICS: panic=WHAT ends the node once, says LINE, and tells FRAMES functions or more
ends() {
    console=$4-$cpus-$1.txt
    text="plain QEMU, $1, $cpus CPUs, panic=$4"
    qemu "$1" "$2" "$3" "$console" "init=/usertests panic=$4"
    equal "$text: powers off" $? 0
    contains "$text: says what" "$console" "$5"
    check "$text: names functions" [ "$(grep -cE '^  [0-9a-f]+ [a-z_]+\+0x' "$console")" -ge "$6" ]
    equal "$text: panics" "$(grep -c '^panic: ' "$console")" "$7"
    equal "$text: results" "$(grep -c '^cob: result 255' "$console")" 1
    equal "$text: tests that ran" "$(grep -c '^PASS' "$console")" 0
}

# stacks ARCH MACHINE CPU
stacks() {
    for cpus in 1 4; do
        ends "$1" "$2" "$3" overflow '^panic: kernel stack overflow at ' 32 1
        contains "$text: names the function" "$console" '^  [0-9a-f]+ deeper\+0x'
        ends "$1" "$2" "$3" exit '^panic: kernel stack overflow at ' 32 1
        ends "$1" "$2" "$3" stack '^panic: asked for, with a bad stack' 1 1
        contains "$text: names the function" "$console" '^  [0-9a-f]+ smash\+0x'
        ends "$1" "$2" "$3" pointer '^panic: bad kernel stack pointer 0000006f|^panic: bad kernel stack pointer 00000070' 1 1
        ends "$1" "$2" "$3" twice '^panic: within a panic' 0 2
        ends "$1" "$2" "$3" all '^panic: asked for, on all' 1 1
    done
    cpus=1
}
stacks x86_64 q35 qemu64
stacks aarch64 virt cortex-a57
stacks riscv64 virt rv64

# plain ARCH MACHINE CPU
plain() {
    for access in read text; do
        qemu "$1" "$2" "$3" "$access-$1.txt" panic=$access
        contains "plain QEMU, $1, panic=$access: says what" "$access-$1.txt" '^panic: page fault at '
        contains "plain QEMU, $1, panic=$access: shows registers" "$access-$1.txt" '[a-z0-9]+ [0-9a-f]{16}  .*[0-9a-f]{16}'
        contains "plain QEMU, $1, panic=$access: names the function" "$access-$1.txt" '^  [0-9a-f]+ panic_test\+0x'
        contains "plain QEMU, $1, panic=$access: and its caller" "$access-$1.txt" '^  [0-9a-f]+ kernel_main\+0x'
    done
    qemu "$1" "$2" "$3" "plain-$1.txt" init=/usertests
    equal "plain QEMU, $1: powers off" $? 0
    contains "plain QEMU, $1: no adapter" "plain-$1.txt" '^adapter: none'
    passed "plain QEMU, $1" "plain-$1.txt"
    contains "plain QEMU, $1: result" "plain-$1.txt" '^cob: result 0'
}
plain x86_64 q35 qemu64
plain aarch64 virt cortex-a57
plain riscv64 virt rv64
finish
