/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_parts.S - the static parts of the report's page as zero-terminated strings. sim/build-report.ninja
 * puts the scripts together and counts the two hashes (SHA-256, base64) that the page's policy names.
 */
        .altmacro
        .macro part name, file
        .globl \name
\name:
        .incbin "\file"
        .byte 0
        .endm

        .section .rodata
        part report_css, <sim/report/report.css>
        part report_css_hash, <build/sim/report.css.hash>
        part report_js, <build/sim/report.js>
        part report_js_hash, <build/sim/report.js.hash>
        part report_timeline, <sim/report/timeline.html>

        .section .note.GNU-stack, "", @progbits
