# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rtt - the round trip that a guest sees is the model's wire time plus the guests' software, and a longer delay of the
# link makes it longer by exactly twice that.
#
# Two runs that differ only in the link's delay, by 50 us; 20 echo requests of 66 bytes each (rtt.c).
#
# In the trace everything is exact: the two wire times of each round trip are 2 * (delay + (66 + 24) * 8 / rate), so
# they differ by exactly 100 us. What remains of the round trip is software in the two guests, and that may differ a
# little: in one of the runs a timer of the guest's own strikes during the round trip, in the other one before it. The
# guest's clock counts in steps of 16 ns (62.5 MHz). With virtio-net most of the 20 differences are 100000 ns sharp.
# With e1000 none need be: its interrupt throttling (emulated, and on in Linux's driver) hands a frame to the software up
# to 145 us after it came, and so hides the wire; there only the trace is looked at.
. "$E2E/lib.sh"

clang -O2 -Wall -Wextra -Werror --target=aarch64-linux-gnu -nostdlib -static -ffreestanding -fno-builtin -fno-pic \
    -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables -fuse-ld=lld \
    -Wl,-n,-s,--build-id=none "$CASE/rtt.c" -o rtt || exit 1
program=$(gzip -9 <rtt | base64 -w 0)

# measure NIC DELAY: runs; leaves NIC-DELAY.guest (ns that the guest saw), .wire (ps of both wire times), .trip (ps from
# the request's leaving to the reply's coming), a line for each request, and .trace
measure() {
    sed -e "s|@NIC@|$1|" -e "s|@DELAY@|$2|" -e "s|@PROGRAM@|$program|" "$CASE/rtt.scn.yml.in" >"$1-$2.scn.yml"
    run "$1-$2" 0 "$1-$2.scn.yml" --backend direct
    "$COB" trace "$dir" >"$1-$2.trace"
    sed -n 's/^\[[^]]*\] \([0-9]*\)$/\1/p' "$dir/console/alpha.log" >"$1-$2.guest"
    awk -v wire="$1-$2.wire" -v trip="$1-$2.trip" '
        function ps(t, p) { split(t, p, "."); return p[1] * 1000000000000 + substr(p[2] "000000000000", 1, 12) }
        $4 != "frame" || $8 != 66 { next }
        $3 == "alpha" && $5 == "tx" { t1 = ps($1) }
        $3 == "beta" && $5 == "rx" { t2 = ps($1) }
        $3 == "beta" && $5 == "tx" { t3 = ps($1) }
        $3 == "alpha" && $5 == "rx" {
            printf "%.0f\n", t2 - t1 + ps($1) - t3 >wire
            printf "%.0f\n", ps($1) - t1 >trip
        }' "$1-$2.trace"
    equal "$1 $2: 20 requests, as the guest counts" "$(wc -l <"$1-$2.guest")" 20
    equal "$1 $2: 20 requests, as the trace counts" "$(wc -l <"$1-$2.trip")" 20
}

# differ A B WANT FILE: how many of 20 lines differ by exactly WANT
differ() {
    paste "$1" "$2" | tee /dev/stderr | awk -v want="$3" '$2 - $1 == want { n++ } END { print n + 0 }'
}

# most_apart A B WANT: the greatest distance of a difference from WANT
most_apart() {
    paste "$1" "$2" | awk -v want="$3" '
        { d = $2 - $1 - want; if (d < 0) d = -d; if (d > max) max = d } END { printf "%.0f\n", max }'
}

for nic in virtio-net e1000; do
    measure $nic 10us
    measure $nic 60us
    # 1 Gbit/s: 720 ns for each of the two frames
    equal "$nic 10us: wire times are the model's" "$(sort -u $nic-10us.wire)" 21440000
    equal "$nic 60us: wire times are the model's" "$(sort -u $nic-60us.wire)" 121440000
    set -- $(wire_times $nic-10us.trace 10000000 1000000000)
    equal "$nic 10us: wrong wire times among all $1 frames" "$2" 0
    set -- $(wire_times $nic-60us.trace 60000000 1000000000)
    equal "$nic 60us: wrong wire times among all $1 frames" "$2" 0
done

exact=$(differ virtio-net-10us.trip virtio-net-60us.trip 100000000)
check "in the trace $exact of 20 round trips differ by exactly 100 us" [ "$exact" -ge 12 ]
exact=$(differ virtio-net-10us.guest virtio-net-60us.guest 100000)
check "for the guest $exact of 20 round trips differ by exactly 100 us" [ "$exact" -ge 12 ]
far=$(most_apart virtio-net-10us.guest virtio-net-60us.guest 100000)
check "for the guest all of them do, but for up to $far ns of its own software" [ "$far" -le 5000 ]
finish
