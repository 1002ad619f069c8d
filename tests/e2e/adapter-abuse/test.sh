# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# adapter-abuse - a bare guest does to its fabric adapter whatever a driver must not do (tests/guests/fabric_abuse.c),
# by three seeds on three instruction sets: it finds error codes, the host survives, its peers measure each other as
# ever, and a run with the same seed is the same.
. "$E2E/lib.sh"

# abuse NAME ARCH SEED
abuse() {
    scenario "$1.scn.yml" <<S
stop: 2s
defaults:
  node: { memory: 32MiB, append: "abuse count=4000 seed=$3", arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", expect: { exit: 0 } }
nodes:
  alpha: {}
  beta: {}
  villain: { arch: $2, kernel: "@GUESTS@/fabric-$2" }
switches:
  sw: { kind: fabric, mode: cut-through, latency: 200ns }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
}

for arch in x86_64 aarch64 riscv64; do
    abuse "$arch" $arch ${#arch}
    run "$arch" 0 "$arch.scn.yml" --backend libvirt
    contains "$arch: admin commands were refused" "$dir/console/villain.log" 'abuse: admin commands refused: [0-9]{3,}'
    contains "$arch: causes were seen" "$dir/console/villain.log" 'abuse: causes seen: [1-9]'
    equal "$arch: the others' exchanges" "$(grep -c -E ' (send|write|read|cas|add|stream) .*: ' "$dir/console/alpha.log")" 23
done
first=$dir
load
run again 0 riscv64.scn.yml --backend direct
unload
same "riscv64: libvirt, direct under load: identical" "$first" "$dir"
finish
