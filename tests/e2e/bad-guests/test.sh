# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bad-guests - a guest that reboots, powers off, panics, hangs, halts, fails, fills its console or is killed from outside
# is named with what it did; the others' results, consoles and traces are as if nothing had been.
. "$E2E/lib.sh"

# named TEXT SENTENCE: cob run has said it
named() {
    check "$1" grep -q -x -F -e "$2" "$out"
}

# healthy TEXT DIR: good has done its work and all of it is on record
healthy() {
    equal "$1: good's exit" "$(node "$2" good exit)" 0
    equal "$1: good's verdict" "$(node "$2" good verdict)" ok
    contains "$1: good's console" "$2/console/good.log" '2 packets transmitted, 2 packets received'
    "$COB" trace "$2" --node good >good.trace
    equal "$1: every frame of good is in the trace" "$(grep -c ' frame tx ' good.trace)" "$(node "$2" good tx_frames)"
    contains "$1: good's end is in the trace" good.trace 'good +state result 0'
    equal "$1: the fabric's books" "$(top "$2" conservation)" ''
}

scenario rack.scn.yml <"$CASE/rack.scn.yml.in"
run rack 1 rack.scn.yml --backend direct
sentence "rack: the last line" rack failed
complete "rack: the run directory" "$dir" good mate panics fails reboots leaves resets-x86 resets-riscv leaves-x86 \
    leaves-riscv halts
healthy rack "$dir"
named "panic" 'node panics: its kernel panicked'
contains "panic: its words are on the console" "$dir/console/panics.log" 'Kernel panic - not syncing: sysrq triggered crash'
named "failure" 'node fails: exit status 3, expected 0'
named "reboot" 'node reboots: rebooted'
named "power-off" 'node leaves: powered off before its script ended'
for isa in x86 riscv; do
    named "reset on $isa" "node resets-$isa: rebooted"
    equal "reset on $isa: end" "$(node "$dir" resets-$isa end)" reset
    equal "power-off on $isa: end" "$(node "$dir" leaves-$isa end)" shutdown
    equal "reset on $isa: console" "$(sed -n '$s/^[^]]*] //p' "$dir/console/resets-$isa.log")" 'misbehave: reset'
done
named "missing words" 'node halts: no console line matches "never said"'
equal "nobody else is named" "$(grep -c '^node ' "$out")" 7

scenario hang.scn.yml <"$CASE/peer.scn.yml.in"
sed -i 's/@NAME@/hang/' hang.scn.yml
run hang 1 hang.scn.yml --backend libvirt
sentence "hang: the last line" hang failed
complete "hang: the run directory" "$dir" good mate bad
healthy hang "$dir"
named "a guest that turns in circles" 'node bad: no console line matches "never said"'
named "a guest that sleeps" 'node mate: reached the stop time before its script ended'
equal "hang: end of who turns in circles" "$(node "$dir" bad end) $(node "$dir" bad end_ps)" 'stopped 2000000000000'
equal "hang: end of who sleeps" "$(node "$dir" mate end) $(node "$dir" mate end_ps)" 'stopped 2000000000000'
hang=$dir

for backend in libvirt direct; do
    scenario kill-$backend.scn.yml <"$CASE/peer.scn.yml.in"
    sed -i "s/@NAME@/kill-$backend/" kill-$backend.scn.yml
    start kill-$backend kill-$backend.scn.yml --backend $backend
    pidfile=$COB_RUNS/kill-$backend-001/qemu/bad.pid
    # its first words are on the disk once the guests are under way
    if says "$COB_RUNS/kill-$backend-001/console/bad.log" hang; then
        kill -9 "$(sed -n 's/^guest \([0-9]*\) .*/\1/p' "$pidfile")"
    else
        fail "kill, $backend: the guest has started"
    fi
    wait "$pid"
    equal "kill, $backend: exit status" $? 1
    cat "$out"
    dir=$COB_RUNS/kill-$backend-001
    sentence "kill, $backend: the last line" kill-$backend failed
    complete "kill, $backend: the run directory" "$dir" good mate bad
    healthy "kill, $backend" "$dir"
    named "kill, $backend: said" 'node bad: its QEMU was ended from outside or crashed (see its .log)'
    equal "kill, $backend: end" "$(node "$dir" bad end)" killed
    for node in good mate; do
        check "kill, $backend: trace of $node as beside a guest that lives" \
            cmp "$hang/trace/node-$node" "$dir/trace/node-$node"
        equal "kill, $backend: memory of $node too" "$(node "$dir" $node ram_xxh3)" "$(node "$hang" $node ram_xxh3)"
    done
    check "kill, $backend: nothing runs any more" no_guests "$COB_RUNS"
done

scenario flood.scn.yml <"$CASE/flood.scn.yml.in"
run flood 0 flood.scn.yml --backend direct
complete "flood: the run directory" "$dir" good lines endless nonsense
equal "flood: good's verdict" "$(node "$dir" good verdict)" ok
equal "flood: its verdict" "$(node "$dir" lines verdict)" ok
equal "a result out of range is none" "$(node "$dir" nonsense end) $(node "$dir" nonsense exit)" 'stopped null'
for node in lines endless; do
    bytes=$(stat -c %s "$dir/console/$node.raw")
    check "flood: $bytes bytes on the console of $node" [ "$bytes" -gt 100000 ]
done
equal "flood: other lines than the two it writes" "$(sed 's/^[^]]*] //' "$dir/console/lines.log" | sed '$d' |
    grep -v -c -x -e 'misbehave: flood' -e 'the quick brown guest jumps over the lazy host, again and again')" 0
flood=$dir
run flood-again 0 flood.scn.yml --backend libvirt
same "flood: twice the same" "$flood" "$dir"
finish
