# --resume refuses what would not be the same run, or is no resume state.
. "$TEST_LIB"
fixture stop.ckpt stop.ckpt.resume easy.ckpt
go="bp-train $tiny --transitions 2M --db none -o stop.ckpt --resume"

check "another seed" 2 '--seed differs from the stopped run' -- $go --seed 2
check "another task" 2 '--task differs from the stopped run' -- $go --task nav-hard
check "another learning rate" 2 '--policy-learning-rate differs' -- $go --policy-learning-rate 1e-5
check "another count of shards" 2 '--shards differs' -- $go --shards 4
check "another preset" 2 'differs from the stopped run' -- $go --preset nav-easy-mlp
check "another seed by the environment" 2 '--seed differs' -- env BP_SEED=9 $go
check "fewer transitions than were made" 2 '--transitions 1 is fewer than the stopped run has made:' -- bp-train --transitions 1 --db none -q -o stop.ckpt --resume
check "resume without an output" 2 '--resume needs --output' -- bp-train $tiny --resume
check "resume with output to stdout" 2 '--resume needs --output' -- bp-train $tiny --resume -o -
check "nothing to resume" 1 'cannot open other.ckpt.resume: No such file' -- bp-train $tiny --resume -o other.ckpt
check "transfer of what was trained" 2 "prior-from easy.ckpt: the stopped run started from no checkpoint, --prior-from none" -- bp-transfer --prior-from easy.ckpt --initialise fresh -q --db none -o stop.ckpt --resume
check "  from none" 2 "the stopped run is of another program: it has --prior" -- bp-transfer --prior-from none -q --db none -o stop.ckpt --resume

mkdir states && mv stop.ckpt.resume states/whole
state=states/whole
size=$(stat -c %s $state)
bad() {     # bad DESCRIPTION STATUS REGEX: with stop.ckpt.resume as it is now
    check "$1" "$2" "$3" -- $go
}
for length in 0 1 20 100 $((size / 2)) $((size - 1)); do
    head -c $length $state >stop.ckpt.resume
    bad "a resume state cut to $length bytes" 3 'stop.ckpt.resume (was cut short|is empty)'
done
for offset in 5 18 300 $((size / 2)) $((size - 40)) $((size - 2)); do
    cp $state stop.ckpt.resume
    byte=$(od -An -tu1 -j $offset -N 1 stop.ckpt.resume)
    printf "\\x$(printf %x $((byte ^ 16)))" | dd of=stop.ckpt.resume bs=1 seek=$offset conv=notrunc status=none
    bad "a resume state with a changed byte at $offset" 3 'stop.ckpt.resume .*(damaged|neither)'
done
cp easy.ckpt stop.ckpt.resume
bad "a checkpoint for a resume state" 3 'is no resume state'
echo hello >stop.ckpt.resume
bad "text for a resume state" 3 'stop.ckpt.resume is neither'
rm stop.ckpt.resume && mkdir stop.ckpt.resume
bad "a directory for a resume state" 1 'Is a directory'
rmdir stop.ckpt.resume
check "a resume state for a checkpoint" 3 "is not a checkpoint but a stream of kind 'resume'" -- bp-rollout -n 1 -o x.traj $state
check "a resume state for a trajectory" 3 'not an episode' -- bp-distill -o x.ckpt $state
quiet "bp-stats info tells of a resume state" bp-stats info $state
like "  what it is" "$(cat "$out")" "resume"

cp $state stop.ckpt.resume
quiet "more threads and other checkpoints on the way do not matter, nor more transitions" bp-train --transitions 15k -t 4 --checkpoint-every 5k --db none -q -o stop.ckpt --resume
is "  and the config is the stopped run's" "$(bp-stats info --tsv stop.ckpt | awk -F'\t' '$2 == "config" && ($3 == "transitions" || $3 == "warm-up") {print $4}' | tr '\n' ' ')" "15000 1000 "
