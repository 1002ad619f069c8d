# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# faults - each fault of links, shown in the guests, in the trace and in the model's counters. Node alpha (of three:
# all) sends numbered messages at known times (tests/guests/fabric_numbers.c), which go out less than 1 us later; beta's
# console tells what arrived when. One wire of 10 Gbit/s, 1 us long, nothing else: a message of 64 bytes (112 with its
# header) is there 1.0896 us after the doorbell; the guest's clock then says 1090 ns. Every rack runs twice, the second
# time under load and on one core, with equal results. Two aarch64 machines have no firmware and are up at once.
. "$E2E/lib.sh"

# wire NAME WORDS [LINK]: alpha and beta; the faults come on the standard input
wire() {
    {
        cat <<S
seed: 1
stop: 1s
defaults: { node: { memory: 32MiB, append: "numbers start=4000000 senders=1 $2", expect: { exit: 0 } } }
nodes:
  alpha: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64" }
  beta: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64" }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], name: wire0, rate: 10Gbit, delay: 1us, tx: 0s, rx: 0s, framing: 0, ${3-mtu: 4096} }
S
        cat
    } | scenario "$1.scn.yml"
}

# star NAME WORDS: alpha, beta and gamma, everybody to everybody
star() {
    {
        cat <<S
stop: 1s
defaults: { node: { memory: 32MiB, append: "numbers $2", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/fabric-x86_64" }
  beta: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64" }
  gamma: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64" }
switches: { sw0: { kind: fabric } }
links: [{ endpoints: ["*:fab0", "sw0"], name: spoke, rate: 10Gbit }]
S
        cat
    } | scenario "$1.scn.yml"
}

# twice NAME: two runs, equal. Sets dir to the second.
twice() {
    run "$1-a" 0 "$1.scn.yml" --backend direct
    twice_dir=$dir
    load
    one_core
    run "$1-b" 0 "$1.scn.yml" --backend direct
    unload
    PREFIX=
    same "$1: alone on one core and under load: identical" "$twice_dir" "$dir"
    equal "$1: the books balance" "$(fabric "$dir" conservation)" '"ok"'
}

# got NODE [FROM]: "number ok|bad" for each message that arrived, in their order
got() {
    tr -d '\r' <"$dir/console/$1.raw" | awk -v from="${2-0}" '$1 == "from" && $2 == from { print $4, $7 }'
}

# numbers NODE [FROM]: those that arrived, in their order, in one line
numbers() {
    got "$@" | awk '{ printf "%s%s", sep, $1; sep = " " }'
}

# late: "number ns" for each message of alpha that beta's clock says to be so much later than 1.0896 us after the
# doorbell (packet n + 1 of the trace is number n)
late() {
    { "$COB" trace "$dir" && tr -d '\r' <"$dir/console/beta.raw"; } | awk '
        $3 == "fabric" && $4 == "queued" {
            split($1, t, ".")
            rung[substr($6, 2) - 1] = t[1] * 1000000000 + substr(t[2] "000000000", 1, 9) - 4000000
        }
        $1 == "from" { ns = $6 - rung[$4] - 1090; if (ns != 0) print $4, ns }'
}

# hits FAULT: as result.json has them
hits() {
    awk -v n="\"$1\"," '/^  "faults":/ { inside = 1 } inside && $1 == "\"name\":" { ours = $2 == n }
        ours && $1 == "\"hits\":" { sub(/,$/, "", $2); print $2; exit }' "$dir/result.json"
}

# traced FAULT PHASE: events in the trace
traced() {
    "$COB" trace "$dir" | awk -v f="$1" -v p="$2" '$4 == "fault" && $6 == f && $7 == p { n++ } END { print n + 0 }'
}

# acted TEXT FAULT TIMES: model, trace and, by the caller, guests agree
acted() {
    equal "$1: hits in result.json" "$(hits "$2")" "$3"
    equal "$1: hits in the trace" "$(traced "$2" hit)" "$3"
}

count() {
    echo $#
}

# ---- loss

wire loss "count=40 until=4600000" <<S
faults:
  - { name: lossy, link: wire0, from: alpha, match: { kind: datagram }, loss: 30% }
S
twice loss
arrived=$(numbers beta)
# shellcheck disable=SC2086
lost=$((40 - $(count $arrived)))
check "loss: some are lost, some are not" [ "$lost" -gt 3 -a "$lost" -lt 25 ]
acted loss lossy "$lost"
equal "loss: the link's counter" "$(link "$dir" wire0 0 fault)" "$lost"
equal "loss: each loss is a drop in the trace" "$("$COB" trace "$dir" | grep -c ' dropped .*fault')" "$lost"
equal "loss: begins once" "$(traced lossy begin)" 1
contains "loss: the summary tells" "$out" "^faults, and how often they acted: lossy $lost\$"

run loss-seed 0 loss.scn.yml --backend direct --seed 2
check "loss: another seed, other losses" [ "$(numbers beta)" != "$arrived" ]

cat >more.yml <<S
faults:
  - { name: slow, link: wire0, delay: 500ns, at: 4200us, for: 100us }
  - { name: seventh, link: wire0, match: { kind: seven }, loss: 0% }
kinds: { seven: { offset: 36, bytes: "07 00 00 00" } }
S
run loss-more 0 loss.scn.yml --backend direct --faults more.yml
equal "loss: another fault beside it: the same are lost" "$(numbers beta)" "$arrived"
# delays come before losses
equal "loss: and the other acts on the ten that are sent in its time" "$(hits slow)" 10

cat >seventh.yml <<S
kinds: { seven: { offset: 36, bytes: "07 00 00 00" } }
faults: [{ name: seventh, link: "*", match: { kind: seven, from: alpha, to: beta, queue: 2 }, loss: 100% }]
S
run loss-seventh 0 loss.scn.yml --backend direct --faults none --faults seventh.yml
equal "kinds: the message with this number is lost" "$(hits seventh) $(numbers beta | cut -d' ' -f6-9)" "1 5 6 8 9"

# ---- messages are lost, and sent again

wire reliable "reliable count=40 until=20000000" <<S
faults: [{ name: lossy, link: wire0, match: { kind: send }, loss: 20% }]
S
twice reliable
equal "reliable: every message comes, once, in order" "$(numbers beta)" "$(seq -s' ' 0 39)"
equal "reliable: and whole" "$(got beta | grep -c bad)" 0
lost=$(hits lossy)
check "reliable: though some packets were lost" [ "$lost" -gt 2 ]
acted reliable lossy "$lost"
equal "reliable: the link's counter" "$(link "$dir" wire0 0 fault)" "$lost"

# ---- delay, jitter, rate

wire delay "count=20 until=4400000" <<S
faults: [{ name: late, link: wire0, from: alpha, match: { kind: datagram }, at: 4050us, for: 50us, delay: 5us }]
S
twice delay
equal "delay: 5 us more for those sent within 50 us, no more for the others" "$(late)" "$(
    for n in 5 6 7 8 9; do echo "$n 5000"; done)"
acted delay late 5
equal "delay: the trace says by how much" "$("$COB" trace "$dir" | grep -c 'fault wire0.0 late hit .* value 5000000$')" 5
equal "delay: ends" "$(traced late end)" 1

wire jitter "count=40 until=4600000" <<S
faults: [{ name: shaky, link: wire0, from: alpha, match: { kind: datagram }, delay: 2us, jitter: 2us }]
S
twice jitter
equal "jitter: within bounds, and not always the same" "$(late | awk '
    { if ($2 > 4000) bad++; if ($2 < 1000) low++; if ($2 > 3000) high++ } END { print bad + 0, (low > 2), (high > 2) }')" \
    "0 1 1"
equal "jitter: by what the trace says" "$(late)" "$("$COB" trace "$dir" | awk '
    $4 == "fault" && $7 == "hit" {
        ps = 1089600 + $NF
        ns = (ps - ps % 1000) / 1000 + (ps % 1000 > 0) - 1090
        if (ns) print substr($8, 2) - 1, ns
    }' | sort -n)"
acted jitter shaky 40

wire rate "count=20 until=4400000" <<S
faults: [{ name: narrow, link: wire0, from: alpha, match: { kind: datagram }, after: { kind: datagram, nth: 11 }, rate: 100Mbit }]
S
twice rate
# 112 bytes: 8960 ns instead of 89.6
equal "rate: from the 11th message on they are put on the wire 100 times slower" "$(late)" "$(
    for n in $(seq 10 19); do echo "$n 8870"; done)"
