# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# node-faults - faults of nodes, on bare guests of each instruction set (tests/guests/fabric_faults.c): what the guest
# sees of them, at which time, what trace and result say; and all of it is the same in every run, on one core under
# load.
. "$E2E/lib.sh"

# hits DIR FAULT: how often it acted, by result.json
hits() {
    awk -v n="\"$2\"," '
        /^  "faults":/ { inside = 1 }
        inside && $1 == "\"name\":" { ours = $2 == n }
        ours && $1 == "\"hits\":" { sub(/,$/, "", $2); print $2; exit }' "$1/result.json"
}

# ---- messages and interrupts (the guest reads the clock, then looks: up to some 50 ns before it happened)

# messages NAME ARCH ARCH
messages() {
    scenario "$1.scn.yml" <<S
stop: 1s
defaults: { node: { memory: 32MiB, append: "faults count=12", expect: { exit: 0 } } }
nodes:
  alpha: { arch: $2, kernel: "@GUESTS@/fabric-$2" }
  beta: { arch: $3, kernel: "@GUESTS@/fabric-$3" }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr, rate: 50Gbit }
faults:
  - { name: lost, node: beta, after: { kind: send, from: alpha, nth: 2 }, count: 1, interrupt: lost }
  - { name: late, node: beta, after: { kind: send, from: alpha, nth: 4 }, count: 1, interrupt: late, by: 7us }
  - { name: flip, node: beta, after: { kind: send, from: alpha, nth: 6 }, count: 1, dma-flip: 100% }
  - { name: bad, node: beta, after: { kind: send, from: alpha, nth: 8 }, count: 1, completion: peer, queue: 2 }
  - { name: worse, node: alpha, after: { kind: send, from: alpha, nth: 10 }, count: 1, completion: reset }
  - { name: other, node: beta, count: 1, completion: peer, queue: 3 }
S
}

for archs in "x86_64 aarch64" "aarch64 riscv64" "riscv64 x86_64"; do
    # shellcheck disable=SC2086
    set -- $archs
    messages "messages-$1" "$1" "$2"
    run "messages-$1" 0 "messages-$1.scn.yml" --backend direct
    first=$dir
    tr -d '\r' <"$dir/console/alpha.raw" | grep '^sent' >sent.txt
    tr -d '\r' <"$dir/console/beta.raw" | grep '^got' >got.txt
    equal "messages $1 $2: sent, of them with an error" "$(wc -l <sent.txt) $(grep -v 'status 0$' sent.txt)" \
        "12 sent 9: status 7"
    equal "messages $1 $2: received" "$(wc -l <got.txt)" 12
    equal "messages $1 $2: with an error" "$(grep -v 'status 0,' got.txt | cut -d , -f 1)" "got 7: status 6"
    equal "messages $1 $2: with wrong bits" "$(grep -v 'bits 0,' got.txt | cut -d , -f 1,2)" \
        "got 5: status 0, wrong bits 1"
    equal "messages $1 $2: without interrupt" "$(grep 'none$' got.txt | cut -d : -f 1)" "got 1"
    equal "messages $1 $2: an interrupt 7 us late" \
        "$(awk '$NF != "none" && $NF >= 1000 { print $2, ($NF >= 6950 && $NF < 7100) }' got.txt)" "3: 1"
    for fault in lost late flip bad worse; do
        equal "messages $1 $2: hits of $fault" "$(hits "$dir" $fault)" 1
    done
    equal "messages $1 $2: nothing happens on another queue" "$(hits "$dir" other)" 0
done
load
one_core
run messages-again 0 messages-riscv64.scn.yml --backend direct
unload
PREFIX=
same "messages: again, on one core under load: identical" "$first" "$dir"

# ---- memory, code, pause, slow: a node of each instruction set; a page of each at `at`

scenario victims.scn.yml <<'S'
stop: 1s
defaults: { node: { memory: 32MiB, expect: { exit: 0 } } }
nodes:
  xray: { arch: x86_64, cpus: 2, kernel: "@GUESTS@/fabric-x86_64", append: "victim ms=40 at=16777216" }
  arm: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", append: "victim ms=40 at=1090519040" }
  risc: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64", append: "victim ms=40 at=2164260864" }
  smp: { arch: aarch64, cpus: 3, kernel: "@GUESTS@/fabric-aarch64", append: "victim ms=40 at=1090519040" }
  gone: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64", append: "victim ms=40 at=2164260864",
          expect: { end: crashed } }
