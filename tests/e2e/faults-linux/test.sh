# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# faults-linux - scenarios/faults-*.scn.yml: what stock Linux guests notice of faults, and that they recover. Each runs
# twice, the second time on one core and with the other back end, with equal results; what guests, trace and counters say
# is compared where it must be equal.
. "$E2E/lib.sh"

scenarios=${E2E%/tests/e2e}/scenarios

# twice NAME: sets dir to the second run
twice() {
    run "$1" 0 "$scenarios/$1.scn.yml"
    twice_dir=$dir
    one_core
    run "$1-again" 0 "$scenarios/$1.scn.yml" --backend direct
    PREFIX=
    same "$1: again, on one core: identical" "$twice_dir" "$dir"
    equal "$1: the books balance" "$(fabric "$dir" conservation)" '"ok"'
    "$COB" trace "$dir" --event fault >faults.txt
    "$COB" trace "$dir" --event node_fault >node-faults.txt
}

# said NODE SED-SCRIPT: from the node's console
said() {
    sed -n "$2" "$dir/console/$1.log"
}

# hits FAULT: as result.json has them
hits() {
    awk -v n="\"$1\"," '/^  "faults":/ { inside = 1 } inside && $1 == "\"name\":" { ours = $2 == n }
        ours && $1 == "\"hits\":" { sub(/,$/, "", $2); print $2; exit }' "$dir/result.json"
}

# dropped KIND: frames of a kind that were dropped
dropped() {
    "$COB" trace "$dir" --kind "$1" --event link_dropped | wc -l
}

# ---- a wire

twice faults-links
for fault in lossy shuffled twins damaged slow flap cut; do
    equal "$fault: as often in the trace as in result.json" "$(grep -c " $fault hit " faults.txt)" "$(hits $fault)"
    check "$fault: it acted" [ "$(hits $fault)" -gt 0 ]
done
equal "flap: the guest misses as many pings as were dropped" \
    "$(said alpha 's/.*\] 50 packets transmitted, \([0-9]*\) packets received.*/\1/p')" $((50 - $(dropped ping-103)))
equal "cut: none of 10 pings was answered, because none arrived" "$(dropped ping-104)" 10
equal "what was lost is in the link's counters" \
    "$(($(link "$dir" wire 0 fault) + $(link "$dir" wire 1 fault)))" $(($(hits lossy) + $(hits cut)))
equal "what the flap took, too" \
    "$(($(link "$dir" wire 0 link-down) + $(link "$dir" wire 1 link-down)))" "$(hits flap)"
equal "twice on the wire: in the books" "$(fabric "$dir" duplicated)" "$(hits twins)"
equal "TCP repairs all of it: three transfers" "$(said beta 's/.*cob-recv: 262144 bytes sha256.*/&/p' | wc -l)" 3

# ---- adapters

twice faults-adapter
equal "lossy, late, error: hits" "$(hits lossy) $(hits late) $(hits error)" "$(grep -c ' lossy hit ' faults.txt) 5 1"
equal "late, error: in the trace" "$(grep -c ' late hit ' node-faults.txt) $(grep -c ' error hit ' node-faults.txt)" "5 1"
check "lossy: it acted" [ "$(hits lossy)" -gt 0 ]
equal "lossy: in the link's counters" "$(($(link "$dir" cable 0 fault) + $(link "$dir" cable 1 fault)))" "$(hits lossy)"
check "no credits: it acted" [ "$(hits no-credits)" -gt 0 ]

# ---- nodes: one that sleeps is paused (its `sleep 2` ends when the pause does), later switched off and on

twice faults-nodes
begin=$(awk '/fault asleep begin/ { print $1 }' node-faults.txt)
equal "the pings sent meanwhile are answered when it is over" "$(said alpha 's/.* seq=[1-4] ttl=64 time=\([0-9]*\)[.].*/\1/p' |
    tr '\n' ' ')" "3500 2500 1500 500 "
equal "it slept on until the pause was over" "$(said beta 's/^\[ *\([0-9.]*\)\] slept until.*/\1/p' | head -n 1 |
    awk -v begin="$begin" '{ print ($1 > begin + 3.5 && $1 < begin + 3.51) }')" 1
equal "it has booted twice" "$(said beta 's/.*\] up \([0-9]\).*/&/p' | wc -l)" 2
equal "and was off for half a second" "$("$COB" trace "$dir" --node beta --event node_state | awk '
    /restarted/ { print $1 }' | awk -v off="$(awk '/fault again hit/ { print $1 }' node-faults.txt)" '{
        print ($1 - off > 0.4999999 && $1 - off < 0.5000001) }')" 1
equal "hits of both" "$(hits asleep) $(hits again)" "1 1"
finish
