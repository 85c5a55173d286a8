# Hierarchical policies and priors: trained, stopped, resumed, played; what makes no sense is refused.
. "$TEST_LIB"
small="-p goto-ball --latent-size 3 --policy-inputs proprio --policy-layers 12 --high-layers 8 --prior-layers 8 --prior-high-layers 6 --critic-layers 12 --warm-up 1k --replay-episodes 64 --actors 12 --evaluate-every 2k --evaluate-episodes 2 --seed 3 --db h.db -q"

for kind in isotropic ar1 learned-ar mlp lstm; do
    quiet "$kind" bp-train $small --prior shared --prior-high $kind --transitions 4k -t 1 -o $kind.1
    quiet "$kind, 2 threads" bp-train $small --prior shared --prior-high $kind --transitions 4k -t 2 -o $kind.2
    same "  the same bytes" $kind.1 $kind.2
done
quiet "held for 4 steps, separate low levels" bp-train $small --prior mlp --prior-high mlp --latent-period 4 --transitions 4k -o held
is "shared low levels cost nothing" "$(sqlite3 h.db "select count(*) from curves where prior <> 'mlp' and abs(kl_prior - kl_prior_high) > 1e-9")" 0
is "  separate ones do" "$(sqlite3 h.db "select min(kl_prior > kl_prior_high) from curves join runs using (run) where runs.output like '%held'")" 1
runs "a run tells" 0 bp-train ${small% -q} --prior mlp --prior-high mlp --transitions 4k --db none -o told
like "  both KLs as it goes" "$(cat "$err")" ', KL [0-9.]+ \(latent [0-9.]+\), entropy '
quiet "the policy plays" bp-rollout -n 3 -o policy.traj held
quiet "the prior plays" bp-rollout --play prior -n 3 -o prior.traj ar1.1
is "  with KLs, and nothing diverged" "$(bp-stats kl --tsv policy.traj prior.traj | tail -n +2 | cut -f 1 | sort -u | wc -l)" 2
is "  all of it the latent's where the low level is shared" "$(bp-stats kl --json prior.traj | jq 'all(.kl > 0 and .kl == .kl_high)')" true
is "  not where it is separate" "$(bp-stats kl --json policy.traj | jq 'last | .kl > .kl_high and .kl_high > 0')" true
is "  and the latent, drawn at every fourth step" "$(bp-stats dump --tsv --groups '' -n 1 policy.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR > 1 && NR < 10 { printf "%d ", $c["latent_drawn"] }')" "1 0 0 0 1 0 0 0 "

