# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-lossy - shared memory over links that lose, repeat and reorder what the kernels send as datagrams: results are right,
# two runs identical; and a kernel whose messages do not fit into the links' packets says so.
. "$E2E/lib.sh"

top=${E2E%/tests/e2e}
cp "$top/scenarios/kernel.names.yml" .
sed "s|\.\./build/guests|$GUESTS|" "$top/scenarios/kernel-lossy.scn.yml" >lossy.scn.yml
run lossy-a 0 lossy.scn.yml --backend direct
first=$dir
sed -n '/^faults/p' "$out" >faults.txt
for fault in lossy twice disorder; do
    hits=$(sed -n "s/.*$fault \([0-9]*\).*/\1/p" faults.txt)
    check "$fault acted more than a hundred times: ${hits:-0}" [ "${hits:-0}" -gt 100 ]
done
one_core
run lossy-b 0 lossy.scn.yml --backend direct
PREFIX=
same "on all cores, on one core: identical" "$first" "$dir"
for node in alpha beta gamma; do
    console=$first/console/$node.raw
    contains "$node: nothing is wrong" "$console" '^shared: 0 wrong'
    # (Behind the end the last acknowledgement may be lost; who waits for it finds that the other is gone.)
    equal "$node: nobody was taken for dead" "$(sed '/^shared: 0 wrong/q' "$console" | grep -c 'is dead')" 0
done

sed -e 's/, mtu: 8192//' -e '/^faults/,$d' -e 's/exit: 0/exit: 255/' lossy.scn.yml >small.scn.yml
run small 0 small.scn.yml --backend direct
contains "packets that are too small" "$dir/console/beta.raw" 'packets of 4096 bytes hold no page'
finish
