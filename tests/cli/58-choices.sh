# Priors whose latents are choices: fitted by summing over them, played, learned beside a flat policy, stopped and resumed, carried over.
. "$TEST_LIB"
quiet "episodes of chance" bp-rollout --play random --task goto --body ball -n 8 -o random.traj
fit="bp-distill --latent-size 3 --prior-high markov --inputs proprio --layers 8 --prior-high-layers 6 --prior-high-inputs proprio --transitions 20k --evaluate-every 10k --db d.db -q"
for kind in mlp lstm; do
    quiet "summed over, $kind" $fit --prior $kind --inference exact -o $kind.1 -t 1 random.traj
    quiet "  with 2 threads" $fit --prior $kind --inference exact -o $kind.2 -t 2 random.traj
    same "  the same bytes" $kind.1 $kind.2
    quiet "  it plays" bp-rollout --play prior -n 3 -o $kind.traj $kind.1
done
is "a checkpoint has two levels of a prior" "$(bp-stats info --tsv mlp.1 | awk -F'\t' '$3 == "parameters" { printf "%s ", $2 }')" "prior prior-high "
is "  whose latent is one of choices" "$(bp-stats info --tsv mlp.1 | awk -F'\t' '$2 == "latent" && ($3 == "space" || $3 == "prior") { printf "%s ", $4 }')" "discrete markov "
states=$(bp-stats dump --tsv --groups '' -n 1 mlp.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { n[$c["latent_0"] + $c["latent_1"] + $c["latent_2"]]++ } END { for (s in n) print s }')
is "a trajectory has the choice of each step" "$states" 1
quiet "recorded choices" $fit -o recorded.1 mlp.traj
quiet "held choices" $fit --inference exact --latent-period 5 -o held.1 random.traj
quiet "  play" bp-rollout --play prior --latent fixed -n 2 -o held.traj held.1
is "  drawn once when fixed" "$(bp-stats dump --tsv --groups '' -n 1 held.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { n += $c["latent_drawn"] } END { print n }')" 1

check "no recorded latents" 2 "no latents; --inference exact sums over them" -- $fit -o no random.traj
check "a network for choices" 2 "choices needs no network that guesses it: give --inference exact" -- $fit --inference lstm -o no random.traj
check "numbers are not summed over" 2 "only choices can be summed over" -- bp-distill --latent-size 3 --inference exact --inputs proprio --db none -q -o no random.traj
check "nor mixtures of mixtures" 2 "the prior's head 'mixture': a prior that is summed over its choices is a mixture already" -- $fit --inference exact --head mixture -o no random.traj
check "too many" 2 "65 choices: there can be 64 at most" -- $fit --latent-size 65 --inference exact -o no random.traj

# Beside a flat policy.
train="bp-train -p goto-ball --prior-high-inputs proprio --latent-size 3 --high none --prior-high markov --policy-layers 12 --prior-layers 8 --prior-high-layers 6 --critic-layers 12 --warm-up 1k --replay-episodes 64 --actors 12 --evaluate-episodes 2 --evaluate policy,prior --db none -q"
quiet "a flat policy beside it" $train --transitions 12k -o whole.ckpt -t 1
quiet "  with 2 threads" $train --transitions 12k -o two.ckpt -t 2
same "  the same bytes" whole.ckpt two.ckpt
${train% -q} --transitions 12k --checkpoint-every 2k -t 1 -o stopped.ckpt >"$out" 2>"$err" &
pid=$!
for i in $(seq 200); do [ -e stopped.ckpt.resume ] && break; sleep 0.05; done
kill -TERM $pid; wait $pid
is "  a stopped run" $? 143
quiet "  is resumed" $train --transitions 12k -t 2 -o stopped.ckpt --resume
same "    to the same bytes" whole.ckpt stopped.ckpt
quiet "  with no state stored" $train --recurrent-state zero --transitions 4k -o zero.ckpt
quiet "the policy plays" bp-rollout -n 2 -o policy.traj whole.ckpt
quiet "  the prior too" bp-rollout --play prior -n 2 -o prior.traj whole.ckpt
for traj in policy.traj prior.traj; do
    quiet "KL to it, $traj" sh -c "bp-stats kl $traj > kl"
done
check "numbers beside a flat policy" 2 "cannot stand beside a flat policy: --prior-high markov" -- $train --prior-high learned-ar --transitions 2k -o no.ckpt
check "mixtures of mixtures" 2 "the prior's head 'mixture': a prior that is summed over its choices is a mixture already" -- $train --prior-head mixture --transitions 2k -o no.ckpt
check "a column that is given a latent" 2 "policy-columns 2: the prior's network is given a latent" -- $train --policy-columns 2 --transitions 2k -o no.ckpt
check "beside actions that are choices" 2 "KL to a prior that is summed over is by sample" -- bp-train -p grid-1 --latent-size 3 --high none --prior mlp --prior-high markov --transitions 2k --db none -q -o no.ckpt
check "no level draws" 2 "draws the latent" -- $train --prior none --transitions 2k -o no.ckpt

# Carried over: the prior is frozen, and the policy beside it new.
transfer="bp-transfer --policy-layers 12 --critic-layers 12 --warm-up 500 --replay-episodes 64 --actors 8 --transitions 2k --evaluate-episodes 2 --db none -q --body ball"
for prior in mlp.1 whole.ckpt; do
    quiet "a prior of choices, $prior, for another task" $transfer --task push-1b1t --prior-from $prior -f -o push.ckpt
done
is "  stays as it is" "$(bp-stats dump --tsv push.ckpt | cut -f 2- | grep '^prior' | sha256sum)" "$(bp-stats dump --tsv whole.ckpt | cut -f 2- | grep '^prior' | sha256sum)"
check "levels are not reused" 2 "which the prior alone draws; --reuse prior puts a flat policy beside it" -- $transfer --task push-1b1t --reuse low --prior-from whole.ckpt -o no
check "  nor drawn by the policy" 2 "the policy beside it is flat" -- $transfer --task push-1b1t --high mlp --prior-from whole.ckpt -o no
