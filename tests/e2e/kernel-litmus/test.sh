# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-litmus - litmus tests of sequential consistency on memory that nodes share: no forbidden outcome in 2,000 random rounds
# of each shape on four nodes; enough different outcomes seen; with each role's accesses exchanged, the same test finds the
# forbidden outcome of every shape; on three nodes, one of which has two roles, two runs are identical. The scenario itself has
# 10,000 rounds and is too long for this.
. "$E2E/lib.sh"

top=${E2E%/tests/e2e}
cp "$top/scenarios/kernel.names.yml" .

# litmus FILE ARGS: the scenario with these arguments
litmus() {
    sed -e "s|\.\./build/guests|$GUESTS|" -e "s|/litmus,[^ ]*|/litmus,$2|" "$top/scenarios/kernel-litmus.scn.yml" >"$1"
}

litmus four.scn.yml 7,2000
run four 0 four.scn.yml --backend direct --no-trace --no-capture
console=$dir/console/alpha.raw
for shape in MP SB LB IRIW CoRR; do
    contains "$shape: 2,000 rounds, nothing forbidden" "$console" "^litmus $shape, group 0: 2000 rounds, forbidden 0,"
done
contains "MP: all that is allowed" "$console" '^litmus MP, group 0: 3 outcomes'
contains "SB: all that is allowed" "$console" '^litmus SB, group 0: 3 outcomes'
contains "LB: all that is allowed" "$console" '^litmus LB, group 0: 3 outcomes'
contains "IRIW: at least 10 of the 15 that are allowed" "$console" '^litmus IRIW, group 0: 1[0-5] outcomes'
contains "CoRR: at least 10" "$console" '^litmus CoRR, group 0: [1-4][0-9] outcomes'

litmus control.scn.yml 8,512,control
run control 0 control.scn.yml --backend direct --no-trace --no-capture
for shape in MP SB LB IRIW CoRR; do
    contains "accesses exchanged: $shape shows what is forbidden" "$dir/console/alpha.raw" \
        "^litmus $shape, group 0: 512 rounds, forbidden [1-9]"
done

litmus three.yml 9,128
sed '/^  delta:/,/^switches/{/^switches/!d}' three.yml >three.scn.yml
run three-a 0 three.scn.yml --backend direct
first=$dir
one_core
run three-b 0 three.scn.yml --backend direct
PREFIX=
same "on all cores, on one core: identical" "$first" "$dir"
contains "a node has two roles: nothing forbidden" "$first/console/alpha.raw" '^litmus IRIW, group 0: 128 rounds, forbidden 0,'
finish
