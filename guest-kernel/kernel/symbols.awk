# symbols.awk - from the output of nm -n, the table that symbols.c reads, as assembler text.
BEGIN { print ".section .symbols,\"a\"\n.balign 8" }
NF == 3 && $2 ~ /^[tT]$/ && $3 !~ /^[.$]/ { print ".quad 0x" $1 ", name" n + 0; name[n++] = $3 }
END {
    print ".section .rodata.names,\"a\""
    for (i = 0; i < n; i++)
        print "name" i ": .asciz \"" name[i] "\""
}
