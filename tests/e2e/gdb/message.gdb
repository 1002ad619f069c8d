define look
  inferior 1
  info registers
  x/32gx $sp
  inferior 2
  info registers
  x/32gx $sp
  monitor nodes
  monitor messages
end
monitor break message received from alpha to beta nth 3
continue
echo @ first\n
look
echo @ between\n
cob-until +1ms
monitor vtime
cob-goto -1ms
echo @ second\n
look
echo @ sent\n
monitor break message sent from beta nth 4
continue
monitor nodes
monitor messages
echo @ end\n
