echo @ break\n
break *load_elf_binary
inferior 2
break *load_elf_binary
inferior 3
break *load_elf_binary
info breakpoints
continue
bt 5
info registers pc
x/i $pc
continue
bt 2
continue
bt 2
delete
echo @ together\n
cob-until +20us
monitor nodes
echo @ step\n
inferior 2
set $before = $pc
stepi
p $pc != $before
echo @ watch\n
watch *(unsigned long *)&jiffies_64
set $first = *(unsigned long *)&jiffies_64
continue
p *(unsigned long *)&jiffies_64 - $first
delete
echo @ end\n
