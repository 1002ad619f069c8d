# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# trace - the event trace at its highest level is the same in every run; a message can be followed from doorbell to
# handler, with the times that the guest has measured; the summary's numbers are those of result.json; what is
# exported opens in the programs it is for; filters filter; a run that is killed leaves a trace that can be read.
. "$E2E/lib.sh"

scenario level.scn.yml <<'S'
stop: 1s
trace: { level: all }
kinds: { first: { offset: 0, bytes: "01" }, never: { offset: 0, bytes: "ff" } }
defaults: { node: { memory: 32MiB, append: ping, expect: { exit: 0 } } }
nodes:
  alpha: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64" }
  beta: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64" }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], name: wire, profile: infiniband-fdr, rate: 50Gbit, delay: 100ns }
S
run all-a 0 level.scn.yml
all=$dir
load
one_core
run all-b 0 level.scn.yml --backend direct
unload
PREFIX=
same "level all: libvirt on all cores, direct on one core under load: identical" "$all" "$dir"
"$COB" trace "$all" >all.txt
for word in 'doorbell send' 'message send' 'dma read' 'dma write' 'completion recv' 'grant until'; do
    contains "level all has: $word" all.txt "  $word "
done

# ---- one message
"$COB" trace follow "$all" alpha.0.1 >follow.txt
sed -n '2,$s/^+[^ ]* us *\([a-z]*\) *\([a-z]* [a-z]*\).*/\1 \2/p' follow.txt | uniq >steps.txt
cat >want.txt <<'W'
alpha doorbell send
alpha message send
alpha dma read
alpha packet tx
fabric queued wire
fabric sent wire
fabric arrived wire
beta packet rx
beta dma read
beta dma write
beta completion recv
beta packet tx
W
head -n 12 steps.txt >got.txt
check "follow: from doorbell to completion, in this order" cmp got.txt want.txt
contains "follow: until the receiver has read its completion" follow.txt '^\+[0-9.]+ us +beta +doorbell done'
# 8 bytes: 300 ns in each pipeline, 100 ns of delay, (48 + 14 + 8) * 8 / 50 ns on the wire
contains "follow: the packet's arithmetic" follow.txt '^\+0\.711200 us +beta +packet rx'
contains "follow: the last line has both ends" follow.txt '^message 1 of queue 0, epoch [0-9]+: [0-9]+ events, .*; from doorbell to handler '
frame=$(sed -n 's/.*packet tx #\([0-9]*\) first send.*/\1/p' follow.txt)
"$COB" trace follow "$all" "$frame" >by-frame.txt
check "follow: the same by one of its packets" cmp follow.txt by-frame.txt
"$COB" trace follow "$all" alpha.0.9999 >/dev/null 2>err.txt
equal "follow: no such message" $? 1
"$COB" trace follow "$all" nonsense >/dev/null 2>err.txt
equal "follow: no id at all" $? 2

# ---- numbers
"$COB" trace summary "$all" >summary.txt
"$COB" trace summary "$all" --json >summary.json
# number BEGINNING KEY: of the object of summary.json that begins so
number() {
    tr '{' '\n' <summary.json | sed -n "s/^$1.*\"$2\":\([0-9]*\).*/\1/p"
}
equal "summary: sent" "$(number '"events":' sent)" "$(fabric "$all" injected)"
equal "summary: received" "$(number '"events":' received)" "$(fabric "$all" delivered)"
equal "summary: dropped" "$(number '"events":' dropped)" "$(fabric "$all" dropped)"
equal "summary: alpha sent" "$(number '"node":"alpha"' tx)" "$(node "$all" alpha tx_frames)"
equal "summary: beta got" "$(number '"node":"beta"' rx)" "$(node "$all" beta rx_frames)"
for end in 0 1; do
    equal "summary: sent by end $end" "$(number "\"link\":\"wire\",\"end\":$end," sent)" "$(link "$all" wire $end sent_frames)"
done
contains "summary: a probe takes its pipelines, delay and 62 bytes" summary.txt \
    '^alpha +beta +probe +[0-9]+ +0\.709920 +0\.709920 +0\.709920 +0\.709920 +0\.709920$'

