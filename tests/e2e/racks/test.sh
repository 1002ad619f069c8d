# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# racks - other racks give the same bits in every run, too, loaded or not, with either back end: three instruction
# sets around a switch, guests with two vCPUs, each NIC model of the proved list with traffic in both directions.
. "$E2E/lib.sh"

# twice NAME: runs NAME.scn.yml with libvirt, then with direct spawn under load on one core, and compares
twice() {
    run "$1-a" 0 "$1.scn.yml" --backend libvirt
    twice_first=$dir
    load
    one_core
    run "$1-b" 0 "$1.scn.yml" --backend direct
    unload
    PREFIX=
    same "$1: libvirt on all cores, direct on one core under load: identical" "$twice_first" "$dir"
}

scenario trio.scn.yml <<'S'
stop: 60s
defaults: { node: { memory: 128MiB, nic: virtio-net } }
nodes:
  alpha: { arch: x86_64, run: cob-wait-for beta && cob-wait-for gamma && ping -c 2 gamma }
  beta: { arch: aarch64, run: cob-wait-for gamma && cob-wait-for alpha && ping -c 2 alpha }
  gamma: { arch: riscv64, run: cob-wait-for alpha && cob-wait-for beta && ping -c 2 beta }
switches:
  sw0: { mode: cut-through, latency: 300ns }
links:
  - { endpoints: ["*:eth0", "sw0"], delay: 1us, rate: 10Gbit }
S
twice trio

scenario smp.scn.yml <<'S'
stop: 60s
defaults: { node: { memory: 128MiB, cpus: 2, nic: virtio-net } }
nodes:
  alpha:
    arch: aarch64
    run: |
      [ "$(nproc)" = 2 ] || exit 9
      sha256sum /dev/zero & spinner=$!
      cob-wait-for beta && cob-send 65536 beta 5001 || exit 1
      kill $spinner
  beta:
    arch: aarch64
    run: |
      sha256sum /dev/zero & spinner=$!
      cob-wait-for alpha && cob-recv 5001 || exit 1
      kill $spinner
links:
  - { endpoints: ["alpha:eth0", "beta:eth0"], delay: 1us, rate: 10Gbit }
S
twice smp

for nic in e1000 virtio-net; do
    scenario "$nic.scn.yml" <<S
stop: 60s
defaults: { node: { arch: aarch64, memory: 128MiB, nic: $nic } }
nodes:
  alpha: { run: cob-wait-for beta && cob-recv 5001 && cob-send 200000 beta 5002 }
  beta: { run: cob-wait-for alpha && cob-send 200000 alpha 5001 && cob-recv 5002 }
links:
  - { endpoints: ["alpha:eth0", "beta:eth0"], delay: 2us, rate: 1Gbit }
S
    twice "$nic"
    contains "$nic: data arrived" "$dir/console/alpha.log" 'cob-recv: 200000 bytes'
done
finish
