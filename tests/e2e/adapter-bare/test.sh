# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# adapter-bare - the fabric adapter, driven by bare guests (tests/guests/fabric.c) of each instruction set: what they
# measure is the link's arithmetic, a longer delay is seen exactly, a peer's WRITE changes code that is being executed,
# event port and result port work, and all of it is the same in every run, on one core, under load, with either back
# end.
. "$E2E/lib.sh"

# pair NAME DELAY ARCH ARCH WORDS [EXIT]
pair() {
    scenario "$1.scn.yml" <<S
stop: 1s
defaults: { node: { memory: 32MiB, append: "$5", expect: { exit: ${6-0} } } }
nodes:
  alpha: { arch: $3, kernel: "@GUESTS@/fabric-$3" }
  beta: { arch: $4, kernel: "@GUESTS@/fabric-$4" }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr, rate: 50Gbit, delay: $2 }
S
}

# measured DIR DELAY_NS: judges what alpha and beta measured. A packet takes 300 ns in each pipeline, the delay, and
# (48 + 14 + payload) * 8 / 50 ns on the wire; there are 4096 bytes in a full one, which follow each other without a
# gap. An answer without data is a packet, too, and ATOMICs carry 16 bytes there and 8 back. Software: at most 8 ns,
# and 1 ns for each packet that is not at a whole one. Prints "<figures> <of them wrong>".
measured() {
    cat "$1/console/alpha.raw" "$1/console/beta.raw" | tr -d '\r' | awk -v delay="$2" '
        function wire(bytes) { return (62 + bytes) * 8 / 50 }
        function all(bytes, n) { n = int((bytes + 4095) / 4096); return n * wire(0) + bytes * 8 / 50 }
        function judge(what, got, want) {
            n++
            if (got < want || got > want + 8 + 2) { wrong++; print what " took " got ", expected " want >"/dev/stderr" }
        }
        { sub(/:/, ""); gsub(/,/, "") }
        $1 == "send" { judge($0, $5, 600 + delay + all($2)); judge($0, $7, 1200 + 2 * delay + all($2) + wire(0)) }
        $1 == "write" || $1 == "read" { judge($0, $3, 1200 + 2 * delay + all($2) + wire(0)) }
        $1 == "cas" || $1 == "add" { judge($0, $3, 1200 + 2 * delay + wire(16) + wire(8)) }
        $1 == "stream" { judge($0, $4, $2 * all($3) - 1) }
        END { print n + 0, wrong + 0 }'
}

# figures FILE: the lines of alpha's console that have some
figures() {
    tr -d '\r' <"$1" | grep -E '^(send|write|read|cas|add)'
}

for archs in "x86_64 aarch64" "aarch64 riscv64" "riscv64 x86_64"; do
    # shellcheck disable=SC2086
    set -- $archs
    pair "ping-$1" 100ns "$1" "$2" ping
    run "ping-$1-a" 0 "ping-$1.scn.yml" --backend libvirt
    first=$dir
    [ "$1" != x86_64 ] || near=$dir
    load
    one_core
    run "ping-$1-b" 0 "ping-$1.scn.yml" --backend direct
    unload
    PREFIX=
    same "ping $1 $2: libvirt on all cores, direct on one core under load: identical" "$first" "$dir"
    # shellcheck disable=SC2046
    set -- "$@" $(measured "$first" 100)
    equal "ping $1 $2: figures" "$3" 31
    equal "ping $1 $2: of them not the link's arithmetic" "$4" 0

    pair "patch-$1" 100ns "$1" "$2" patch
    run "patch-$1" 0 "patch-$1.scn.yml" --backend direct
    contains "patch $1 $2: beta ran old code meanwhile, and then the new" "$dir/console/beta.log" \
        'patch: calls of old code: [1-9]'
done

# alpha's clock starts anew for each measurement, so what differs is the delay alone
pair far 1100ns x86_64 aarch64 ping
run far 0 far.scn.yml --backend direct
# shellcheck disable=SC2046
set -- $(measured "$dir" 1100)
equal "1 us more: of $1 figures not the link's arithmetic" "$2" 0
figures "$near/console/alpha.raw" >near.txt
figures "$dir/console/alpha.raw" >far.txt
equal "1 us more: each one way takes 1000 ns more, each way and back 2000" "$(paste -d ' ' near.txt far.txt |
    awk '{ gsub(/[,:]/, "") }
        $1 == "send" && ($14 - $5 != 1000 || $16 - $7 != 2000) { print }
        ($1 == "write" || $1 == "read") && $6 - $3 != 2000 { print }
        ($1 == "cas" || $1 == "add") && $6 - $3 != 2000 { print }')" ""
equal "1 us more: lines compared" "$(wc -l <far.txt)" 23

# An instruction takes 2, 16 or 4 ns, and there are several vCPUs (an x86 one is reset while the firmware starts it).
scenario slow.scn.yml <<'S'
stop: 1s
defaults: { node: { memory: 32MiB, append: "storm count=100 begin=130", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, cpus: 2, speed: 500MIPS, kernel: "@GUESTS@/fabric-x86_64" }
  beta: { arch: aarch64, cpus: 3, speed: 62.5MIPS, kernel: "@GUESTS@/fabric-aarch64" }
  gamma: { arch: riscv64, cpus: 2, speed: 250MIPS, kernel: "@GUESTS@/fabric-riscv64" }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
run slow-a 0 slow.scn.yml --backend libvirt
first=$dir
run slow-b 0 slow.scn.yml --backend direct
same "slow guests with several vCPUs: two runs are identical" "$first" "$dir"

pair ports 100ns riscv64 aarch64 "ports status=42" 42
run ports 0 ports.scn.yml --backend direct
"$COB" trace "$dir" >ports.txt
for node in alpha beta; do
    equal "$node: the result port's status" "$(node "$dir" $node exit)" 42
    equal "$node: nothing comes after the result port" "$(grep -c 'nothing comes after' "$dir/console/$node.raw")" 0
    contains "$node: a record in the trace" ports.txt "^[0-9.]+ s  $node +event 7 arg 4294967295 \"a record with \"text\" and a zero \\\\x00\\.\"$"
    equal "$node: its records" "$(grep -c -E "s  $node +event " ports.txt)" 3
    # the guest read the device's clock before and after
    before=$(tr -d '\r' <"$dir/console/$node.raw" | sed -n 's/^before the events, ns: //p')
    after=$(tr -d '\r' <"$dir/console/$node.raw" | sed -n 's/^after them, ns: //p')
    equal "$node: they are where the guest was" "$(awk -v a="$before" -v b="$after" -v node="$node" '
        $3 == node && $4 == "event" { split($1, p, "."); t = p[1] * 1000000000 + substr(p[2] "000000000", 1, 9)
            if (t <= a || t >= b) print }' ports.txt)" ""
done
finish
