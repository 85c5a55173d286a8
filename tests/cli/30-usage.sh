# Command lines that ask for what cannot be: one sentence, exit status 2, nothing written. BP_DB is not set, so that a database that
# a refused run should not have made would be seen.
. "$TEST_LIB"
fixture easy.ckpt easy.traj
mkdir in && mv easy.ckpt easy.traj in
easy=in/easy.ckpt traj=in/easy.traj

for program in "bp-train -o x" "bp-transfer --prior-from $easy -o x" "bp-rollout -o x $easy" "bp-distill -o x $traj" "bp-stats returns $traj" "bp-stats curves"; do
    check "${program%% -*}: unknown option" 2 "unknown .*option '--bogus'" -- $program --bogus
    check "${program%% -*}: unknown letter" 2 "unknown option '-Z'" -- $program -Z
    check "${program%% -*}: unknown --no-option" 2 "unknown .*option '--no-bogus'" -- $program --no-bogus
done
for program in "bp-train -o x" "bp-transfer --prior-from $easy -o x" "bp-rollout -o x $easy" "bp-distill -o x $traj"; do
    name=${program%% *}
    check "$name: unknown letter among known ones" 2 "unknown option '-Z'" -- $program -qZ
    check "$name: no value after the last option" 2 "option '--seed' needs a value" -- $program --seed
    check "$name: no value after the last letter" 2 "option '-t' needs a value" -- $program -t
    check "$name: a value for a flag" 2 "option '--quiet=yes' takes no value" -- $program --quiet=yes
    check "$name: seed is not a number" 2 "--seed wants a number, not 'one'" -- $program --seed one
    check "$name: seed is empty" 2 "--seed wants a number, not ''" -- $program --seed=
    check "$name: seed is a fraction" 2 "--seed wants a whole number, not '1.5'" -- $program --seed 1.5
    check "$name: seed is negative" 2 "--seed must lie in 0 \.\.\. " -- $program --seed -1
    check "$name: seed is too large" 2 "--seed must lie in" -- $program --seed 1e18
    check "$name: no thread" 2 "--threads must lie in 1 \.\.\. " -- $program -t 0
    check "$name: too many threads" 2 "--threads must lie in" -- $program -t 5000
    check "$name: a number in the environment that is none" 2 "--seed wants a number, not 'x' \(BP_SEED\)" -- env BP_SEED=x $program