acted rate narrow 10

# ---- corrupt, duplicate, reorder

wire corrupt "count=20 until=4400000" <<S
faults: [{ name: flip, link: wire0, match: { kind: datagram }, after: { kind: datagram, nth: 4 }, count: 3, corrupt: 100% }]
S
twice corrupt
equal "corrupt: three bad ones from the fourth on" "$(got beta | awk '$2 == "bad" { printf "%s ", $1 }')" "3 4 5 "
acted corrupt flip 3

wire duplicate "count=20 until=4400000" <<S
faults: [{ name: twin, link: wire0, match: { kind: datagram }, at: 4045us, count: 2, duplicate: 100% }]
S
twice duplicate
equal "duplicate: two come twice" "$(numbers beta | cut -d' ' -f4-10)" "3 4 5 5 6 6 7"
acted duplicate twin 2
equal "duplicate: in the books" "$(fabric "$dir" duplicated)" 2

wire duplicated-reliable "reliable count=20 until=4400000" <<S
faults: [{ name: twin, link: wire0, duplicate: 50% }]
S
twice duplicated-reliable
equal "duplicate: of reliable messages none comes twice" "$(numbers beta)" "$(seq -s' ' 0 19)"
twins=$(fabric "$dir" duplicated)
check "duplicate: though some packets did" [ "$twins" -gt 5 ]
acted duplicated-reliable twin "$twins"

