# Actions that are choices, and the actor-critic that learns them: through training, resuming, playing, distilling and reports.
. "$TEST_LIB"
tiny="-p grid-1 --policy-layers 12 --high-layers 12 --prior-high-layers 6 --critic-layers 16 --actors 12 --warm-up 1k --evaluate-every 20k --evaluate-episodes 8 --seed 3 --db g.db -q"

for threads in 1 2 4; do
    quiet "train, $threads threads" bp-train $tiny --transitions 40k -t $threads -o one.$threads
    quiet "play, $threads threads" bp-rollout -n 40 -t $threads -o play.$threads one.1
    [ $threads = 1 ] && head="--head categorical" || head=      # which is what it is where nobody chose
    quiet "distil, $threads threads" bp-distill -q --db none $head --inputs global,goal --transitions 20k --layers 16 -t $threads -o prior.$threads play.1
done
for threads in 1 2; do
    quiet "another body under the same high levels, $threads threads" bp-transfer -p grid-8 --prior-from one.1 --reuse high --policy-layers 12 --critic-layers 16 --actors 12 --replay-episodes 24 --warm-up 1k --transitions 20k --evaluate-every 10k --evaluate-episodes 4 --seed 3 --db g.db -q -t $threads -o eight.$threads
done
same "  the same bytes" eight.1 eight.2
is "  which were frozen, and hold their latent for eight steps" "$(bp-stats info --json eight.1 | jq -r '[.[] | select(.name == "reused" or .name == "period") | "\(.section) \(.value)"] | join("; ")')" "latent 8; policy-high policy-high, frozen; prior-high prior-high, frozen"
quiet "the KL of steps is a field" bash -c 'bp-rollout -q --play prior -n 300 one.1 | bp-stats field --tsv >field.tsv'
is "  of steps to cells around" "$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { bad += $c["x"] > 7 || $c["y"] > 7 || $c["kl_reward"] > 0 || ($c["x"] == 7 && $c["direction"] == "right") } END { print (NR > 150), bad + 0 }' field.tsv)" "1 0"
if command -v gnuplot >/dev/null; then
    quiet "  that is drawn" gnuplot -e "input='field.tsv'; output='field.png'" "$BP_SHARE/plots/field.gp"
    ok "  as a picture" bash -c 'head -c 4 field.png | grep -q PNG'
fi
for what in one play prior; do
    same "$what: 2 threads as 1" $what.1 $what.2
    same "$what: 4 threads as 1" $what.1 $what.4
done
quiet "half a run" bp-train $tiny --transitions 20k --learning-rate-hold 0.999 --final-learning-rate 1 --keep-resume -o half
quiet "  and the other half" bp-train $tiny --transitions 40k --learning-rate-hold 0.999 --final-learning-rate 1 --resume -o half
quiet "  beside a whole one" bp-train $tiny --transitions 40k --learning-rate-hold 0.999 --final-learning-rate 1 -o whole
same "  the same bytes" half whole
is "its metrics are in the database" "$(sqlite3 g.db "select count(*) > 0 and min(critic_loss is not null and trace_weight between 0 and 1 and kl_prior = kl_prior_high) from curves")" 1
quiet "  those that it alone has too" bp-stats curves --metric value_mean g.db

is "the checkpoint tells its actions" "$(bp-stats info --tsv one.1 | awk -F'\t' '$3 ~ /^action/ { printf "%s %s ", $3, $4 }')" "action_space discrete action_size 4 "
is "recorded actions are choices" "$(bp-stats dump --tsv --groups '' play.1 | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /^action_/) c[n++] = i; next } { s = 0; for (i = 0; i < n; i++) s += $c[i]; bad += s != 1 } END { print n, bad + 0 }')" "4 0"
is "  with their probabilities" "$(bp-stats dump --tsv --groups '' play.1 | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { bad += $c["log_prob"] > 0 } END { print bad + 0 }')" 0
is "  and reported each by how often it was made" "$(bp-stats actions --tsv play.1 | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } $c["bin"] == 1 { share += $c["share"] } END { printf "%.6f", share }')" 1.000000
check "numbers are no choices" 2 "head 'bounded' draws what is continuous, but here are 4 discrete choices" -- bp-distill -q --db none --head bounded --inputs global,goal -o no play.1
quiet "a distilled prior plays" bp-rollout --play prior -n 20 -o prior.traj prior.1
quiet "  and is drawn" bash -c 'bp-stats trajectories -n 2 prior.traj | grep -q "^prior.traj  *grid"'
is "the likeliest choices are the same each time" "$(bp-rollout --deterministic --same-start -n 3 -q one.1 2>/dev/null | bp-stats dump --tsv --groups '' | tail -n +2 | cut -f 3- | sort | uniq -c | awk '{ print $1 }' | sort -u)" 3

check "a Gaussian head" 2 "the policy's head 'bounded' draws what is continuous, but here are 4 discrete choices; heads for these: categorical" -- bp-train $tiny --policy-head bounded -o no
check "SVG(0)" 2 "--policy-head categorical is for priors: .*; --algorithm vtrace does without" -- bp-train $tiny --algorithm svg -o no
check "what is of another algorithm" 2 '--critics 2 changes nothing without --algorithm svg' -- bp-train $tiny --critics 2 -o no
check "  and the other way round" 2 '--vtrace-rho 2 changes nothing without --algorithm vtrace' -- bp-train -p nav-easy-mlp --vtrace-rho 2 -o no
runs "a grid has no frames" 2 bp-rollout -n 1 --frames 64x64 -o no one.1
like "  and says so" "$(cat "$err")" "task 'grid' cannot be drawn"
is "heads that nobody chose are the task's" "$(bp-train --task grid --algorithm vtrace --print-config | sed -nE 's/^(policy|prior)-head += ([a-z]+) +# (.*)/\1 \2 \3;/p' | tr -d '\n')" "policy categorical task grid;prior categorical task grid;"
check "a posterior's reward" 2 "--posterior mlp is for --algorithm svg, not vtrace" -- bp-train $tiny --prior mlp --prior-head categorical --posterior mlp -o no
quiet "V-trace learns numbers too" bp-train -p nav-easy-mlp --algorithm vtrace --policy-layers 8 --prior-layers 8 --critic-layers 8 --replay-episodes 64 --warm-up 1k --transitions 4k --evaluate-episodes 2 --db none -q -o numbers
