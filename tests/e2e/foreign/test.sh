# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# foreign - a kernel that nobody here prepared runs with kernel:, initrd: and append: alone, on either NIC model: a
# bzImage (x86_64, through SeaBIOS) and an Image (aarch64), named relative to the scenario, with an init of their own.
. "$E2E/lib.sh"

ln -s "$COB_IMAGES/x86_64/vmlinuz" bzImage
ln -s "$COB_IMAGES/aarch64/vmlinuz" Image

# What busybox runs as process 1: $0 is our address, $1 the other's. No quotes of either kind, no commas needed.
script='export PATH=/bin; mount -t proc p /proc; mount -t sysfs s /sys; while read m v; do insmod /lib/cob/$m.ko; done </etc/cob/modules; '
script="$script"'ip addr add $0/24 dev eth0; ip link set eth0 up; until ping -c 1 -W 1 $1; do sleep 0.5; done; echo reached $1; '
script="$script"'echo driver $(basename $(readlink /sys/class/net/eth0/device/driver) | sed s/virtio_net/virtio-net/) ok; sleep 4; poweroff -f'

# both INTEL-NIC ARM-NIC BACKEND
both() {
    scenario foreign.scn.yml <"$CASE/foreign.scn.yml.in"
    awk -v intel="$1" -v arm="$2" -v script="$script" '
        function put(mark, text, at) {
            while ((at = index($0, mark)))
                $0 = substr($0, 1, at - 1) text substr($0, at + length(mark))
        }
        { put("@INTEL@", intel); put("@ARM@", arm); put("@SCRIPT@", script); print }' foreign.scn.yml >f.tmp
    mv f.tmp foreign.scn.yml
    run "$1" 0 foreign.scn.yml --backend "$3"
    sentence "x86_64 on $1, aarch64 on $2: the last line" foreign passed
    for node in intel arm; do
        equal "x86_64 on $1, aarch64 on $2: $node powers off" "$(node "$dir" $node end)" shutdown
        check "x86_64 on $1, aarch64 on $2: $node has sent" [ "$(node "$dir" $node tx_frames)" -ge 2 ]
    done
}

both e1000 virtio-net libvirt
both virtio-net e1000 direct
finish
