# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-stress - random system calls with hostile arguments: on each instruction set alone, with 1 and 4 CPUs, and over three
# nodes, from threads at replicas, with page states that never contradict each other; no panic, no wait without end, no
# pointer that should be refused, two runs identical. Calls that have much to do keep no node from hearing others. Memory that
# ends ends processes, or is refused, on nodes with little of it.
. "$E2E/lib.sh"

# trio FILE CPUS APPEND OTHERS: OTHERS is appended on the second and third node
trio() {
    scenario "$1" <<S
stop: 30s
check: { coherence: true }
defaults: { node: { memory: 64MiB, cpus: $2, append: "$4", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", initrd: "@GUESTS@/kernel.cpio", append: "$3" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64", initrd: "@GUESTS@/kernel.cpio" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64", initrd: "@GUESTS@/kernel.cpio" }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
}

# survived TEXT CONSOLE CALLS: at least so many calls were counted
survived() {
    contains "$1: nothing is wrong" "$2" '^stress: 0 wrong'
    check "$1: calls" [ "$(sed -n 's/^stress: seed .* killed, \([0-9]*\) calls.*/\1/p' "$2")" -ge "$3" ]
}

for cpus in 1 4; do
    trio "alone-$cpus.scn.yml" $cpus "init=/stress,$cpus,40,100" "init=/stress,$cpus,40,100"
    run "alone-$cpus" 0 "alone-$cpus.scn.yml" --backend direct --no-capture
    for node in alpha beta gamma; do
        survived "$node alone, $cpus CPUs" "$dir/console/$node.raw" 1500
    done
done

for cpus in 1 4; do
    trio "nodes-$cpus.scn.yml" $cpus "init=/stress,$((10 + cpus)),30,80 cluster=on" "init=- cluster=on"
    run "nodes-$cpus" 0 "nodes-$cpus.scn.yml" --backend direct --no-capture
    survived "over nodes, $cpus CPUs" "$dir/console/alpha.raw" 800
    first=$dir
done
load
one_core
run nodes-again 0 nodes-4.scn.yml --backend direct --no-capture
unload
PREFIX=
same "over nodes, 4 CPUs, on one core under load: identical" "$first" "$dir"

for memory in 16; do
    trio hungry.scn.yml 1 "init=/hungry cluster=on" "init=- cluster=on"
    sed "s/memory: 64MiB/memory: ${memory}MiB/" hungry.scn.yml >"hungry-$memory.scn.yml"
    run "hungry-$memory" 0 "hungry-$memory.scn.yml" --backend direct --no-capture
    contains "$memory MiB: nothing is wrong" "$dir/console/alpha.raw" '^hungry: 0 wrong'
    for node in alpha beta gamma; do
        contains "$memory MiB, $node: memory has ended" "$dir/console/$node.raw" '^process [0-9]+: the page at [0-9a-f]+ is lost: error 1'
    done
done

trio much.scn.yml 1 "init=/much cluster=on" "init=- cluster=on"
run much 0 much.scn.yml --backend direct --no-capture
contains "much to do: nothing is wrong" "$dir/console/alpha.raw" '^much: 0 wrong'
equal "much to do: what was said is there" "$(grep -c '^x\{127\}.\{0,1\}$' "$dir/console/alpha.raw")" 16384
finish