switches: { sw: { kind: fabric, latency: 200ns } }
links: [ { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr, delay: 20us } ]
faults:
  - { name: x-byte, node: xray, at: 25ms, memory-flip: 0x1000005, bit: 4 }
  - { name: a-byte, node: arm, at: 25ms, memory-flip: 0x41000005, bit: 4 }
  - { name: r-byte, node: risc, at: 25ms, memory-flip: 0x81000005, bit: 4 }
  - { name: x-code, node: xray, at: 26ms, memory-flip: 0x1001001, bit: 1 }   # mov $33, %eax
  - { name: a-code, node: arm, at: 26ms, memory-flip: 0x41001000, bit: 6 }   # mov w0, #33
  - { name: r-code, node: risc, at: 26ms, memory-flip: 0x81001002, bit: 5 }  # li a0, 33
  - { name: stop, node: "*r*", at: 27ms, pause: 3ms }                        # xray, arm, risc
  - { name: stop-smp, node: smp, at: 27ms, pause: 3ms }
  - { name: gone, node: gone, at: 32000001ns, crash: true }
S
run victims 0 victims.scn.yml --backend direct
first=$dir
"$COB" trace "$dir" | grep ' fault ' >faults.txt
for node in xray arm risc smp; do
    tr -d '\r' <"$dir/console/$node.raw" >"$node.txt"
    if [ $node != smp ]; then
        equal "$node: one bit of one byte" "$(grep '^flipped' $node.txt)" "flipped byte 5: 16"
        equal "$node: an instruction changed, at its time" \
            "$(sed -n 's/^code at //p' $node.txt | awk '{ print $2, ($1 + 0 >= 25999000 && $1 + 0 < 26001000) }')" "35 1"
    fi
    equal "$node: paused to the end, by so much" "$(sed -n 's/^gap at //p' $node.txt |
        awk '{ print ($1 >= 30000000 && $1 < 30001000), ($2 >= 3000000 && $2 < 3001000) }')" "1 1"
done
equal "gone: how it ended" "$(node "$dir" gone end) $(node "$dir" gone end_ps)" "crashed 32000001000"
cat faults.txt
equal "hits of a pause of three nodes" "$(hits "$dir" stop)" 3
run victims-again 0 victims.scn.yml --backend libvirt
same "victims: again, with libvirt: identical" "$first" "$dir"

# ---- the same, set off by a message: what beta gets is the third and the fifth from alpha

scenario triggered.scn.yml <<'S'
stop: 1s
defaults: { node: { memory: 32MiB, expect: { exit: 0 } } }
nodes:
  alpha: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", append: "faults count=8" }
  beta: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64", append: "faults count=8" } # up after all others
  xray: { arch: x86_64, cpus: 2, kernel: "@GUESTS@/fabric-x86_64", append: "victim ms=60 at=16777216" }
  arm: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", append: "victim ms=60 at=1090519040" }
  risc: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64", append: "victim ms=60 at=2164260864" }
  gone: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", append: "victim ms=60 at=1090519040",
          expect: { end: crashed } }
switches: { sw: { kind: fabric, latency: 200ns } }
links: [ { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr, delay: 20us } ]
faults:
  - { name: stop, node: "*r*", after: { kind: send, from: alpha, nth: 3 }, pause: 300us }
  - { name: crash, node: gone, after: { kind: send, from: alpha, to: beta, nth: 5 }, crash: true }
  - { name: never, node: arm, after: { kind: send, from: beta }, crash: true }
S
run triggered 0 triggered.scn.yml --backend direct
"$COB" trace "$dir" >triggered.txt
# ns TEXT: the time of a line, in whole ns (rounded down)
ns() {
    awk '{ split($1, t, "."); print t[1] * 1000000000 + substr(t[2] "000000000", 1, 9) }'
}
third=$(grep 'packet tx .* send q[0-9]* alpha>beta' triggered.txt | sed -n 3p | ns)
fifth=$(grep 'packet tx .* send q[0-9]* alpha>beta' triggered.txt | sed -n 5p | ns)
begin=$(grep 'fault stop begin' triggered.txt | head -n 1 | ns)
crash=$(grep 'fault crash hit' triggered.txt | ns)
# 300 ns of pipeline, 20 us to the switch, 20 us and 300 ns of pipeline to the node
equal "triggered: a pause 40.6 us after the third message" "$((begin - third >= 40600 && begin - third < 41500))" 1
equal "triggered: a crash so long after the fifth" "$((crash - fifth - (begin - third)))" 0
equal "triggered: how it ended" "$(node "$dir" gone end)" crashed
equal "triggered: hits of the pause, of the crash, and of what nothing sets off" \
    "$(hits "$dir" stop) $(hits "$dir" crash) $(hits "$dir" never)" "3 1 0"
