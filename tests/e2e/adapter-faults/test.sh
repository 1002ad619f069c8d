# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# adapter-faults - the Linux driver when things go wrong while it is in use: the adapter is unbound, the machine is
# suspended, the module is unloaded and loaded, the peer disappears. Programs get errors, everything works again
# afterwards, the kernels have no complaint.
. "$E2E/lib.sh"

# faults ALPHA BETA: the scenario with these architectures
faults() {
    sed 's/^/      /' "$CASE/common" >common
    sed -e "s/@ALPHA@/$1/" -e "s/@BETA@/$2/" -e '/@COMMON@/{
r common
d
}' "$CASE/faults.scn.yml.in" >"faults-$2.scn.yml"
    run "faults-$2" 0 "faults-$2.scn.yml"
    for node in alpha beta; do
        equal "$2: $node: exit" "$(node "$dir" $node exit)" 0
        for step in start unbound resumed reloaded; do
            contains "$2: $node: works: $step" "$dir/console/$node.log" "works: $step"
        done
        contains "$2: $node: no complaint of the kernel" "$dir/console/$node.log" 'the kernel has no complaint'
    done
    contains "$2: a program whose adapter is removed says so" "$dir/console/beta.log" 'No such device'
    contains "$2: a program that was suspended says so" "$dir/console/beta.log" "Network is down|status 'flushed'"
    contains "$2: the peer's program ends, too" "$dir/console/alpha.log" "ended with status '(reset|no queue|peer)'"
}

faults aarch64 x86_64
faults x86_64 riscv64
finish
