# The whole chain, as a user types it: train, roll out, measure, transfer, distil, query.
. "$TEST_LIB"
unset BP_THREADS

runs "train" 0 bp-train $short -o easy.ckpt
is "training tells each evaluation" "$(grep -c 'bp-train: .* transitions: .* returns ' "$err")" 4
like "training ends by naming its checkpoint" "$(tail -n 1 "$err")" '^bp-train: wrote easy.ckpt$'
is "training leaves a checkpoint and the database" "$(ls -A | tr '\n' ' ')" "bp.db easy.ckpt "
quiet "a checkpoint through stdout" bash -c "bp-train $short -q --db none -o - | cmp - easy.ckpt"

for play in prior random; do
    quiet "rollout of $play on the hard task" bp-rollout --play $play --task nav-hard -n 12 -o $play.traj easy.ckpt
    ok "  and its report" bash -c "bp-stats returns --tsv $play.traj | awk -F'\t' 'NR == 2 && \$2 == \"nav-hard\" && \$3 == \"$play\" && \$4 == 12 {found = 1} END {exit !found}'"
done
quiet "rollout of the policy" bp-rollout -n 12 -o policy.traj easy.ckpt
quiet "random play without a checkpoint" bp-rollout --play random --task nav-hard -n 12 -o alone.traj
quiet "rollout from stdin to stdout" bash -c 'bp-rollout --play prior --task nav-hard -n 12 <easy.ckpt >piped.traj'
same "  writes the same as with files" piped.traj prior.traj
quiet "rollout of the mean" bp-rollout --deterministic -n 12 -o mean.traj easy.ckpt
is "  says so in each episode" "$(bp-stats info --tsv mean.traj | awk -F'\t' '$3 == "deterministic" {print $4}')" yes
quiet "rollout with another seed" bp-rollout -n 12 --seed 2 -o other.traj easy.ckpt
ok "  writes other episodes" bash -c '! cmp -s other.traj policy.traj'

for report in returns transitions info dump trajectories; do
    quiet "bp-stats $report" bp-stats $report prior.traj
done
quiet "bp-stats kl" bp-stats kl policy.traj
quiet "rollout into a report" bash -c 'bp-rollout --play prior --task nav-hard -n 12 easy.ckpt | bp-stats returns'
is "  says the same as from a file" "$(sed 's/^- /prior.traj /; 1d' "$out" | tr -s ' ')" "$(bp-stats returns prior.traj | sed 1d | tr -s ' ')"

transfer="bp-transfer --preset nav-hard --transitions 20k --warm-up 2k --evaluate-every 10k --evaluate-episodes 4 -q"
quiet "transfer with the prior" $transfer --prior-from easy.ckpt -o hard.ckpt
quiet "transfer with the prior, policy fresh" $transfer --prior-from easy.ckpt --initialise fresh -o fresh.ckpt
quiet "transfer from scratch" $transfer --prior-from none -o scratch.ckpt
quiet "transfer with the prior from stdin" bash -c "$transfer --prior-from - --db none -o piped.ckpt <easy.ckpt"
same "  learns the same" piped.ckpt hard.ckpt
ok "the prior is not changed by transfer" bash -c '[ "$(bp-stats dump --tsv easy.ckpt | grep prior/ | cut -f 2-)" = "$(bp-stats dump --tsv hard.ckpt | grep prior/ | cut -f 2-)" ]'
ok "  and is none from scratch" bash -c '! bp-stats info scratch.ckpt | grep -q "prior/0/weight"'
quiet "rollout of what transfer made" bp-rollout -n 4 -o hard.traj hard.ckpt

for kind in mlp lstm linear; do
    layers=$([ $kind = linear ] && echo --layers= || echo --layers=16)
    runs "distil to $kind" 0 bp-distill --prior $kind $layers --transitions 20k --evaluate-every 10k -o $kind.ckpt policy.traj
    like "  reports the held-out log-likelihood" "$(cat "$err")" 'best held-out log-likelihood -?[0-9.]+ nats a step'
    quiet "  plays on the hard task" bp-rollout --play prior --task nav-hard -n 4 -o distilled.traj $kind.ckpt
done
quiet "distil several files" bp-distill -q --transitions 20k -o several.ckpt policy.traj other.traj
quiet "distil from stdin" bash -c 'cat policy.traj other.traj | bp-distill -q --transitions 20k --db none >joined.ckpt'
same "  learns the same as from the files" joined.ckpt several.ckpt
quiet "a pipeline from policy to prior" bash -c 'bp-rollout -n 12 easy.ckpt | bp-distill -q --transitions 20k --db none - | bp-rollout --play prior --task nav-hard -n 2 - | bp-stats returns'

quiet "curves" bp-stats curves --points 5 bp.db
quiet "curves by the kind of prior" bp-stats curves --by prior,task --points 5 bp.db
quiet "compare" bp-stats compare --where "task = 'nav-hard'" --by output bp.db
quiet "the database is found without being named" bp-stats compare --where "task = 'nav-hard'" --by output
tidy "nothing temporary is left"