done
for program in "bp-train -o x" "bp-transfer --prior-from none -o x"; do
    name=${program%% *}
    check "$name: no step" 2 "--transitions must lie in 1 \.\.\. " -- $program --transitions 0
    check "$name: unknown suffix" 2 "--transitions wants a number, not '5x'" -- $program --transitions 5x
    check "$name: two suffixes" 2 "--transitions wants a number, not '5kk'" -- $program --transitions 5kk
    check "$name: not a number but nan" 2 "--discount wants a number, not 'nan'" -- $program --discount nan
    check "$name: infinite" 2 "--kl-cost wants a number, not 'inf'" -- $program --kl-cost inf
    check "$name: beyond all numbers" 2 "--kl-cost wants a number" -- $program --kl-cost 1e999
    check "$name: out of range" 2 "--discount must lie in 0 \.\.\. 1, not '1.01'" -- $program --discount 1.01
    check "$name: below range" 2 "--retrace-lambda must lie in" -- $program --retrace-lambda -0.1
    check "$name: an operand" 2 "unexpected operand 'operand'" -- $program operand
    check "$name: an ambiguous option" 2 "ambiguous option '--policy-', the beginning of '--policy-layers', .*, and [0-9]+ more; " -- $program --policy- 3
    check "$name: unknown task" 2 "--task must be one of nav-easy, nav-hard, .*not 'nav'" -- $program --task nav
    check "$name: unknown body" 2 "task 'nav-easy' does not take the body 'quadruped'" -- $program --task nav-easy --body quadruped
    check "$name: unknown kind" 2 "--policy must be one of mlp, lstm, linear, not 'gru'" -- $program --policy gru
    check "$name: unknown head" 2 "--policy-head must be one of " -- $program --policy-head tanh
    check "$name: unknown choice" 2 "--value-policy must be one of online, target, not 'x'" -- $program --value-policy x
    check "$name: layers that are none" 2 "layer sizes are numbers like 64,64, not 'x'" -- $program --policy-layers x
    check "$name: a layer of nothing" 2 "layer sizes are numbers" -- $program --policy-layers 64,0
    check "$name: too many layers" 2 "at most 8 layers" -- $program --policy-layers 1,1,1,1,1,1,1,1,1
    check "$name: encoders that are none" 2 "encoders are groups and sizes like targets:50,boxes:100x20, not 'targets'" -- $program --policy-encoders targets
    check "$name: an encoder for what is not seen" 2 "the critic has an encoder for 'image', a group that it does not see" -- $program --critic-encoders image:5
    check "$name: an LSTM without layers" 2 "needs hidden layers" -- $program --policy lstm --policy-layers=
    check "$name: unknown group" 2 "no observation group 'bogus' here; the groups are global,targets,goal,touch" -- $program --task nav-easy --policy-inputs bogus
    check "$name: no group at all" 2 "sees no observation group" -- $program --policy-inputs=
    check "$name: unknown preset" 2 "there is no preset 'bogus'; the presets are follow-humanoid, .*, walk-quadruped$" -- $program --preset bogus
    check "$name: a preset misspelt" 2 "there is no preset 'nav-esy-mlp'; did you mean 'nav-easy-mlp'\? the presets are " -- $program --preset nav-esy-mlp
    check "$name: a group misspelt" 2 "there is no observation group 'globl' here; .*; did you mean 'global'\?$" -- $program --task nav-easy --policy-inputs globl
    check "$name: a task misspelt" 2 "'nav-eazy' .*; did you mean 'nav-easy'\?$" -- $program --task nav-eazy
    check "$name: a body misspelt" 2 "there is no body 'antt'; .*; did you mean 'ant'\?$" -- $program --body antt
    check "$name: an option misspelt" 2 "unknown option '--klcost'; did you mean '--kl-cost'\? " -- $program --klcost 1
    check "$name: a flag misspelt" 2 "unknown option '--no-quite'; did you mean '--no-quiet'\? " -- $program --no-quite
    check "$name: shards that do not divide" 2 "--batch 16 cannot be cut into 5 equal shards" -- $program --batch 16 --shards 5
    check "$name: a replay too small for its actors" 2 "replay of 10 episodes is too small for 32 actors" -- $program --warm-up 100 --replay-episodes 10
    check "$name: a warm-up that the replay cannot hold" 2 "--warm-up 1000000 is more than the replay holds" -- $program --warm-up 1M
    check "$name: an evaluation of what is not there" 2 "not 'critic'" -- $program --evaluate critic
    check "$name: an evaluation on an unknown task" 2 "there is no task 'bogus'|'bogus'" -- $program --evaluate policy:bogus
done
check "bp-train: unknown kind of prior" 2 "--prior must be one of none, shared, branch, mlp, lstm, linear, not 'gru'" -- bp-train --prior gru -o x
check "bp-train: unknown group of the prior" 2 "no observation group 'goals'" -- bp-train --prior-inputs goals -o x
check "bp-transfer: no prior" 2 "--prior-from FILE is needed" -- bp-transfer --preset nav-hard -o x
check "bp-transfer: what to start from" 2 "--initialise must be one of prior, fresh, not 'x'" -- bp-transfer --prior-from $easy --initialise x -o x
check "bp-transfer: a policy that cannot start from the prior" 2 "--initialise fresh lets it differ" -- bp-transfer --prior-from $easy --policy mlp -o x
check "bp-rollout: two checkpoints" 2 "one checkpoint at a time; 'b' is one too many" -- bp-rollout a b
check "bp-rollout: unknown task" 2 "--task must be one of" -- bp-rollout --task maze $easy
check "bp-rollout: unknown body" 2 "does not take the body 'quadruped'" -- bp-rollout --body quadruped $easy
check "bp-rollout: unknown player" 2 "--play must be one of policy, prior, random, not 'critic'" -- bp-rollout --play critic $easy
check "bp-rollout: no episode" 2 "--episodes must lie in 1 \.\.\. " -- bp-rollout -n 0 $easy
check "bp-rollout: episodes that are no number" 2 "--episodes wants a number, not 'many'" -- bp-rollout -n many $easy
check "bp-rollout: random play of nothing" 2 "needs --task" -- bp-rollout --play random
check "bp-distill: unknown kind" 2 "--prior must be one of mlp, lstm, linear, not 'gru'" -- bp-distill --prior gru -o x $traj
check "bp-distill: unknown group" 2 "no observation group 'bogus'" -- bp-distill --inputs bogus -o x $traj
check "bp-distill: no group" 2 "no observation group" -- bp-distill --inputs= -o x $traj
check "bp-distill: nothing to learn from" 2 "--held-out must lie in" -- bp-distill --held-out 1 -o x $traj
check "bp-distill: shards that do not divide" 2 "cannot be cut into 5 equal shards" -- bp-distill --db none --shards 5 -o x $traj
check "bp-distill: layers that are none" 2 "layer sizes are numbers" -- bp-distill --layers x -o x $traj

