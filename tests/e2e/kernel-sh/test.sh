# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-sh - programs of the replicated kernel: every symbol of a program has one address on all instruction sets, as nm
# has it; the shell and its tools do on each what guest-kernel/user/rc says, twice the same.
. "$E2E/lib.sh"

# names PROGRAM: how many names all three have once, and how many of them at different addresses
names() {
    for isa in x86_64 aarch64 riscv64; do
        nm "$GUESTS/../user/$isa/$1.elf" | awk -v isa=$isa '$3 !~ /^[.$]|^__global_pointer/ { print isa, $1, $3 }'
    done | awk '{ n[$3]++; if (seen[$1, $3]++) twice[$3] = 1; if (at[$3] && at[$3] != $2) other[$3] = 1; at[$3] = $2 }
        END { for (name in n) if (n[name] == 3 && !twice[name]) { all++; moved += other[name] }
              print (all > 60 ? "many" : all), moved + 0 }'
}
for program in usertests shared sh cat; do
    equal "$program: names that all have, at different addresses" "$(names $program)" "many 0"
done

scenario sh.scn.yml <<'S'
stop: 1s
defaults: { node: { memory: 32MiB, append: "init=/sh", initrd: "@GUESTS@/kernel.cpio", expect: { exit: 7 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64" }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
run sh-a 0 sh.scn.yml --backend direct
first=$dir
one_core
run sh-b 0 sh.scn.yml --backend direct
PREFIX=
same "on all cores and on one: identical" "$first" "$dir"
for node in alpha beta gamma; do
    sed -n '/^Welcome/,/^cob: result/p' "$first/console/$node.raw" | tr -d '\r' >"$node.txt"
    cat <<'S' >want.txt
Welcome to the kernel.
node 0 of 1, script /rc
2 3 14
1 4 23
counted: 0
count: 3
sh: /no-such-program: error 2
not found: 127
cat: /no-such-file: error 2
cat: 1
one and two
inner: 4
kill: 9999: error 3
no such process
waited: 137
first
second
on this node
/rc:20: /echo cannot be started: error 22
no such node: 127
it's the end
S
    grep -v '^cob: result' "$node.txt" >got.txt
    check "$node: the shell does what the script says" diff want.txt got.txt
done
finish
