# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# replay - eight nodes of three instruction sets exchange messages on all queues of their adapters; then each of them runs
# again alone, from its replay log: it emits the same and ends with the same memory, with either back end, also beside busy
# processes. A guest that was changed is caught with the first message that differs. A time to stop at, the traffic over
# another interconnect, logs that are damaged, cut off, of another version or not there, a run that was killed.
. "$E2E/lib.sh"

scenario storm.scn.yml <<'S'
stop: 2s
defaults: { node: { memory: 32MiB, append: "storm count=100 seed=1 begin=30", expect: { exit: 0 } } }
nodes:
  x: { arch: x86_64, count: 2, kernel: "@GUESTS@/fabric-x86_64" }
  a: { arch: aarch64, count: 3, kernel: "@GUESTS@/fabric-aarch64" }
  r: { arch: riscv64, count: 3, kernel: "@GUESTS@/fabric-riscv64" }
switches:
  one: { kind: fabric, mode: cut-through, latency: 200ns }
  two: { kind: fabric, mode: cut-through, latency: 200ns }
links:
  - { endpoints: ["x*:fab0", "one"], profile: infiniband-fdr }
  - { endpoints: ["a*:fab0", "two"], profile: infiniband-fdr }
  - { endpoints: ["r*:fab0", "one"], profile: infiniband-fdr }
  - { endpoints: ["one", "two"], profile: infiniband-fdr }
S

# replay NAME STATUS [OPTION]...: `cob replay` of $first, which must end with this exit status; sets out and dir
replay() {
    out=$WORK/$1.out want=$2
    shift 2
    "$COB" replay --backend direct "$@" >"$out" 2>&1
    status=$?
    dir=$(sed -n '$s/.*, \(\/[^,]*\)$/\1/p' "$out")
    dir=${dir:-$WORK/no-run-directory}
    echo "--- cob replay $*: exit status $status"
    cat "$out"
    equal "${out##*/} exit status" "$status" "$want"
}

run first 0 storm.scn.yml --backend direct
first=$dir
run second 0 storm.scn.yml --backend libvirt
for node in x0 x1 a0 a1 a2 r0 r1 r2; do
    check "$node: two runs have the same replay log" cmp "$first/replay/$node.log" "$dir/replay/$node.log"
done
run without 0 storm.scn.yml --backend direct --no-replay
check "--no-replay: no log" [ -z "$(ls "$dir/replay")" ]
without=$dir

for node in x0 x1 a0 a1 a2 r0 r1 r2; do
    [ $node = r0 ] && load
    replay $node 0 "$first" --node $node
    [ $node = r0 ] && unload
    equal "$node: memory at the end" "$(node "$dir" $node ram_xxh3)" "$(node "$first" $node ram_xxh3)"
    equal "$node: frames" "$(node "$dir" $node tx_frames)" "$(node "$first" $node tx_frames)"
    equal "$node: when it ended" "$(node "$dir" $node end_ps)" "$(node "$first" $node end_ps)"
    check "$node: the same console" cmp "$dir/console/$node.log" "$first/console/$node.log"