for program in bp-train bp-transfer bp-stats; do
    runs "$program without arguments tells its usage" 2 $program
    is "  on stderr, in short" "$(grep -cE "^usage: $program |^Example: |^'$program --help' lists" "$err") $(wc -c <"$out")" "3 0"
done
check "bp-stats: unknown report" 2 "'bogus' is no report; name one first: info" -- bp-stats bogus $traj
check "bp-stats: a report misspelt" 2 "'retruns' is no report; did you mean 'returns'\? name one first" -- bp-stats retruns $traj
check "bp-stats: a file for a report" 2 "'$traj' is no report" -- bp-stats $traj
check "bp-stats: unknown option before a report" 2 "unknown .*option '--bogus'" -- bp-stats --bogus
check "bp-stats: a report's option at another report" 2 "unknown .*option '--by'" -- bp-stats returns --by seed $traj
check "bp-stats: two formats" 2 "--tsv and --json exclude each other" -- bp-stats returns --tsv --json $traj
check "bp-stats dump: unknown group" 2 "no observation group 'bogus'" -- bp-stats dump --groups bogus $traj
check "bp-stats dump: episodes that are no number" 2 "--episodes wants a number" -- bp-stats dump -n x $traj
check "bp-stats transitions: a probability that is none" 2 "-p must lie in 0 \.\.\. 1, not '2'" -- bp-stats transitions --p 2 $traj
check "bp-stats kl: an empty bin" 2 "--bin must lie in" -- bp-stats kl --bin 0 $traj
bp-train $tiny --transitions 40k --actor-steps 25 --progress-every 4k --db in/runs.db -o in/b.ckpt
check "bp-stats curves: unknown metric" 2 "--metric 'bogus': there is no 'bogus' in the progress of a run, which has updates, env_steps, episodes, seconds, action_clipped, .*critic_loss, entropy, .*trace_weight" -- bp-stats curves --metric bogus in/runs.db
check "bp-stats curves: unknown column of an evaluation" 2 "there is no 'bogus'" -- bp-stats curves --metric nav-easy/policy/bogus in/runs.db
check "bp-stats curves: an evaluation that nobody made" 2 "no run has a value" -- bp-stats curves --metric nav-hard/policy in/runs.db
check "bp-stats curves: unknown key" 2 "--by 'bogus' is neither" -- bp-stats curves --by bogus in/runs.db
check "bp-stats curves: a condition that is no SQL" 2 "no such column: bogus|--where" -- bp-stats curves --where "bogus = 3" in/runs.db
check "bp-stats curves: a condition that would change the database" 2 "." -- bp-stats curves --where "1); delete from run; --" in/runs.db
check "bp-stats curves: no run left" 2 "no run that --where admits" -- bp-stats curves --where "seed = 77" in/runs.db
check "bp-stats curves: two databases" 2 "one run database is wanted, not 2 files" -- bp-stats curves in/runs.db in/runs.db
check "bp-stats curves: a database from stdin" 2 "a run database is a file" -- bp-stats curves -
check "bp-stats compare: two levels" 2 "--threshold and --fraction exclude each other" -- bp-stats compare --threshold 5 --fraction 0.5 in/runs.db
check "bp-stats compare: an even window" 2 "--smooth must be odd, not 4" -- bp-stats compare --smooth 4 in/runs.db
check "bp-stats compare: unknown statistic" 2 "--statistic must be one of" -- bp-stats compare --statistic mode in/runs.db
check "bp-stats compare: unknown baseline" 2 "bogus" -- bp-stats compare --baseline bogus in/runs.db
is "the database is as it was" "$(sqlite3 in/runs.db 'select count(*) from run')" 1
