echo @ together\n
cob-until 100ms
monitor nodes
echo @ break\n
tbreak *begin_new_exec
inferior 2
tbreak *begin_new_exec
inferior 3
tbreak *begin_new_exec
info breakpoints
continue
bt 2
echo @ riscv64\n
continue
bt 6
echo @ step\n
inferior 3
set $before = $pc
stepi
p $pc != $before
echo @ watch\n
watch *(unsigned long *)&jiffies_64
set $first = *(unsigned long *)&jiffies_64
continue
p *(unsigned long *)&jiffies_64 > $first
delete $bpnum
echo @ last\n
continue
bt 2
echo @ end\n