done
grep -h ' virtual in ' ./*.out # the wall times, for who reads this
equal "latest is still a run" "$(readlink "$COB_RUNS/latest")" "$(basename "$without")"
replay libvirt 0 "$first" --node a0 --backend libvirt
equal "a0, libvirt: memory at the end" "$(node "$dir" a0 ram_xxh3)" "$(node "$first" a0 ram_xxh3)"

# a changed guest: another seed of its messages; another kernel, which sends none
replay changed 4 "$first" --node a1 --append "storm count=100 seed=2 begin=30"
contains "changed: the first difference" "$out" '^a1: first difference at 0\.03[0-9]* s of virtual time$'
contains "changed: what was recorded" "$out" '^  recorded  0\.03[0-9]* s packet tx #[0-9]+ [a-z-]+ q[0-7] a1>[xar][012] '
contains "changed: what came instead" "$out" '^  replay    0\.03[0-9]* s packet tx #[0-9]+ [a-z-]+ q[0-7] a1>[xar][012] '
contains "changed: the bytes" "$out" '^  first different byte: [0-9]+ of [0-9]+'
replay kernel 4 "$first" --node a1 --kernel "$GUESTS/busy-aarch64" --append ""
contains "another kernel: recorded, but not emitted" "$out" '^  replay +'
# one message more: differs only later
replay later 4 "$first" --node r1 --append "storm count=101 seed=1 begin=30"
check "one message more: most frames are the same" [ "$(node "$dir" r1 tx_frames)" -gt 50 ]

# --until
replay until1 0 "$first" --node x0 --until 31ms
one=$(node "$dir" x0 ram_xxh3)
equal "--until: where it stopped" "$(node "$dir" x0 end_ps)" 31000000000
replay until2 0 "$first" --node x0 --until 31ms
equal "--until twice: the same memory" "$(node "$dir" x0 ram_xxh3)" "$one"
replay until3 0 "$first" --node x0 --until 31001us
check "--until, another time: another memory" [ "$(node "$dir" x0 ram_xxh3)" != "$one" ]

# --fabric: the run's own one gives what was recorded; slower switches, later arrivals
replay fabric-same 0 "$first" --fabric storm.scn.yml
total=$(fabric "$first" delivered)
contains "--fabric: the model says what the run says" "$out" "^$total of $total recorded deliveries come out"
check "--fabric: the same interconnect: the same times" awk '
    $1 == "*" { n++; if ($4 != $9 || $5 != $10 || $6 != $11 || $7 != $12) wrong++ } END { exit wrong || n < 8 }' "$out"
sed 's/200ns/700ns/' storm.scn.yml >slow.scn.yml
replay fabric-slow 0 "$first" --fabric slow.scn.yml
check "--fabric: slower switches: later" awk '
    $1 == "*" { n++; if ($4 != $9 || $10 <= $5) wrong++ } END { exit wrong || n < 8 }' "$out"
"$COB" replay "$first" --fabric slow.scn.yml --json >fabric.json
contains "--fabric --json" fabric.json '"latencies": *\[\{"from": *"'
sed 's/  x: /  z: /; s/x\*/z*/' storm.scn.yml >other.scn.yml
replay fabric-other 2 "$first" --fabric other.scn.yml
contains "--fabric: other nodes" "$out" 'must have the nodes of the run'

# what is no good log
cp -r "$first" "$COB_RUNS/spoilt"
log=$COB_RUNS/spoilt/replay/a0.log
size=$(stat -c %s "$log")
printf '\252' | dd of="$log" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
replay corrupt 2 spoilt --node a0
contains "corrupt: path, offset, reason" "$out" "spoilt/replay/a0.log: offset [0-9]+: this block is damaged"
replay corrupt-fabric 2 spoilt --fabric storm.scn.yml
head -c $((size / 2)) "$first/replay/a0.log" >"$log"
replay cut 2 spoilt --node a0
contains "cut off: path, offset, reason" "$out" "spoilt/replay/a0.log: offset [0-9]+: the file ends in"
replay cut-until 0 spoilt --node a0 --until 30ms
contains "cut off: as far as it is known" "$out" '^a0 same so far: 30 ms virtual'
cp "$first/replay/a0.log" "$log"
printf '\377' | dd of="$log" bs=1 seek=16 conv=notrunc 2>/dev/null
replay version 2 spoilt --node a0
contains "another version" "$out" "a0.log: offset 0: a replay log of another version of cob"
cp "$first/replay/a1.log" "$log"
replay foreign 2 spoilt --node a0
contains "another node's log" "$out" "this is not the log of node a0"
replay none 2 "$without" --node a0
contains "no log" "$out" 'a0.log: No such file or directory .was the run made with --no-replay'
replay nobody 2 "$first" --node q
contains "no such node" "$out" "has no node 'q'; it has x0 x1 a0"
replay usage 2 "$first"

# a run that is killed in the middle: what it had written is good
sed 's/count=100/count=3000/' storm.scn.yml >long.scn.yml
start killed long.scn.yml --backend direct
log=$COB_RUNS/long-001/replay/a2.log
until [ -f "$log" ] && [ "$(wc -c <"$log")" -gt 300000 ]; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
done
check "the killed run has written blocks" [ "$(wc -c <"$log")" -gt 300000 ]
kill -9 "$pid"
wait "$pid" 2>/dev/null
replay killed 2 long-001 --node a2
contains "killed: says up to when" "$out" '--until [0-9]+ps replays what is known'
reach=$(sed -n 's/.*--until \([0-9]*\)ps.*/\1/p' "$out")
replay killed-until 0 long-001 --node a2 --until "$((reach / 1000))ns"
contains "killed: replays" "$out" '^a2 same so far: '
finish
