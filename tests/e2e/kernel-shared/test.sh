# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-shared - memory that the kernels of three instruction sets share: results are right, no outcome that sequential
# consistency forbids, exact messages for each way in which a page comes to a node, two runs identical; when a node dies,
# its pages end the processes that touch them, and the others go on.
. "$E2E/lib.sh"

# trio FILE APPEND GAMMA: GAMMA is added to that node; what follows the links is read from the standard input
trio() {
    { cat <<S
stop: 2s
defaults: { node: { memory: 32MiB, append: "$2 cluster=on", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", initrd: "@GUESTS@/kernel.cpio" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64", initrd: "@GUESTS@/kernel.cpio" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64", initrd: "@GUESTS@/kernel.cpio"$3 }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
    cat; } | scenario "$1"
}

# messages PAGE: types of the messages for it, in order, from the event port (docs/kernel.md); page below 256
messages() {
    grep -a -F ' event 34 arg ' trace.txt | grep -a -F "\"$(printf '\\x%x\\x00' "$1")" | sed 's/.* arg \([0-9]*\) .*/\1/' |
        awk '{ split("GET FWD INV ACK DATA GRANT", name, " ")
               printf "%s%s", (NR > 1 ? " " : ""), name[int($1 / 65536) - 63] }'
}

# bounded TEXT US: in the run's microseconds, after the crash at 60 ms and at most 22 ms later (20 ms of silence, one beat)
bounded() {
    check "$1: at ${2:-no time}" [ "${2:-0}" -ge 60000 -a "${2:-0}" -le 82000 ]
}

trio shared.scn.yml init=/shared "" </dev/null
run shared-a 0 shared.scn.yml --backend libvirt
first=$dir
one_core
run shared-b 0 shared.scn.yml --backend direct
PREFIX=
same "libvirt on all cores, direct on one core: identical" "$first" "$dir"
for node in alpha beta gamma; do
    console=$first/console/$node.raw
    contains "$node: nothing is wrong" "$console" '^shared: 0 wrong'
    equal "$node: tests that passed" "$(grep -c '^PASS' "$console")" 7
    contains "$node: counters" "$console" '^counter: 300 under a lock, 300 atomic, of 300'
    contains "$node: message passing" "$console" '^message passing from node [0-2]: [0-9]{2,} values .* forbidden 0'
    contains "$node: store buffering" "$console" '^store buffering .*: [0-9]{2,} changes seen, forbidden 0'
done
"$COB" trace "$first" >trace.txt
equal "read miss, the home has it: 2 messages" "$(messages 192)" "GET DATA"
equal "first write: 2; read miss, another has it: 3" "$(messages 195)" "GET GRANT GET FWD DATA"
equal "then a write with a copy, one other reader: 4; a read: 3" "$(messages 198)" \
    "GET GRANT GET FWD DATA GET INV ACK GRANT GET FWD DATA"
equal "write without a copy, another has it: 3" "$(messages 201)" "GET GRANT GET FWD DATA GET FWD DATA"

trio lost.scn.yml init=/lost ", expect: { end: crashed }" <<'S'
faults: [ { name: gone, node: gamma, at: 60ms, crash: true } ]
S
run lost 0 lost.scn.yml --backend direct
for node in alpha beta; do
    contains "$node: notices the death" "$dir/console/$node.raw" '^cluster: node 2 is dead, riscv64'
    bounded "$node: who waited for a page of its ends by SIGBUS, within 22 ms" \
        "$(sed -n 's/^lost: who waited ends with 7 at \([0-9]*\) us.*/\1/p' "$dir/console/$node.raw")"
    contains "$node: who touches its pages ends by SIGBUS" "$dir/console/$node.raw" \
        '^lost: its page 7, its home 7, again 7'
    contains "$node: goes on with the others" "$dir/console/$node.raw" '^lost: the others go on'
done
finish
