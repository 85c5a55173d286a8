# Parts of a checkpoint in another task, and with another body: each row of --reuse trains, stops, goes on, plays; what does not fit is refused.
. "$TEST_LIB"
layers="--latent-size 3 --policy-layers 12 --high-layers 8 --prior-high-layers 6 --critic-layers 12"
runs="--warm-up 500 --replay-episodes 64 --actors 8 --evaluate-every 2k --evaluate-episodes 2 -q"
bp-train -p push-1b1t-ball $layers --policy-inputs proprio,boxes --prior shared --prior-high mlp --prior-high-inputs proprio,boxes --transitions 2k $runs --seed 3 --db r.db -o push || exit
bp-train -p goto-ball $layers --policy-inputs proprio --high-inputs targets,goal --prior shared --prior-high ar1 --transitions 2k $runs --seed 3 --db r.db -o ball || exit
bp-train -p goto-ball $layers --policy-inputs proprio --prior shared --prior-high ar1 --transitions 2k $runs --seed 3 --db none -o sees || exit
bp-train -p goto-ball --policy-layers 12 --prior-layers 8 --critic-layers 12 --transitions 2k $runs --db none -o flat || exit

tensors() { bp-stats dump --tsv "$1" | cut -f 2- | grep -E "$2/" | sed -E "s,$2/,," | sha256sum; }
reused() { bp-stats info --tsv "$1" | awk -F'\t' '$3 == "reused" { print $2 ": " $4 }' | LC_ALL=C sort | tr '\n' ';'; }

# row NAME PARENT TASK BODY OPTION...
row() {
    local name=$1 parent=$2 task="--task $3 --body $4 --reuse $1"
    shift 4
    local transfer="bp-transfer $task --prior-from $parent --transitions 6k $runs"
    quiet "$name" $transfer "$@" -t 1 --db r.db -o $name.1
    quiet "  with 2 threads" $transfer "$@" -t 2 --db none -o $name.2
    same "  the same bytes" $name.1 $name.2
    for threads in 1 2; do
        quiet "  the beginning of it, $threads thread(s)" $transfer "$@" --transitions 2k -t $threads --keep-resume --db none -f -o $name.stop
        quiet "  goes on" $transfer "$@" -t $threads --db none -o $name.stop --resume
        same "  to the same bytes" $name.1 $name.stop
    done
    quiet "  plays" bp-rollout -n 2 -o $name.traj $name.1
    quiet "  its prior too" bp-rollout --play prior -n 2 -o $name.prior.traj $name.1
    is "  it comes from $parent" "$(sqlite3 r.db "select output from lineage where run = (select max(id) from run) and generation = 1")" "$PWD/$parent"
}

low_kl() { sqlite3 r.db "select max(abs(kl_prior - kl_prior_high)) $1 from curves join runs using (run) where runs.output like '%/$2.1'"; }

row prior push push-1b3t ball
is "  both levels are kept" "$(reused prior.1)" "policy-high: prior-high, initialised;policy: prior, initialised;prior-high: prior-high, frozen;prior: prior, frozen;"
is "  to the bit" "$(tensors prior.1 prior) $(tensors prior.1 prior-high)" "$(tensors push policy) $(tensors push prior-high)"
is "  the policy's own low level has its cost" "$(low_kl '> 0' prior)" 1

row low push push-1b3t ball --initialise fresh
is "  the low level is kept and shared" "$(reused low.1)" "policy: prior, frozen;prior-high: prior-high, frozen;"
is "  to the bit" "$(tensors low.1 policy) $(tensors low.1 prior-high)" "$(tensors push policy) $(tensors push prior-high)"
is "  its KL is 0" "$(low_kl '' low)" 0.0

row low-init push push-1b3t ball --initialise fresh
is "  the low level starts as it was, the prior is kept" "$(reused low-init.1)" "policy: prior, initialised;prior-high: prior-high, frozen;prior: prior, frozen;"
is "  to the bit" "$(tensors low-init.1 prior) $(tensors low-init.1 prior-high)" "$(tensors push policy) $(tensors push prior-high)"
is "  it goes on learning" "$([ "$(tensors low-init.1 policy)" != "$(tensors push policy)" ] && echo yes)" yes

row high ball goto ant
is "  the high levels are kept" "$(reused high.1)" "policy-high: policy-high, frozen;"
is "  to the bit" "$(tensors high.1 policy-high)" "$(tensors ball policy-high)"
is "  the latent's prior is the ball's" "$(bp-stats info --tsv high.1 | awk -F'\t' '$2 == "latent" && $3 ~ /prior|correlation/ { print $4 }' | tr '\n' ' ')" "0.95 ar1 "
is "  the low level's KL is 0" "$(low_kl '' high)" 0.0
high="bp-transfer --task goto --reuse high --prior-from ball --transitions 2k $runs"
quiet "  without the KL" $high --body quadruped --kl-cost 0 --db none -o unpaid
quiet "  with products of BF16" $high --body ant --precision bf16 --db none -o rounded
is "  the high level is kept to the bit there, too" "$(tensors rounded policy-high)" "$(tensors ball policy-high)"
quiet "  for a body that takes four steps for one" $high --body ant --latent-period 4 --db none -o slow
is "the leaderboard tells what was reused" "$(sqlite3 r.db "select distinct program, reuse, body from leaderboard where task = 'goto' and trained_on = 'goto' and reuse is not null")" "bp-transfer|high|ant"
is "  and by which program" "$(sqlite3 r.db "select group_concat(distinct program) from leaderboard where reuse is null")" "bp-train"
like "bp-stats info of the database, too" "$(bp-stats info --tsv r.db | cut -f 4)" 'task goto body ant prior ar1 reuse high seed 1 finished'
quiet "what was reused is reused again" bp-transfer --task push-1b1t --body ball --reuse low --prior-from low.1 --transitions 2k $runs --db none -o again
is "  the same low level" "$(tensors again policy)" "$(tensors push policy)"

