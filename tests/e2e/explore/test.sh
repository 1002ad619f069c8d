# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# explore - a protocol that counts an order twice when it arrives after its successor (tests/guests/fabric_orders.c):
# cob explore finds a schedule of faults that shows it, shrinks it to at most two faults, and the file it writes fails
# every time in the same way. The same protocol without the mistake withstands the same schedules. The outcome does not
# depend on how many tries run at once.
. "$E2E/lib.sh"

orders() { # FILE WORDS
    scenario "$1" <<S
stop: 40ms
timeout: 120s
defaults: { node: { memory: 32MiB, append: "orders $2 count=10", expect: { exit: 0 } } }
nodes:
  alpha: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64" }
  beta: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64" }
links:
  - { name: wire, endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr }
explore: { kind: datagram, most: 4, packets: 2, longest: 200us, from: 20ms, until: 20500us }
S
}
orders naive.scn.yml naive
orders careful.scn.yml careful

# explore NAME STATUS SCENARIO [OPTION]...: sets out
explore() {
    out=$WORK/$1.out explore_want=$2 explore_scenario=$3
    shift 3
    "$COB" explore --backend direct "$@" "$explore_scenario" >"$out" 2>&1
    explore_status=$?
    cat "$out"
    equal "${out##*/} exit status" "$explore_status" "$explore_want"
}

explore found 1 naive.scn.yml --runs 40 --jobs 2 --out found.scn.yml
contains "what failed is named" "$out" '^not as expected: alpha; seed 1, try [0-9]+, shrunk from [0-9] to [12] faults? by '
faults=$(grep -c '^  - name: "*explored' found.scn.yml)
check "at most two faults are left ($faults)" [ "$faults" -ge 1 -a "$faults" -le 2 ]
run first 1 found.scn.yml --backend direct
first=$dir
contains "and fails as it did" "$dir/console/alpha.log" 'sum by the other'
check "with another sum" [ "$(sed -n 's/.*sum of the orders: //p' "$dir/console/alpha.log")" != \
    "$(sed -n 's/.*sum by the other.s book: //p' "$dir/console/alpha.log")" ]
run second 1 found.scn.yml --backend libvirt
same "every time the same" "$first" "$dir"

explore alone 1 naive.scn.yml --runs 40 --jobs 1 --out alone.scn.yml --quiet
check "one try at a time finds the same" cmp found.scn.yml alone.scn.yml

explore careful 0 careful.scn.yml --runs 8
contains "the protocol without the mistake withstands them" "$out" '^nothing found: 8 schedules, 8 passed, 0 without'

sed '/^explore:/d' naive.scn.yml >plain.scn.yml
explore plain 2 plain.scn.yml
contains "no budget: said" "$out" 'plain.scn.yml: the scenario has no section `explore`'
sed 's/exit: 0/exit: 7/' naive.scn.yml >fails.scn.yml
explore fails 2 fails.scn.yml --runs 1
contains "it fails anyway: said" "$out" 'fails without any fault of ours'
finish
