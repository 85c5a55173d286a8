# Checkpoints, streams and tasks that do not fit each other: the sentence names what is missing.
. "$TEST_LIB"
fixture easy.ckpt none.ckpt prior.ckpt easy.traj hard.traj
mkdir in && mv *.ckpt *.traj in

check "a policy that sees the goal, on a task without" 2 "task 'nav-hard' does not have goal:4, which the checkpoint's policy sees; it has global:4,targets:8,progress:4,touch:4" -- bp-rollout --task nav-hard -o x in/easy.ckpt
check "  to stdout" 2 "does not have goal" -- bp-rollout --play policy --task nav-hard in/easy.ckpt
check "a prior that is not there" 2 "the checkpoint has no prior" -- bp-rollout --play prior in/none.ckpt
check "a policy that is not there" 2 "the checkpoint has no policy" -- bp-rollout --play policy in/prior.ckpt
check "transfer of a prior that is not there" 2 "has no prior" -- bp-transfer -p nav-hard --prior-from in/none.ckpt -o x
check "evaluation of a prior that sees the goal, on a task without" 2 "--evaluate prior:nav-hard: the task does not have goal:4, which the prior sees; leave that out of the list" -- bp-train $tiny --prior-inputs '*' --evaluate prior:nav-hard -o x
bp-train $tiny --prior-inputs '*' --evaluate= --db none -o in/goal.ckpt
check "transfer of a prior that sees the goal, to a task without" 2 "task 'nav-hard' on body 'pointmass' does not have goal:4, which the prior in the checkpoint sees; it has global:4,targets:8,progress:4,touch:4: what bp-train --prior-inputs leaves out can differ" -- bp-transfer -p nav-hard --prior-from in/goal.ckpt -o x
check "distilling what the episodes do not have" 2 "no observation group 'goal' here; the groups are global,targets,progress,touch" -- bp-distill --inputs goal -o x in/hard.traj
check "distilling what only some episodes have" 2 "in/hard.traj.*lacks the group 'goal'" -- bp-distill --inputs global,goal -o x in/easy.traj in/hard.traj
check "KL that the episodes do not have" 2 "has no KL to a prior" -- bp-stats kl in/hard.traj
quiet "what fits is distilled from both tasks" bp-distill -q --db none --transitions 10k --inputs global,targets,touch -o both.ckpt in/easy.traj in/hard.traj
quiet "  and plays on both" bash -c 'bp-rollout --play prior --task nav-hard -n 1 both.ckpt >a && bp-rollout --play prior --task nav-easy -n 1 both.ckpt >b'
quiet "?NAME is passed over where there is none" bp-distill -q --db none --transitions 10k --inputs 'global,?proprio' -o less.ckpt in/hard.traj
is "  and what is seen is in the checkpoint" "$(bp-stats info --tsv less.ckpt | awk -F'\t' '$2 == "prior" && $3 == "inputs" {print $4}')" global
