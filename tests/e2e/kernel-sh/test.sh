# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-sh - programs of the replicated kernel: every symbol of a program has one address on all instruction sets, as nm
# has it; the shell and its tools do on each what guest-kernel/user/rc says, twice the same. Over three nodes (rack.sh) they
# have one tree of files, pipes and processes, of which nothing is left behind. The same with commands that are typed at the
# console, at exact virtual times, while a node crashes: its processes' files and pipes end. A file that is read from other
# nodes comes by as many one-sided writes as it should, or, over links that lose and reorder, in datagrams.
. "$E2E/lib.sh"

# names PROGRAM: how many names all three have once, and how many of them at different addresses
names() {
    for isa in x86_64 aarch64 riscv64; do
        nm "$GUESTS/../user/$isa/$1.elf" | awk -v isa=$isa '$3 !~ /^[.$]|^__global_pointer/ { print isa, $1, $3 }'
    done | awk '{ n[$3]++; if (seen[$1, $3]++) twice[$3] = 1; if (at[$3] && at[$3] != $2) other[$3] = 1; at[$3] = $2 }
        END { for (name in n) if (n[name] == 3 && !twice[name]) { all++; moved += other[name] }
              print (all > 60 ? "many" : all), moved + 0 }'
}
for program in usertests shared sh cat; do
    equal "$program: names that all have, at different addresses" "$(names $program)" "many 0"
done

