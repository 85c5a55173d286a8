# --precision bf16: learns and resumes to the same bytes; is refused where it would be slower than float32.
. "$TEST_LIB"
fixture easy.ckpt easy.traj
small="--warm-up 1k --replay-episodes 64 --evaluate-every 40k --evaluate-episodes 2 --db none -q --policy-layers 16,17 --prior-layers 16 --critic-layers 16 --actors 12"
train="bp-train -p nav-easy-lstm $small --precision bf16 --transitions 80k"

check "an unknown precision" 2 '--precision must be one of float32, bf16' -- bp-train --precision float16 -o x.ckpt
if ! $train --print-config >"$out" 2>"$err"; then
    like "refused here" "$(cat "$err")" '--precision bf16 takes a processor'
    check "  with its config" 2 '--precision bf16 takes a processor' stdout -- $train --print-config
    like "  that says it" "$(cat "$out")" '^precision += bf16 +# command line'
    check "  training too" 2 '--precision bf16 takes a processor' -- $train -o x.ckpt
    check "  distilling too" 2 '--precision bf16 takes a processor' -- bp-distill --precision bf16 --db none -o x.ckpt easy.traj
    skip "the rest: there are no instructions for bf16 on this processor, or they are slower than float32"
    exit 0
fi
is "showing the config does not warn" "$(cat "$err")" ""

for threads in 1 2 3; do
    quiet "train, $threads threads" $train -t $threads -o train.$threads
done
same "2 threads as 1" train.1 train.2
same "3 threads as 1" train.1 train.3
is "the checkpoint tells" "$(bp-stats info --tsv train.1 | awk -F'\t' '$3 == "precision" {print $4}')" bf16
like "  and what computed its products" "$(bp-stats info --tsv train.1 | awk -F'\t' '$3 == "kernels" {print $4}')" '^bf16 (vdpbf16ps|AMX)$'
quiet "the run's row tells too" $train -o told.ckpt --db told.db
like "  the same" "$(sqlite3 told.db 'select kernels from run')" '^bf16 (vdpbf16ps|AMX)$'
quiet "the same of float32" bp-train -p nav-easy-lstm $small --transitions 80k -o plain
ok "  learns something else" bash -c '! cmp -s plain train.1'
quiet "what was learned is played" bp-rollout -n 4 -o played.traj train.1

for try in 1 2 3 4 5; do        # a stop that comes too late for a fast machine is tried again, sooner
    rm -f stop.ckpt*
    $train -o stop.ckpt 2>"$err" &
    process=$!
    ready $process
    sleep 0.$(printf %03d $((RANDOM % (600 / (try * try)))))
    kill -INT $process 2>/dev/null
    wait $process
    [ $? -eq 0 ] || break
done
like "stopped" "$(tail -n 1 "$err")" 'stopped at [0-9]+ transitions'
check "resumed with another precision" 2 '--precision differs from the stopped run' -- ${train/bf16/float32} -o stop.ckpt --resume
quiet "resumed" $train -o stop.ckpt --resume
same "  ends in the bytes of a run never stopped" stop.ckpt train.1

quiet "transfer" bp-transfer -p nav-hard --prior-from easy.ckpt --transitions 8k --warm-up 1k --replay-episodes 64 --evaluate-every 8k --evaluate-episodes 2 --precision bf16 --db none -q -o hard.ckpt
is "transfer does not take the precision from the prior's checkpoint" "$(bp-transfer --prior train.1 --print-config | sed -nE 's/^precision += ([^ ]*) .*/\1/p')" float32
quiet "distil" bp-distill --precision bf16 -q --db none --prior lstm --transitions 20k -o distilled.ckpt easy.traj
is "  the checkpoint tells" "$(bp-stats info --tsv distilled.ckpt | awk -F'\t' '$3 == "precision" {print $4}')" bf16
