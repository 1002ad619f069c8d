# What init=/sh,/rack.sh runs on the first of three nodes: one tree of files, pipes and processes over all of them
# (tests/e2e/kernel-sh).
echo "node $NODE of $NODES, script $0"
on 1 cat /motd | on 2 wc
echo one two | on 1 cat | on 2 cat | cat | on 0 wc
on 2 wc </motd

# more than a pipe holds

cat /sh | on 1 cat | on 2 cat | wc; wc </sh

# files of a process elsewhere, and of its children still elsewhere

on 2 sh -c 'cat /motd | on 1 wc; exit 5' || echo status: $?
echo passed on | on 1 sh -c 'on 2 sh -c "on 0 cat"'
on 1 cat /sh | on 2 echo nobody reads || echo status: $?
on 1 cat /nothing | on 2 wc
on 2 no-such-program || echo status: $?

# what nodes tell

on 1 cpuinfo 0 1 2
on 2 meminfo 0 1 2 | on 1 wc
on 1 ps | on 2 cat

# in the background

on 1 sleep 9000 &
on 2 kill $!
on 2 sleep 20 | on 1 cat &
sleep 5
cat /proc/0/files /proc/1/files /proc/2/files
on 1 kill $!
sh -c 'on 1 sleep 2; on 2 echo slept' &
on 2 kill 9999 || echo no such process
wait; echo waited: $?

# nothing is left

on 1 cat /proc/0/files /proc/1/files /proc/2/files
on 2 ps
exit 9
