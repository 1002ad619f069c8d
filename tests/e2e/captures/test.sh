# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# captures - what a run leaves behind opens in the programs that users open it with: captures in tshark, with as many
# frames as result.json counts and the times that the trace has.
. "$E2E/lib.sh"

scenario talk.scn.yml <<'S'
stop: 60s
defaults: { node: { arch: aarch64, memory: 128MiB, nic: virtio-net } }
nodes:
  alpha: { run: cob-wait-for beta && ping -c 3 beta && cob-send 30000 beta 5001 }
  beta: { run: cob-recv 5001 }
links:
  - { endpoints: ["alpha:eth0", "beta:eth0"], name: wire, delay: 1us, rate: 10Gbit }
S
run talk 0 talk.scn.yml
"$COB" trace "$dir" --link wire >trace.txt
for end in 0 1; do
    pcap=$dir/capture/wire.$end.pcapng
    tshark -n -r "$pcap" -T fields -e frame.time_epoch -e frame.len >frames 2>tshark.err
    equal "end $end: tshark's exit status" $? 0
    want=$(($(link "$dir" wire $end sent_frames) + $(link "$dir" wire $end arrived_frames)))
    equal "end $end: as many frames as result.json counts" "$(wc -l <frames)" "$want"
    check "end $end: more than ten frames" [ "$want" -gt 10 ]
    # what this end sent and received, by the trace, in nanoseconds
    awk -v e="wire.$end" '($4 == "sent" || $4 == "arrived") && $5 == e { split($1, p, "."); printf "%d.%s\n", p[1], substr(p[2] "000000000", 1, 9) }' \
        trace.txt | sort -n >want.times
    cut -f1 frames | sort -n >got.times
    check "end $end: the times of the trace" cmp want.times got.times
    tshark -n -r "$pcap" -Y icmp >icmp.txt 2>/dev/null
    check "end $end: tshark dissects the pings" [ "$(grep -c 'Echo (ping)' icmp.txt)" -ge 6 ]
done
"$COB" inspect "$dir" >inspect.txt
contains "the fabric's books balance" inspect.txt '^fabric: .* 0 in flight \(ok\)$'
finish
