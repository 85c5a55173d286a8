# A run that a signal stops says how to go on, and then ends in the bytes of one never stopped.
. "$TEST_LIB"
fixture easy.ckpt
same="--warm-up 1k --replay-episodes 64 --evaluate-every 40k --evaluate-episodes 2 --db none -q"
small="--policy-layers 16 --prior-layers 16 --critic-layers 16 --actors 12"
train="bp-train -p nav-easy-lstm $same $small --transitions 100k"
memory="bp-train -p nav-easy-lstm $same $small --policy lstm --recurrent-state stored --transitions 80k"
transfer="bp-transfer -p nav-hard --prior-from easy.ckpt --rewarded-share 0.25 $same --transitions 60k"
quiet "train, never stopped" $train -o train.whole
quiet "train with stored states, never stopped" $memory -o memory.whole
quiet "transfer, never stopped" $transfer -o transfer.whole

# stop SIGNAL SECONDS COMMAND...: in the background; leaves its status in $status.
stop() {
    local signal=$1 seconds=$2 process
    shift 2
    "$@" 2>"$err" &
    process=$!
    ready $process
    sleep "$seconds"
    kill -"$signal" $process 2>/dev/null
    wait $process
    status=$?
}

# interrupted NAME SIGNAL STATUS: once stopped, and gone on with by the very line that is printed
interrupted() {
    local name=$1 signal=$2 expected=$3 seconds try
    for try in 1 2 3 4 5; do        # a stop that comes too late for a fast machine is tried again, sooner
        seconds=0.$(printf %03d $((RANDOM % (500 / (try * try)))))
        rm -f $name.ckpt*
        stop $signal $seconds ${!name} -o $name.ckpt
        [ $status -eq 0 ] || break
    done
    is "$name: SIG$signal after $seconds s ends with status $expected" $status $expected
    is "  in one sentence" "$(wc -l <"$err")" 1
    like "  that says where it is and how to go on" "$(cat "$err")" "^bp-$([ $name = transfer ] && echo transfer || echo train): warning: stopped at [0-9]+ transitions; to go on: bp-.* --resume\$"
    ok "  with a checkpoint" bp-stats info $name.ckpt
    ok "  and a resume state" bp-stats info $name.ckpt.resume
    tidy "  and nothing temporary"
    quiet "  $(sed 's/.*stopped/stopped/; s/;.*//' "$err"): the line that is printed works" bash -c "$(sed 's/.*to go on: //' "$err")"
    same "  the end is that of a run never stopped" $name.ckpt $name.whole
    ok "  the resume state is gone" test ! -e $name.ckpt.resume
}
interrupted train INT 130
interrupted train TERM 143
interrupted memory INT 130
interrupted transfer TERM 143

# What a stopped run left is not run over.
stop INT 0.05 $train -o kept.ckpt
if [ $status -eq 130 ]; then
    check "beginning anew over a stopped run" 2 "'kept.ckpt.resume' is the state of a stopped run: --resume goes on from it; to begin anew, remove it" -- $train -o kept.ckpt
    ok "  which is still there" bp-stats info kept.ckpt.resume
fi

# Stopped again and again, with other numbers of threads.
rm -f often.ckpt*
stop TERM 0.05 $train -t 1 -o often.ckpt
for i in 1 2 3; do
    [ $status -eq 143 ] && stop TERM 0.05 $train -t $((i + 1)) --resume -o often.ckpt
done
[ $status -eq 143 ] && runs "a run stopped four times ends" 0 $train -t 2 --resume -o often.ckpt
same "  in the same bytes" often.ckpt train.whole

# The database tells of one run, with rows as if never stopped.
logged="$train --db bp.db --progress-every 10k"
stop INT 0.05 $logged -o logged.ckpt
is "a stopped run is one in the database" "$(sqlite3 bp.db "select state, count(*) from run")" "stopped|1"
quiet "gone on with" $logged -o logged.ckpt --resume
is "  it is finished, and no other" "$(sqlite3 bp.db "select state, count(*) from run")" "finished|1"
$logged --db other.db -f -o logged.ckpt
is "  its progress is that of a run never stopped" "$(sqlite3 bp.db "select max(transitions), count(distinct transitions / 10000) from progress where transitions >= 10000")" "$(sqlite3 other.db "select max(transitions), count(distinct transitions / 10000) from progress")"
is "  its evaluations too" "$(sqlite3 bp.db "select transitions, play, episode_return from evaluation order by 1, 2")" "$(sqlite3 other.db "select transitions, play, episode_return from evaluation order by 1, 2")"