wire reorder "count=20 until=4400000" <<S
faults: [{ name: back, link: wire0, match: { kind: datagram }, at: 4045us, count: 1, reorder: 100%, gap: 25us }]
S
twice reorder
equal "reorder: one is overtaken by two" "$(numbers beta | cut -d' ' -f4-10)" "3 4 6 7 5 8 9"
acted reorder back 1

# ---- down, flap, starve

wire down "count=20 until=4400000" <<S
faults: [{ name: cut, link: wire0, at: 4055us, for: 30us, down: true }]
S
twice down
equal "down: what is sent meanwhile is lost" "$(numbers beta | cut -d' ' -f5-9)" "4 5 9 10 11"
acted down cut 3
equal "down: the link's counter" "$(link "$dir" wire0 0 link-down)" 3

wire flap "count=20 until=4400000" <<S
faults: [{ name: flap, link: wire0, at: 3995us, for: 100us, down: true, period: 20us, duty: 50% }]
S
twice flap
equal "flap: each second one is lost, until it is over" "$(numbers beta)" "1 3 5 7 9 10 11 12 13 14 15 16 17 18 19"
acted flap flap 5

wire starve "count=20 until=4400000" "mtu: 256, buffer: 304B" <<S
faults: [{ name: hungry, link: wire0, from: alpha, at: 4045us, for: 40us, starve: true }]
S
twice starve
equal "starve: nothing is lost" "$(numbers beta)" "$(seq -s' ' 0 19)"
# at 85 us, when the credits come back, 7 goes, and 8 right behind it, 89.6 ns later
equal "starve: two fit into the buffer, the next wait" "$(late | cut -d' ' -f1 | tr '\n' ' ')" "7 8 "
equal "starve: and go when it ends" "$(tr -d '\r' <"$dir/console/beta.raw" | awk '
    $1 == "from" && ($4 == 7 || $4 == 8) { print $4, $6 }')" "7 86090
8 86180"
acted starve hungry 2

# ---- partition

star partition "count=20 until=40400000" <<S
faults: [{ name: split, partition: [[alpha, gamma], [beta]], at: 40045us, for: 50us }]
S
twice partition
hole="0 1 2 3 4 10 11 12 13 14 15 16 17 18 19" all=$(seq -s' ' 0 19)
equal "partition: alpha to beta" "$(numbers beta 0)" "$hole"
equal "partition: beta to alpha" "$(numbers alpha 1)" "$hole"
equal "partition: beta to gamma" "$(numbers gamma 1)" "$hole"
equal "partition: gamma to beta" "$(numbers beta 2)" "$hole"
equal "partition: alpha to gamma" "$(numbers gamma 0)" "$all"
equal "partition: gamma to alpha" "$(numbers alpha 2)" "$all"
acted partition split 20
equal "partition: begins once" "$(traced split begin)" 1
equal "partition: ends once" "$(traced split end)" 1

star oneway "count=20 until=40400000" <<S
faults: [{ name: split, partition: [[alpha], [beta, gamma]], oneway: true, at: 40045us, for: 50us }]
S
twice oneway
equal "one-way partition: alpha to beta" "$(numbers beta 0)" "$hole"
equal "one-way partition: alpha to gamma" "$(numbers gamma 0)" "$hole"
equal "one-way partition: beta to alpha" "$(numbers alpha 1)" "$all"
equal "one-way partition: beta to gamma" "$(numbers gamma 1)" "$all"
acted oneway split 10

# ---- other readers, and mistakes

if command -v babeltrace2 >/dev/null; then
    babeltrace2 "$dir/trace" >babeltrace.out 2>&1
    contains "babeltrace2 shows a fault by its name" babeltrace.out 'fault: .*split.*phase = "hit"'
    contains "and its link" babeltrace.out 'fault: .*spoke'
else
    skip "babeltrace2 is not there"
fi

printf 'faults:\n  - { link: wire0, lose: 10%% }\n' >wrong.yml
run wrong 2 loss.scn.yml --faults wrong.yml
contains "a file of faults: line and column" "$out" '^wrong.yml:2:20: error: unknown key "lose" in fault \(did you mean "loss"\?\)'
run none 2 loss.scn.yml --faults there-is-none.yml
contains "a file of faults that is not there" "$out" '^there-is-none.yml: error: cannot read the faults: No such file'

finish
