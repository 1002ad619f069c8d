# Everything that can be seen of the three guests, as text.
define state
  set $i = 1
  while $i <= 3
    inferior $i
    info registers
    bt
    p rounds_done
    p watched
    p table
    x/64gx $sp
    set $i = $i + 1
  end
  monitor nodes
end
