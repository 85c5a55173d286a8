# Checkpoints on the way: asked for by SIGUSR1, periodic ones after kill -9; a second signal quits at once.
. "$TEST_LIB"
train="bp-train -p nav-easy-lstm --policy-layers 16 --prior-layers 16 --critic-layers 16 --actors 12 --warm-up 1k --replay-episodes 64 --evaluate-every 1G --evaluate-episodes 2 --db none -q --transitions 100k"
quiet "never stopped" $train -o whole

$train -o user.ckpt 2>"$err" &
process=$!
ready $process
kill -USR1 $process
ok "SIGUSR1 writes a resume state" wait_for 20 test -e user.ckpt.resume
ok "  after its checkpoint" test -e user.ckpt
cp user.ckpt way.ckpt && cp user.ckpt.resume way.ckpt.resume
ok "  and goes on" kill -USR1 $process
wait $process
is "  to the end" "$? $(cat "$err")" "0 "
same "  with the same bytes" user.ckpt whole
ok "  without a resume state in the end" test ! -e user.ckpt.resume
ok "the checkpoint on the way can be used" bp-rollout -n 2 -o way.traj way.ckpt
quiet "  and gone on from" $train -o way.ckpt --resume
same "  to the same end" way.ckpt whole

$train --checkpoint-every 20k -o kill.ckpt &
process=$!
ok "--checkpoint-every writes a checkpoint" wait_for 20 test -e kill.ckpt.resume
sleep 0.0$((RANDOM % 4))
kill -KILL $process
wait $process 2>/dev/null
is "killed" $? 137
like "  after a checkpoint on the way" "$(bp-stats info --tsv kill.ckpt | awk -F'\t' '$3 == "transitions" {print $4}')" '^[1-9][0-9]{4}$'
quiet "  it is gone on from" $train --checkpoint-every 20k -o kill.ckpt --resume
same "  to the same end" kill.ckpt whole
tidy "  and what the killed one left is gone"
quiet "--checkpoint-every 0" $train --checkpoint-every 0 -f -o kill.ckpt
same "  changes nothing in the end" kill.ckpt whole

# A resume state large enough to be caught in writing: the second signal quits at once; the checkpoint, which comes first, is whole.
long="bp-train -p nav-easy-lstm --replay-episodes 20k --warm-up 1k --actors 12 --transitions 100M --db none -q"
echo "of old" >two.ckpt
$long -o two.ckpt 2>"$err" &
process=$!
ready $process
sleep 0.1
kill -INT $process
ok "the first SIGINT begins to write" wait_for 20 test -e .two.ckpt.resume.tmp
begun=$SECONDS
kill -INT $process
wait $process
is "the second quits: status" $? 130
ok "  at once" test $((SECONDS - begun)) -le 3
is "  without a word" "$(cat "$err")" ""
tidy "  without temporary files"
ok "  with a whole checkpoint" bp-stats info two.ckpt
ok "  and no resume state" test ! -e two.ckpt.resume

# One run at a time writes an output.
$train --transitions 100M -o held.ckpt 2>"$err.held" &
process=$!
ready $process
wait_for 20 test -s .held.ckpt.lock
check "a second run on the same output" 2 "'held.ckpt' is being written by bp-train, process $process on .*, since 20.* UTC: give this run another --output" -- $train -o held.ckpt
check "  by another name" 2 "held.ckpt' is being written by bp-train" -- $train -o ./held.ckpt
check "  by another program" 2 "'held.ckpt' is being written by bp-train" -- bp-transfer --prior-from none --db none -q -o held.ckpt
fixture easy.traj
distill="bp-distill --layers 4 --transitions 4k --db none -q"
check "  by bp-distill, before it reads" 2 "'held.ckpt' is being written by bp-train" -- $distill -o held.ckpt missing.traj
kill -KILL $process
wait $process 2>/dev/null
quiet "a killed run holds nothing" $train -o held.ckpt
tidy "  and leaves nothing"
check "a checkpoint is not overwritten" 2 "'held.ckpt' is there already, a checkpoint or recordings: --force overwrites it" -- $train --seed 9 -o held.ckpt
quiet "  but by --force" $train --seed 9 --force -o held.ckpt
chmod 600 held.ckpt
quiet "  again" $train --seed 8 -f -o held.ckpt
is "  with the mode that it had" "$(stat -c %a held.ckpt)" 600

check "bp-distill overwrites no checkpoint" 2 "'held.ckpt' is there already, a checkpoint or recordings: --force overwrites it" -- $distill -o held.ckpt easy.traj
quiet "  but by --force" $distill -f -o held.ckpt easy.traj
print() { bp-stats info --tsv "$1" | awk -F'\t' '$3 == "fingerprint" { print $4 }'; }
quiet "  again, elsewhere" $distill -o same.ckpt easy.traj
quiet "  from other recordings" bash -c "cat easy.traj easy.traj | $distill -o twice.ckpt"
like "a distilled prior tells what made it" "$(print held.ckpt)" '^[0-9a-f]{64}$'
is "  the same from the same" "$(print same.ckpt)" "$(print held.ckpt)"
ok "  another from other recordings" test "$(print twice.ckpt)" != "$(print held.ckpt)"