for node in xray arm risc; do
    equal "triggered: $node: paused to the end, by so much" "$(tr -d '\r' <"$dir/console/$node.raw" |
        sed -n 's/^gap at //p' | awk -v end=$((begin + 300000)) '{
            print ($1 >= end && $1 < end + 1000), ($2 >= 300000 && $2 < 301000) }')" "1 1"
done
triggered=$dir
load
one_core
run triggered-again 0 triggered.scn.yml --backend libvirt
unload
PREFIX=
same "triggered: again, with libvirt on one core under load: identical" "$triggered" "$dir"

# Switched off at 25 ms, on again at 30 ms: everything happens again 30 ms later, to the nanosecond; what is scheduled
# for later is not forgotten. (A line that was begun is cut off.)
scenario restart.scn.yml <<'S'
stop: 1s
defaults: { node: { memory: 32MiB, expect: { exit: 0 } } }
nodes:
  xray: { arch: x86_64, cpus: 2, kernel: "@GUESTS@/fabric-x86_64", append: "victim ms=60 at=16777216" }
  arm: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", append: "victim ms=60 at=1090519040" }
  risc: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64", append: "victim ms=60 at=2164260864" }
switches: { sw: { kind: fabric, latency: 200ns } }
links: [ { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr, delay: 20us } ]
faults:
  - { name: again, node: "*", at: 25ms, restart: 5ms }
  - { name: x-byte, node: xray, at: 55ms, memory-flip: 0x1000005, bit: 4 }
  - { name: a-byte, node: arm, at: 55ms, memory-flip: 0x41000005, bit: 4 }
  - { name: r-byte, node: risc, at: 55ms, memory-flip: 0x81000005, bit: 4 }
S
run restart 0 restart.scn.yml --backend direct
restart=$dir
for node in xray arm risc; do
    tr -d '\r' <"$dir/console/$node.raw" >"$node.txt"
    equal "$node: restarted, the same 30 ms later" \
        "$(sed -n 's/^victim since: //p' $node.txt | awk '{ t[n++] = $1 } END { print n, t[1] - t[0] }')" "2 30000000"
    equal "$node: a fault after the restart" "$(grep '^flipped' $node.txt)" "flipped byte 5: 16"
done
load
one_core
run restart-again 0 restart.scn.yml --backend libvirt
unload
PREFIX=
same "restart: again, with libvirt on one core under load: identical" "$restart" "$dir"

# Four times slower for 8 ms: 6 ms of execution less.
sed -e '/^faults:/,$d' victims.scn.yml >plain.scn.yml
sed -i 's/, *$/,/; s/expect: { end: crashed }/expect: { exit: 0 }/' plain.scn.yml
cp plain.scn.yml slow.scn.yml
echo 'faults: [ { name: slow, node: "*", at: 28ms, for: 8ms, slow: 4 } ]' >>slow.scn.yml
run plain 0 plain.scn.yml --backend direct
plain=$dir
cp plain.scn.yml dice.scn.yml
echo 'faults: [ { name: dice, node: arm, at: 30ms, memory-flip: random } ]' >>dice.scn.yml
run dice 0 dice.scn.yml --backend direct
dice=$dir
equal "dice: one bit somewhere, and the memory is another one" \
    "$(hits "$dir" dice) $([ "$(node "$dir" arm ram_xxh3)" != "$(node "$plain" arm ram_xxh3)" ] && echo other)" "1 other"
equal "dice: the trace says where" "$("$COB" trace "$dir" | sed -n 's/.* arm  *fault dice hit value //p' |
    awk '{ print ($1 >= 8 * 1073741824 && $1 < 8 * (1073741824 + 32 * 1048576)) }')" 1
for node in xray risc smp; do
    equal "dice: nothing happens to $node" "$(node "$dir" $node ram_xxh3)" "$(node "$plain" $node ram_xxh3)"
done
run dice-again 0 dice.scn.yml --backend direct
same "dice: again: the same bit" "$dice" "$dir"

run slow 0 slow.scn.yml --backend direct
for node in xray arm risc smp; do
    equal "$node: four times slower for 8 ms: executes as if it had 6 ms less" "$(cat "$plain/console/$node.raw" \
        "$dir/console/$node.raw" | tr -d '\r' | awk '
            $1 == "victim" { since = $3 }
            $1 == "turns:" { turns[n++] = $2 }
            END { ns = 40000000 - since; want = turns[0] * (ns - 6000000) / ns
                  print (turns[1] > want * 0.999 && turns[1] < want * 1.001) }')" 1
done
load
one_core
slow=$dir
run slow-again 0 slow.scn.yml --backend direct
unload
PREFIX=
same "slow: again, on one core under load: identical" "$slow" "$dir"
finish