stop TERM 0.05 bash -c "exec $train -o - >stdout.ckpt"
is "stopped without a file to write: status" $status 143
like "  says that there is nothing to resume from" "$(cat "$err")" "without --output FILE there is nothing to resume from"

# An evaluation is cut short, and comes after all when the run goes on.
slow="bp-train -p nav-easy-lstm $small --warm-up 1k --replay-episodes 64 --evaluate-every 20k --transitions 20k --evaluate policy --db slow.db -q"
$slow --evaluate-episodes 1M -o slow.ckpt 2>"$err" &
process=$!
ready $process
sleep 1
begun=$(date +%s%N)
kill -TERM $process
wait $process
is "stopped in an evaluation: status" $? 143
took=$((($(date +%s%N) - begun) / 1000000))
ok "  within a second ($took ms)" test $took -lt 1000
like "  all is learned, and there is something left to do" "$(cat "$err")" 'stopped at 2[0-9]{4} transitions; to go on: '
is "  no evaluation is recorded" "$(sqlite3 slow.db 'select count(*) from evaluation')" 0
ok "  and it can be gone on from" test -e slow.ckpt.resume

# Nobody reads what is said any more: that ends a run as a signal does.
mkfifo said
head -n 1 said >first &
${train/ -q/} --evaluate-every 5k --transitions 400k --evaluate-episodes 1 -o deaf.ckpt 2>said
is "a closed standard error: status" $? 141
like "  after something was said" "$(cat first)" '^bp-train: '
quiet "  the run goes on" $train --evaluate-every 5k --transitions 400k --evaluate-episodes 1 -o deaf.ckpt --resume
quiet "  one that is always quiet" $train --evaluate-every 5k --transitions 400k --evaluate-episodes 1 -o mute.ckpt
same "  to the bytes of one that nobody ever heard" deaf.ckpt mute.ckpt

bp-rollout -n 100000 -o long.traj easy.ckpt 2>"$err" &
process=$!
wait_for 20 bash -c 'ls .long.traj.* >/dev/null'
kill -TERM $process
wait $process
is "bp-rollout stopped: status" $? 143
is "  in one sentence" "$(cat "$err")" "bp-rollout: warning: stopped before all episodes were played"
tidy "  nothing temporary is left"
ok "  nor part of its output" test ! -e long.traj

bp-rollout -n 4 -o few.traj easy.ckpt
bp-distill -q --prior lstm --transitions 100M --evaluate-every 100M --db none -o long.ckpt few.traj 2>"$err" &
process=$!
ready $process
kill -INT $process
wait $process
is "bp-distill stopped before it measured: status" $? 130
is "  in one sentence" "$(cat "$err")" "bp-distill: warning: stopped; nothing was written, as nothing was measured yet"
ok "  nothing is written" test ! -e long.ckpt
bp-distill --prior lstm --transitions 100M --evaluate-every 1k --patience 100k --db none -o long.ckpt few.traj 2>"$err" &
process=$!
wait_for 20 grep -q held "$err"
kill -TERM $process
wait $process
is "bp-distill stopped on its way: status" $? 143
is "  its last sentence" "$(tail -n 1 "$err")" "bp-distill: warning: stopped; wrote the best prior so far"
quiet "  which plays" bp-rollout --play prior --task nav-hard -n 1 -o long.traj long.ckpt
rm long.*

head -n 1 said >first &
bp-distill --prior lstm --transitions 100M --evaluate-every 1k --patience 100k --db none -o deaf.prior few.traj 2>said
is "bp-distill that nobody hears: status" $? 141
like "  after something was said" "$(cat first)" '^bp-distill: '
ok "  it wrote the best prior so far" bp-stats info deaf.prior

mkfifo never
bp-distill --db none -o long.ckpt never 2>"$err" &
process=$!
sleep 0.1
kill -TERM $process
wait $process 2>/dev/null
is "bp-distill that waits for its input ends at once" $? 143
tidy "nothing temporary is left in the end"

# A run whose last update goes beyond --transitions can be stopped in its last evaluation, and goes on from there.
late="bp-train -p nav-easy-lstm --warm-up 1k --replay-episodes 64 --evaluate-every 1G --evaluate-episodes 1000 --db none -q --policy-layers 16 --prior-layers 16 --critic-layers 16 --actors 12 --transitions 3k"
quiet "evaluated at its end" $late -o late.whole
stop TERM 0.200 $late -o late.ckpt
is "  and stopped there" $status 143
quiet "  goes on" $late -o late.ckpt --resume
same "  to the same end" late.ckpt late.whole