# ---- exports
"$COB" trace export "$all" --perfetto perfetto.trace --pcapng all.pcapng
equal "export's exit status" $? 0
if command -v protoc >/dev/null; then
    protoc --proto_path="$CASE" --decode=Trace "$CASE/perfetto.proto" <perfetto.trace >perfetto.txt
    equal "protoc decodes the Perfetto trace" $? 0
    equal "Perfetto: no field that the schema does not have" "$(grep -c -E '^ *[0-9]+:' perfetto.txt)" 0
    equal "Perfetto: as many flows begin as packets were sent" "$(grep -c ' flow_ids:' perfetto.txt)" "$(fabric "$all" injected)"
    equal "Perfetto: as many end as arrived" "$(grep -c 'terminating_flow_ids:' perfetto.txt)" "$(fabric "$all" delivered)"
    # Slices: one begins and ends on a track at a time; alpha.0.1's first packet takes 711.2 ns (see above).
    awk '
        /^packet \{/ { at = 0; type = track = name = flow = "" }
        $1 == "timestamp:" { at = $2 }
        $1 == "type:" { type = $2 }
        $1 == "track_uuid:" { track = $2 }
        $1 == "name:" && /^    name:/ { name = $2 }
        $1 == "flow_ids:" { flow = $2 }
        /^}/ && type == "TYPE_SLICE_BEGIN" {
            if (under_way[track]++) nested++
            since[track] = at; flow_of[track] = flow
            begun[name]++
        }
        /^}/ && type == "TYPE_SLICE_END" {
            if (under_way[track]-- != 1 || at < since[track]) wrong++
            print "took " flow_of[track] " " (at - since[track])
        }
        END {
            for (t in under_way) left += under_way[t]
            print "slices " (begun["\"packet"] + 0) " " (begun["\"message"] + 0) " " (nested + wrong + left + 0)
        }' perfetto.txt >slices.txt
    contains "Perfetto: a packet of 56 bytes is a slice of 711 ns" slices.txt "^took $frame 711\$"
    equal "Perfetto: each packet and each message is a slice, none inside another" "$(tail -n 1 slices.txt)" \
        "slices $(fabric "$all" delivered) $(grep -c '  message [^ ]* q' all.txt) 0"
    equal "Perfetto: a process for each node and for the fabric" "$(grep -c process_name: perfetto.txt)" 3
else
    skip "no protoc here"
fi
dissect() {
    tshark -n -X "lua_script:$E2E/../../tracing/cob_fabric.lua" "$@" 2>tshark.err
}
dissect -r all.pcapng -T fields -e cob.src -e cob.dst -e cob.type -e frame.interface_name >packets.txt
equal "tshark: each packet at each end" "$(wc -l <packets.txt)" $((2 * $(fabric "$all" injected)))
equal "tshark: SENDs of alpha as in the trace" "$(grep -c '^0	1	1	wire.0$' packets.txt)" \
    "$(grep -c '  packet tx #[0-9]* first send .*alpha>beta' all.txt)"
equal "tshark: no packet is malformed" "$(dissect -r all.pcapng -Y cob.malformed | wc -l)" 0
# 48 bytes of type 11, 20 bytes, and an acknowledgement in the class of requests
{
    echo '0000  0b 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00'
    echo '0000  01 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00'
    echo '0000  07 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00'
} >bad.hex
text2pcap -q -l 147 bad.hex bad.pcap 2>/dev/null
equal "tshark: malformed packets are marked" "$(dissect -r bad.pcap -Y cob.malformed | wc -l)" 3

