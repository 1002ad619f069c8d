# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# adapter-linux-6.12 - the adapter's driver on Debian 13's kernel, x86_64 and aarch64 (riscv64 has it in every other case):
# user library, one-sided operations, TCP and kernel API work, the latency is the one that adapter-linux finds with Debian
# 12's, the driver survives a suspend and its removal; two runs are identical.
. "$E2E/lib.sh"

scenario pair.scn.yml <<'S'
stop: 60s
defaults: { node: { memory: 128MiB, image: linux-6.12 } }
nodes:
  alpha:
    arch: x86_64
    run: |
      uname -r
      cob-pingpong -n 10 -s 64 1 && cob-pingpong -n 10 -s 64 -m read 1 && cob-all2all -n 200 -s 3 || exit 1
      cob-wait-for beta-fab && cob-pingpong -n 10 -s 64 -m tcp 1 && cob-send 200000 beta-fab 9 || exit 2
      insmod /lib/cob/cob_fabric_test.ko peer=1 count=20 || exit 3
      cat /sys/module/cob_fabric_test/parameters/result
      rmmod cob_fabric_test && echo 0 >/sys/module/suspend/parameters/pm_test_delay || exit 4
      echo devices >/sys/power/pm_test && echo mem >/sys/power/state || exit 5
      cob-pingpong -n 10 -s 64 1 && ip link set fab0 down && rmmod cob_fabric && echo removed || exit 6
  beta:
    arch: aarch64
    run: |
      uname -r
      cob-pingpong -n 10 -s 64 0 && cob-pingpong -n 10 -s 64 -m read 0 && cob-all2all -n 200 -s 3 || exit 1
      cob-wait-for alpha-fab && cob-pingpong -n 10 -s 64 -m tcp 0 && cob-recv 9 || exit 2
      insmod /lib/cob/cob_fabric_test.ko peer=0 count=20 || exit 3
      cob-pingpong -n 10 -s 64 0 || exit 6
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr }
S
run first 0 pair.scn.yml
first=$dir
for node in alpha beta; do
    equal "$node: exit" "$(node "$dir" $node exit)" 0
    contains "$node: the kernel is 6.12" "$dir/console/$node.log" '\] 6\.12\.'
done
contains "one way of 64 bytes by the user library" "$dir/console/alpha.log" 'pingpong send bytes=64 .*wire=63[3-9]'
contains "by TCP" "$dir/console/alpha.log" 'pingpong tcp bytes=64 '
contains "by the kernel API" "$dir/console/alpha.log" 'kernel bytes=64 .*wire=[0-9]+'
contains "the driver went" "$dir/console/alpha.log" '\] removed'
one_core
run second 0 pair.scn.yml --backend direct
PREFIX=
same "on one core: identical" "$first" "$dir"
finish
