# Hierarchical priors from recordings: with the latents that were recorded, or with those that a network infers; played, carried over.
. "$TEST_LIB"
small="-p goto-ball --latent-size 3 --policy-inputs proprio --policy-layers 12 --high-layers 8 --prior-layers 8 --critic-layers 12 --warm-up 1k --replay-episodes 64 --actors 12 --evaluate-every 2k --evaluate-episodes 2 --db none -q"
quiet "a hierarchy" bp-train $small --prior shared --prior-high ar1 --transitions 2k -o levels.ckpt
quiet "  held for 4 steps" bp-train $small --prior shared --prior-high ar1 --latent-period 4 --transitions 2k -o held.ckpt
quiet "its episodes" bp-rollout -n 12 -o levels.traj levels.ckpt
quiet "  held" bp-rollout -n 6 -o held.traj held.ckpt
quiet "  fixed" bp-rollout --latent fixed -n 2 -o fixed.traj levels.ckpt
quiet "those of chance" bp-rollout --play random --task goto --body ball -n 6 -o random.traj

fit="bp-distill --latent-size 3 --inputs proprio --layers 8 --inference-layers 8 --prior-high-layers 6 --transitions 20k --evaluate-every 10k --db d.db -q"
for high in isotropic ar1 learned-ar mlp lstm; do
    quiet "recorded latents, $high" $fit --prior-high $high -o $high.1 -t 1 levels.traj
    quiet "  with 2 threads" $fit --prior-high $high -o $high.2 -t 2 levels.traj
    same "  the same bytes" $high.1 $high.2
done
quiet "recorded latents, held" $fit --latent-period 4 -o held.1 held.traj
for kind in lstm mlp; do
    quiet "inferred latents, $kind" $fit --inference $kind -o $kind.3 -t 1 random.traj
    quiet "  with 2 threads" $fit --inference $kind -o $kind.4 -t 2 random.traj
    same "  the same bytes" $kind.3 $kind.4
done
quiet "inferred latents, held, in spite of recorded ones" $fit --inference lstm --latent-period 3 --prior lstm --prior-high mlp -o held.2 levels.traj
is "the run database has what was measured" "$(sqlite3 d.db 'select count(distinct run), min(prior_loss is not null) from progress')" "16|1"

# The prior alone is written: what the inference network sees is nothing that a task must have.
is "a checkpoint has two levels of a prior" "$(bp-stats info --tsv mlp.1 | awk -F'\t' '$3 == "parameters" { printf "%s ", $2 }')" "prior prior-high "
is "  and no inference network" "$(bp-stats info --tsv lstm.3 | awk -F'\t' '$3 == "parameters" { printf "%s ", $2 }')" "prior "
for prior in ar1.1 learned-ar.1 lstm.1 lstm.3 held.1 held.2; do
    quiet "$prior plays" bp-rollout --play prior -n 2 -o played.traj $prior
    is "  with latents" "$(bp-stats info --tsv played.traj | awk -F'\t' '$3 == "latent" { print $4 }')" 3
done
is "  drawn when it is their time" "$(bp-stats dump --tsv --groups '' -n 1 played.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR > 1 && NR < 8 { printf "%d ", $c["latent_drawn"] }')" "1 0 0 1 0 0 "
quiet "it plays on another task" bp-rollout --play prior --task push-1b1t --latent fixed -n 2 -o push.traj ar1.1

check "latents of another size" 2 "latents of 3 numbers: --latent-size 3 fits to them; or --inference lstm guesses them" -- bp-distill --latent-size 2 --db none -q -o no levels.traj
check "no latents" 2 "no latents; --inference lstm guesses them" -- $fit -o no random.traj
check "another period" 2 "not drawn every 2 steps \(see step 2\): --latent-period" -- $fit --latent-period 2 -o no levels.traj
check "  fixed latents" 2 "not drawn every 1 steps \(see step 2\)" -- $fit -o no fixed.traj

transfer="bp-transfer --body ball --latent-size 3 --high-layers 8 --critic-layers 12 --warm-up 500 --replay-episodes 64 --actors 8 --transitions 2k --evaluate-episodes 2 --db none -q"
quiet "its low level learns another task" $transfer --task push-1b1t --reuse low --prior-from lstm.3 -o push.ckpt
is "  and stays as it is" "$(bp-stats dump --tsv push.ckpt | cut -f 2- | sed -n 's,^policy/,,p' | sha256sum)" "$(bp-stats dump --tsv lstm.3 | cut -f 2- | sed -n 's,^prior/,,p' | sha256sum)"
quiet "both levels" $transfer --task push-1b1t --reuse prior --policy-inputs proprio --prior-from ar1.1 -o both.ckpt
quiet "  play" bp-rollout -n 2 -o both.traj both.ckpt