# ---- levels and filters
sed 's/^trace:.*/trace: { level: device, nodes: [beta], events: [dma, packet_rx] }/' level.scn.yml >some.scn.yml
run some 0 some.scn.yml
"$COB" trace "$dir" >some.txt
equal "only beta's DMA and packets, and the states" "$(grep -v -c -E '  beta +(dma|packet rx) |  [a-z]+ +state ' some.txt)" 0
grep -E '  beta +(dma|packet rx) ' all.txt >want.txt
grep -E '  beta +(dma|packet rx) ' some.txt >got.txt
check "of these, all that there are" cmp got.txt want.txt
run default 0 level.scn.yml --trace-level messages
"$COB" trace "$dir" >default.txt
equal "level messages: nothing of the devices" "$(grep -c -E '  (doorbell|message|dma|completion|interrupt|grant) ' default.txt)" 0
equal "another level is the same run" "$(node "$dir" beta ram_xxh3)" "$(node "$all" beta ram_xxh3)"
"$COB" trace "$all" --event packet_tx --kind send --node alpha >filtered.txt
equal "cob trace --event --kind --node" "$(wc -l <filtered.txt)" "$(grep -c '  packet tx #[0-9]* first send .*alpha>beta' all.txt)"
equal "cob trace --frame" "$("$COB" trace "$all" --frame "$frame" | wc -l)" "$(grep -c " #$frame " all.txt)"
"$COB" trace "$all" --kind first >named.txt
equal "a named kind of --kind: five events for each SEND" "$(wc -l <named.txt)" \
    $((5 * $(grep -c '  packet tx #[0-9]* first send ' all.txt)))
"$COB" trace "$all" --kind send --event packet_tx >want.txt
grep '  packet tx ' named.txt >got.txt
check "a named kind: those packets that have its bytes" cmp got.txt want.txt
equal "a named kind that no packet has" "$("$COB" trace "$all" --kind never | wc -l)" 0
"$COB" trace "$all" --kind nonsense >/dev/null 2>err.txt
equal "a kind that is not there" $? 2
"$COB" trace "$all" --event nonsense >/dev/null 2>err.txt
equal "an event that is not there" $? 2
run bad 2 level.scn.yml --trace-filter node=gamma
contains "a node that is not there" "$out" 'no node is called "gamma"'

# ---- killed
sed -e 's/^stop:.*/stop: 1000s/' -e 's/append: ping/append: "storm count=1000000"/' level.scn.yml >killed.scn.yml
start killed killed.scn.yml
check "the killed run has written packets of its trace" within 60 \
    sh -c "[ \"\$(cat '$COB_RUNS'/killed-*/trace/node-alpha 2>/dev/null | wc -c)\" -ge 131072 ]"
kill -9 "$pid"
wait "$pid" 2>/dev/null
"$COB" trace "$COB_RUNS"/killed-* >killed.txt
equal "killed: cob trace reads what is there" $? 0
check "killed: that is something" [ "$(wc -l <killed.txt)" -gt 1000 ]
# One that only computes: what it said before is there, though no stream has filled a packet.
scenario computes.scn.yml <<'S'
stop: 1000s
defaults: { node: { arch: aarch64, memory: 32MiB, kernel: "@GUESTS@/fabric-aarch64" } }
nodes:
  alone: { append: "victim ms=900000 at=1090519040" }
  gone: { append: "victim ms=1 at=1090519040" }
links: [ { endpoints: ["alone:fab0", "gone:fab0"], profile: infiniband-fdr } ]
S
start computes computes.scn.yml
check "a run that only computes has written what was" within 60 \
    sh -c "[ \"\$(cat '$COB_RUNS'/computes-*/trace/node-alone 2>/dev/null | wc -c)\" -ge 65536 ]"
kill -9 "$pid"
wait "$pid" 2>/dev/null
"$COB" trace "$COB_RUNS"/computes-* >computes.txt
equal "killed while it computes: cob trace reads what is there" $? 0
contains "killed while it computes: that is what the guest said" computes.txt '  alone +console +"victim since'
if command -v babeltrace2 >/dev/null; then
    equal "killed while it computes: babeltrace2 reads as many" \
        "$(babeltrace2 "$(echo "$COB_RUNS"/computes-*)/trace" | wc -l)" "$(wc -l <computes.txt)"
    equal "killed: babeltrace2 reads as many events" "$(babeltrace2 "$(echo "$COB_RUNS"/killed-*)/trace" | wc -l)" "$(wc -l <killed.txt)"
    equal "babeltrace2 reads every class" "$(babeltrace2 "$all/trace" | wc -l)" "$(wc -l <all.txt)"
else
    skip "no babeltrace2 here"
fi
finish