scenario sh.scn.yml <<'S'
stop: 1s
defaults: { node: { memory: 32MiB, append: "init=/sh", initrd: "@GUESTS@/kernel.cpio", expect: { exit: 7 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64" }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
run sh-a 0 sh.scn.yml --backend direct
first=$dir
one_core
run sh-b 0 sh.scn.yml --backend direct
PREFIX=
same "on all cores and on one: identical" "$first" "$dir"
for node in alpha beta gamma; do
    sed -n '/^Welcome/,/^cob: result/p' "$first/console/$node.raw" | tr -d '\r' >"$node.txt"
    cat <<'S' >want.txt
Welcome to the kernel.
node 0 of 1, script /rc
2 3 14
1 4 23
counted: 0
count: 3
sh: /no-such-program: error 2
not found: 127
cat: /no-such-file: error 2
cat: 1
one and two
inner: 4
kill: 9999: error 3
no such process
waited: 137
first
second
on this node
/rc:20: /echo cannot be started: error 22
no such node: 127
it's the end
S
    grep -v '^cob: result' "$node.txt" >got.txt
    check "$node: the shell does what the script says" diff want.txt got.txt
done

# rack FILE ARGUMENT EXIT GAMMA: GAMMA is added to that node; what follows the links is read from the standard input
rack() {
    { cat <<S
stop: 1s
check: { coherence: true }
defaults: { node: { memory: 32MiB, append: "init=- cluster=on", initrd: "@GUESTS@/kernel.cpio", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", append: "init=/sh,$2 cluster=on", expect: { exit: $3 } }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64"$4 }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
    cat; } | scenario "$1"
}

# said DIR: what programs printed on alpha
said() {
    tr -d '\r' <"$1/console/alpha.raw" | sed -e '1,/^boot: /d' -e '/^cob: result/d' -e '/^cluster: /d'
}

rack rack.scn.yml /rack.sh 9 "" </dev/null
run rack-a 0 rack.scn.yml --backend direct
first=$dir
one_core
load
run rack-b 0 rack.scn.yml --backend direct
unload
PREFIX=
same "three nodes, on all cores and on one under load: identical" "$first" "$dir"
cat <<'S' >want.txt
node 0 of 3, script /rack.sh
1 4 23
1 2 8
1 4 23
(size)
(size)
1 4 23
status: 5
passed on
nobody reads
cat: cannot write: error 32
cat: /nothing: error 2
0 0 0
/rack.sh:18: /no-such-program cannot be started: error 2
status: 127
isa x86_64
cpus 1
isa aarch64
cpus 1
isa riscv64
cpus 1
3 6
1 0 0 1 running /sh
N 1 1 1 running /ps
N 1 2 1 running /cat
N pipe-in 1 2
N pipe-out 0 4
N at 0 2 0
N at 0 1 0
kill: 9999: error 3
no such process
slept
waited: 137
1 0 0 1 running /sh
N 1 2 1 running /ps
S
# The size of sh, the same whether its bytes went around or not; that of memory; process and file numbers: not the script's
said "$first" | awk '
    / [0-9][0-9][0-9][0-9][0-9]+$/ && NF == 3 { if (size == "") size = $0; print $0 == size ? "(size)" : "another: " $0; next }
    /^3 6 / { print $1, $2; next }
    NR > 2 && /^[0-9]+ (pipe|disk|at |1 [12] )/ { $1 = "N" }
    { print }' >got.txt
check "three nodes: the shell does what the script says" diff want.txt got.txt

# bulk FILE LINK APPEND: a program file is read where it is, and from both other nodes
bulk() {
    rack plain.yml -i 4 "" <<'S'
input: [ { node: alpha, at: 60ms, text: "echo; cksum </usertests; on 1 cksum </usertests; on 2 cksum </usertests; exit 4\n" } ]
S
    sed -e "s/profile: infiniband-fdr/&$2/" -e "s/cluster=on/&$3/" -e "s|^stop:|names: $top/scenarios/kernel.names.yml\n&|" \
        plain.yml >"$1"
}

# packets NAME TYPE FROM>TO: how many of that name were sent
packets() {
    grep -c " packet tx #[0-9]* $1 $2 q2 $3 " trace.txt
}

top=${E2E%/tests/e2e}
file=$GUESTS/../user/program/usertests
size=$(wc -c <"$file")
cksum <"$file" | awk '{ for (i = 0; i < 3; i++) print $1, $2 }' >want.txt
bulk bulk.scn.yml "" ""
run bulk-a 0 bulk.scn.yml --backend direct --trace-level device
first=$dir
one_core
run bulk-b 0 bulk.scn.yml --backend direct --trace-level device
PREFIX=
same "a file of another node: two runs identical" "$first" "$dir"
said "$first" | grep -E '^[0-9]+ [0-9]+$' >got.txt
check "three instruction sets read the same, as cksum here" diff want.txt got.txt
"$COB" trace "$first" >trace.txt
for node in beta gamma; do
    # 64 KiB a request, a write has at most 4032
    grep -E " alpha +message write q2 to $node " trace.txt | awk '{ n++; bytes += $(NF - 1) } END { print n, bytes }' >count.txt
    equal "$node: one-sided writes and their bytes" "$(cat count.txt)" \
        "$(awk -v n="$size" 'BEGIN { full = int(n / 65536); print full * 17 + int((n % 65536 + 4031) / 4032), n }')"
    # as often as 64 KiB fit, what is left, the end
    equal "$node: requests, answers" "$(packets file-read send "$node>alpha") $(packets file-read-answer send "alpha>$node")" \
        "$((size / 65536 + 2)) $((size / 65536 + 2))"
done
bulk lossy.scn.yml ", mtu: 8192" " transport=datagram"
cat <<'S' >>lossy.scn.yml
faults:
  - { name: lossy, link: "*", loss: 2% }
  - { name: twice, link: "*", duplicate: 2% }
  - { name: disorder, link: "*", reorder: 5%, gap: 20us }
S
run lossy 0 lossy.scn.yml --backend direct --trace-level device
said "$dir" | grep -E '^[0-9]+ [0-9]+$' >got.txt
check "the same over datagrams that are lost, repeated and reordered" diff want.txt got.txt
"$COB" trace "$dir" >trace.txt
equal "there a file comes without one-sided writes" "$(grep -c ' message write ' trace.txt)" 0
check "but in pieces" [ "$(packets msg-piece datagram 'alpha>gamma')" -ge $((size / 4096)) ]

rack typed.scn.yml -i 3 ", expect: { end: crashed }" <<'S'
faults: [ { name: gone, node: gamma, at: 60ms, crash: true } ]
input:
  - { node: alpha, at: 40ms, text: "on 2 sh -c 'echo written there; sleep 9000' | on 1 cat &\n" }   # end of file
  - { node: alpha, at: 42ms, text: "on 1 sh -c 'sleep 100; cat /sh' | on 2 sleep 9000 &\n" }         # EPIPE
  - { node: alpha, at: 44ms, text: "on 2 sh -c 'sleep 9000 | on 1 wc' &\n" }                         # the pipe itself is gone
  - { node: alpha, at: 50ms, text: "on 1 cat | wx\bc\ntyped here\n", end: true }                     # node 1 reads this console
  - { node: alpha, at: 100ms, text: "wait; echo waited: $?\n" }
  - { node: alpha, at: 200ms, text: "on 2 echo nobody || echo status: $?\non 1 cat /proc/0/files /proc/1/files\n" }
  - { node: alpha, at: 210ms, text: "on 0 sh -c 'exit 3'\n", end: true }
S
run typed-a 0 typed.scn.yml --backend direct
first=$dir
load
run typed-b 0 typed.scn.yml --backend direct
unload
same "commands are typed: two runs identical" "$first" "$dir"
cat <<'S' >want.txt
0$ on 2 sh -c 'echo written there; sleep 9000' | on 1 cat &
0$ written there
on 1 sh -c 'sleep 100; cat /sh' | on 2 sleep 9000 &
0$ on 2 sh -c 'sleep 9000 | on 1 wc' &
0$ on 1 cat | wc
typed here
1 2 11
0$ cluster: node 2 is dead, riscv64
wc: cannot read: error 112
wait; echo waited: $?
cat: cannot write: error 32
waited: 1
0$ on 2 echo nobody || echo status: $?
on 1 cat /proc/0/files /proc/1/files
sh:6: /echo cannot be started: error 112
status: 127
0$ 0$ on 0 sh -c 'exit 3'
0$ cob: result 3
S
said "$first" | sed 's/.\x08 \x08//g' >got.txt
check "what is typed is done; the pipes of a node that crashes end" diff want.txt got.txt
finish
