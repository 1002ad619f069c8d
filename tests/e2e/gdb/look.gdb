echo @ start\n
info threads
monitor nodes
echo @ break in each\n
break innermost
disable 1.2 1.3
continue
bt
info args
info threads
disable 1.1
enable 1.2
continue
bt
info args
disable 1.2
enable 1.3
continue
bt
info args
disable 1
echo @ variables\n
inferior 1
break outer if round % 100 == 7
disable 2.2 2.3
continue
p round
up
p n
disable 2
echo @ step\n
set $before = $pc
stepi
p $pc != $before
next
next
echo @ watch\n
inferior 2
watch watched
continue
set $first = watched
continue
p watched - $first
p rounds_done > 0
delete 3
echo @ write\n
inferior 1
break middle
disable 4.2 4.3
continue
p $rip = $rip
p table[0].left = table[0].left
delete 4
echo @ together\n
cob-until 17ms
monitor nodes
p rounds_done > 0
inferior 2
p rounds_done > 0
inferior 3
p rounds_done > 0
echo @ unknown\n
monitor fly
monitor help
monitor links
monitor messages
echo @ end\n
