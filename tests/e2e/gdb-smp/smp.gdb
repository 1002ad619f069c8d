echo @ break\n
break look
disable 1.1
continue
info threads
stepi
stepi
disable 1
echo @ watch\n
inferior 2
watch side[1].count
continue
continue
delete
echo @ until\n
inferior 1
cob-until 16ms
monitor nodes
break *look
continue
bt 2
thread 1.2
stepi
delete
echo @ first\n
inferior 2
cob-until 16100us
thread 2.1
info registers
x/6gx &side
echo @ beyond\n
cob-until 16200us
echo @ back\n
cob-goto 16100us
echo @ second\n
thread 2.1
info registers
x/6gx &side
echo @ end\n
