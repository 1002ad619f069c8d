#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_kernel_names.sh - scenarios/kernel.names.yml has every type of message and event that the kernel's headers
# declare, by the same name and number, and no other: `enum .._type { PREFIX_NAME = 0x.. }` for messages,
# `..EVENT_NAME = ..` for events. All kernel scenarios use it, and check coherence. Ends with 1 if not.
set -eu
names=scenarios/kernel.names.yml
work=build/tests/kernel_names
bad=0
mkdir -p "$work"

declared() { # prints the files' code, a line for each, without comments
    for file in "$@"; do
        "${CC:-cc}" -fpreprocessed -E -P "$file" 2>"$work/cc.err" | tr '\n' ' ' || { cat "$work/cc.err"; exit 1; }
        echo
    done
}

same() { # TEXT FILE FILE
    if diff -u "$2" "$3"; then
        echo "ok $1"
    else
        echo "not ok $1: - the kernel's headers, + $names"
        bad=1
    fi
}

lower() { tr 'A-Z_' 'a-z-'; }

declared guest-kernel/core/*.h guest-kernel/kernel/*.h guest-kernel/kernel/process.c >"$work/code"
grep -oE 'enum [a-z]+_type \{[^}]*\}' "$work/code" | grep -oE '[A-Z_]+ *= *0x[0-9a-f]+' |
    sed -E 's/ *= */ /; s/^(MEMBER|REMOTE)_//' | lower | sort >"$work/kernel.kinds"
sed -nE 's/^  ([a-z-]+): \{ of: message, fields: \[\{ at: 50, u16: (0x[0-9a-f]+) \}\] \}$/\1 \2/p' $names |
    sort >"$work/table.kinds"
same "types of messages: $(grep -c . "$work/kernel.kinds")" "$work/kernel.kinds" "$work/table.kinds"

grep -oE '[A-Z_]*EVENT_[A-Z]+ *= *(0x[0-9a-f]+|[0-9]+)' "$work/code" | sed -E 's/ *= */ /; s/^[A-Z_]*EVENT_//' | lower |
    sort >"$work/kernel.events"
sed -nE 's/^  ([a-z-]+): \{ type: (0x[0-9a-f]+|[0-9]+),.*/\1 \2/p' $names | sort >"$work/table.events"
same "types of events: $(grep -c . "$work/kernel.events")" "$work/kernel.events" "$work/table.events"

for scenario in scenarios/kernel-*.scn.yml; do
    if ! grep -q '^names: kernel.names.yml' "$scenario" || ! grep -q '^check: { coherence: true }' "$scenario"; then
        echo "not ok $scenario has no \`names: kernel.names.yml\` or no \`check: { coherence: true }\`"
        bad=1
    fi
done
exit $bad