# One latent for each episode, from one start.
quiet "latents are fixed" bp-rollout --play prior --latent fixed --same-start -n 3 -t 2 -o fixed.traj held
latents() { bp-stats dump --tsv --groups proprio "$1" | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { print $c["episode"], $c["latent_0"], $c["latent_1"], $c["latent_2"] }' | sort -u; }
is "  one an episode, each its own" "$(latents fixed.traj | wc -l) $(latents fixed.traj | cut -d ' ' -f 2- | sort -u | wc -l)" "3 3"
is "  drawn once" "$(bp-stats dump --tsv fixed.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } $c["latent_drawn"] == 1 { printf "%d ", $c["step"] }')" "0 0 0 "
starts() { bp-stats trajectories --tsv "$1" | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } $c["step"] == '"$2"' { print $c["x"], $c["y"], $c["target0_x"] }' | sort -u | wc -l; }
is "  from one start, and then apart" "$(starts fixed.traj 0) $(starts fixed.traj 20)" "1 3"
is "  which is the seed's first" "$(bp-rollout -q --play prior -n 1 held | bp-stats trajectories --tsv -n 1 | sed -n 2p | cut -f 4-8)" "$(bp-stats trajectories --tsv -n 1 fixed.traj | sed -n 2p | cut -f 4-8)"
quiet "  with means of actions" bp-rollout --play prior --latent fixed --deterministic --same-start -n 3 -o means.traj held
is "    even so" "$(latents means.traj)" "$(latents fixed.traj)"
check "  not of what has none" 2 'random play has no latent' -- bp-rollout --play random --latent fixed -n 1 -o no held
quiet "  a flat policy" bp-train -p goto-ball --policy-layers 8 --critic-layers 8 --prior none --warm-up 500 --transitions 1k --evaluate-episodes 1 --db none -q -o flat
check "    has none" 2 "--latent fixed is for a hierarchical policy; the checkpoint's has no latent" -- bp-rollout --latent fixed -n 1 -o no flat
quiet "    and random episodes record none" bp-rollout --play random -n 1 -o random.traj held
check "    to print" 2 'has no latents' -- bp-stats trajectories --latents random.traj

# Actions in one state, for many goals.
for play in policy prior; do quiet "one state, $play" bp-rollout --one-state --play $play -n 50 -t 2 -o $play.one ar1.1; done
is "  an action each" "$(bp-stats info --tsv policy.one prior.one | awk -F'\t' '$3 == "episodes" || $3 == "steps" { printf "%d ", $4 }')" "50 50 50 50 "
is "  of one body, for many goals" "$(for group in proprio targets; do bp-stats dump --tsv --groups $group policy.one | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /^latent_2$/) from = i + 1; next } { row = ""; for (i = from; i <= NF; i++) row = row " " $i; print row }' | sort -u | wc -l; done | tr '\n' ' ')" "1 50 "
quiet "  compared" bp-stats actions --tsv --bins 5 policy.one prior.one
is "    with all of them in the bins, and a distance" "$(awk -F'\t' 'NR > 1 && $5 != "all" { n += $8 } $5 == "all" { all += $8; far += $3 == "policy" ? $10 != 0 : $10 > 0 } END { print n, all, far }' "$out")" "200 200 2"
for report in trajectories returns; do
    check "  of which there are no $report" 2 "policy.one has actions in one state \(bp-rollout --one-state\), after which nothing was simulated; bp-stats actions" -- bp-stats $report policy.one
done
check "    nor by standard input" 2 "standard input has actions in one state" -- bash -c 'bp-stats returns <policy.one'
check "    nor frames" 2 "the recording has actions in one state" -- bp-rollout --playback policy.one --frames 8x8 -q -o no
quiet "  a prior that sees all" bp-train $small --prior mlp --prior-high mlp --prior-inputs proprio --prior-high-inputs 'proprio,targets,goal' --transitions 1k -o all
check "    has no goals left" 2 "one-state takes goals from what the policy sees and the prior does not: this prior sees all" -- bp-rollout --one-state -n 5 -o no all
check "  not without a prior" 2 'needs a checkpoint with policy and prior' -- bp-rollout --one-state -n 1 -o no flat
check "  nor by chance" 2 'needs a checkpoint with policy and prior' -- bp-rollout --one-state --play random -n 1 -o no held
check "  nor as frames" 2 'simulates nothing' -- bp-rollout --one-state --frames 8x8 -n 1 -o no held

check "a low level that sees the goal" 2 'low-sees-goal' -- bp-train $small --policy-inputs '*' --prior shared --transitions 4k -o no
quiet "  unless it may" bp-train $small --policy-inputs '*' --low-sees-goal --prior shared --transitions 2k -o forced
check "a flat policy has no low level to share" 2 'share' -- bp-train -p goto-ball --prior shared --transitions 4k --db none -q -o no

# What a flat run would ignore is refused.
for option in "high mlp" "high-layers 8" "high-inputs goal" "high-head bounded" "prior-high mlp" "prior-high-layers 8" "prior-correlation 0.5" "latent-period 4"; do
    check "--${option% *} of a flat policy" 2 "--$option changes nothing without --latent-size \\(command line\\)" -- bp-train -p goto-ball --$option --transitions 1k --db none -q -o no
done
check "--low-sees-goal of a flat policy" 2 "--low-sees-goal changes nothing without --latent-size" -- bp-train -p goto-ball --low-sees-goal --print-config
check "--high-layers of a flat transfer" 2 "--high-layers 8 changes nothing without --latent-size" -- bp-transfer --prior-from none --high-layers 8 --transitions 1k --db none -q -o no
check "--inference of a flat distilled prior" 2 "--inference mlp changes nothing without --latent-size" -- bp-distill --inference mlp -q --db none -o no policy.traj
check "--patience where nothing is held out" 2 "--patience 3 changes nothing without --held-out" -- bp-distill --held-out 0 --patience 3 -q --db none -o no policy.traj