# A latent, or a network, that is not the checkpoint's; levels that are not there, groups that are not given.
no="$runs --transitions 2k --db none -o no"
low="bp-transfer --task push-1b3t --body ball --prior-from push $no"
check "another size of latent" 2 "latent-size 8: the checkpoint's latent has 3 numbers" -- $low --reuse low --latent-size 8
check "another period" 2 "latent-period 2: the checkpoint's latent is held for 1 step$" -- $low --reuse low --latent-period 2
check "another head" 2 "policy-head softplus: the low level is the checkpoint's, which has bounded" -- $low --reuse low --policy-head softplus
check "other layers" 2 "policy-layers 9: a low level that starts from the prior is like it, 12; --reuse prior --initialise fresh lets it differ" -- $low --reuse low-init --policy-layers 9
check "other inputs" 2 "policy-inputs proprio: the low level is the checkpoint's, which has proprio,boxes" -- $low --reuse low --policy-inputs proprio
check "layers of a high level that starts from the prior" 2 "high-layers 9: a high level that starts from the prior is like it, 6; --initialise fresh lets it differ" -- $low --reuse low --high-layers 9
quiet "  that does not" $low --reuse low --high-layers 9 --initialise fresh
check "a prior of another body" 2 "actions are 2 continuous numbers, those of task 'goto' on body 'ant' 8 continuous numbers: --reuse high takes the high levels alone" -- bp-transfer --task goto --body ant --prior-from ball $no
check "high levels that see the body" 2 "task 'goto' on body 'ant' does not have proprio:10, which the policy's high level in the checkpoint sees; it has proprio:38,targets:6,goal:3: what bp-train --high-inputs leaves out can differ" -- bp-transfer --task goto --body ant --reuse high --prior-from sees $no
check "a group that the task does not have" 2 "task 'goto' on body 'ball' does not have boxes:9, which the prior's high level in the checkpoint sees; .*: what bp-train --prior-high-inputs leaves out can differ" -- bp-transfer --task goto --body ball --reuse low --prior-from push $no
for reuse in low low-init high; do
    check "--reuse $reuse of a flat checkpoint" 2 "reuse $reuse: the checkpoint's prior is flat" -- bp-transfer --task goto --body ball --reuse $reuse --prior-from flat $no
done
check "a latent beside a flat prior" 2 "latent-size 4: the checkpoint's prior is flat" -- bp-transfer --task goto --body ball --latent-size 4 --prior-from flat $no
check "a row that there is not" 2 "reuse must be one of prior, low, low-init, high, not 'half'" -- $low --reuse half
quiet "a run that may go on" bp-transfer --task push-1b3t --body ball --reuse low --initialise fresh --prior-from push --transitions 2k $runs --keep-resume --db none -o other
check "  but with the same parts" 2 "reuse differs from the stopped run's" -- bp-transfer --reuse low-init --prior-from push --db none -q -o other --resume --transitions 4k
check "  and the same checkpoint" 2 "prior-from low.1: the stopped run started from another checkpoint, of SHA-256 $(bp-stats info --tsv other | awk -F'\t' '$3 == "parent" { print substr($4, 1, 16) }')\.\.\." -- bp-transfer --reuse low --prior-from low.1 --db none -q -o other --resume --transitions 4k
check "  which is not none" 2 "prior-from none: the stopped run started from another checkpoint" -- bp-transfer --prior-from none --db none -q -o other --resume --transitions 4k
check "  and the same program" 2 "the stopped run is of another program: it has --reuse, which bp-train has not" -- bp-train --db none -q -o other --resume --transitions 4k
check "layers of the policy's high level" 2 "a policy's high level of kind mlp needs hidden layers" -- bp-train -p goto-ball $layers --policy-inputs proprio --high-layers= $no
check "two columns of nothing" 2 "policy-columns 2 needs a prior with a network of its own, of kind mlp, lstm or linear" -- bp-transfer --prior-from none --task goto --body ball --policy-columns 2 $no
check "the kind of a prior" 2 "prior-from mlp: there is no such file; a transfer takes its prior from a checkpoint, bp-train --prior mlp learns one" -- bp-transfer --prior-from mlp --task goto --body ball $no
bp-train -p goto-ball $layers --low-sees-goal --prior shared --prior-high ar1 --transitions 2k $runs --db none -o goal || exit
check "a low level that knows the goal" 2 "the checkpoint's low level sees 'goal', which is the high level's to know: give --low-sees-goal if it may" -- bp-transfer --reuse low --no-low-sees-goal --task goto --body ball --prior-from goal $no
like "--print-config tells what is reused" "$($low --reuse low --print-config | grep '^reuse')" '= low +# command line$'
like "  and what follows from it" "$($low --reuse low --print-config | grep '^latent-size')" "= 3 +# prior's checkpoint$"
