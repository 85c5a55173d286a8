# What version 0.1.0 wrote (tests/golden) is read: checkpoints, a trajectory, the run database, and the names that its options had.
. "$TEST_LIB"
golden=$TEST_TOP/tests/golden
cp "$golden"/*.ckpt "$golden"/*.traj "$golden"/bp.db .

# means CHECKPOINT ROLE: step, log density and mean action of three steps. What is expected is what that version printed.
means() { bp-rollout -q --deterministic --play "$2" -n 1 --seed 3 "$1" | bp-stats dump --tsv - | awk -F'\t' 'NR > 1 && NR < 5 {printf "%d %.3f %.3f %.3f\n", $3, $6, $10, $11}'; }
is "a checkpoint plays its policy as then" "$(means easy.ckpt policy)" "0 -0.509 -0.033 0.059
1 -0.509 -0.033 0.059
2 -0.509 -0.033 0.059"
is "  its prior" "$(means easy.ckpt prior)" "0 -0.502 -0.020 0.026
1 -0.505 -0.034 0.037
2 -0.507 -0.044 0.045"
is "  a distilled one too" "$(means distilled.ckpt prior)" "0 -0.488 0.027 0.002
1 -0.488 0.027 0.002
2 -0.488 0.026 0.002"
quiet "a trajectory is read" bp-stats returns --tsv easy.traj
quiet "  and drawn" bp-stats trajectories --tsv easy.traj
is "  where the body was" "$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR > 1 && $c["step"] < 3 { printf "%.4f %.4f ", $c["x"], $c["y"] }' "$out")" \
    "$(bp-stats dump --tsv easy.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR > 1 && $c["step"] < 3 { printf "%.4f %.4f ", $c["global_0"] / 2, $c["global_1"] / 2 }')"
quiet "  and learned from" bp-distill -q --db none --layers 4 --transitions 2k --held-out 0 -o new.ckpt easy.traj

# Names of options in the config of a checkpoint.
runs "transfer from a prior of that version" 0 bp-transfer --preset nav-hard --prior-from easy.ckpt --db none -q --transitions 1k --warm-up 500 --replay-episodes 8 --batch 16 --evaluate-episodes 1 -o hard.ckpt
is "  tells which names its config has" "$(cat "$err")" "bp-transfer: warning: the prior's checkpoint has a config of version 0.1.0: steps is now transitions, policy-see is now policy-inputs, capped is now bounded, prior-see is now prior-inputs, critic-see is now critic-inputs, trace is now retrace-lambda, policy-rate is now policy-learning-rate, prior-rate is now prior-learning-rate, critic-rate is now critic-learning-rate, rate-hold is now learning-rate-hold, final-rate is now final-learning-rate, bootstrap is now value-policy"
is "  and takes the values" "$(bp-transfer --prior-from easy.ckpt --task nav-hard --print-config 2>/dev/null | sed -nE 's/^policy-learning-rate += ([^ ]*) .*# (.*)/\1 \2/p')" "0.0005 prior's checkpoint"

# On the command line, in the environment, in a preset.
runs "an option by its old name" 0 bp-train --steps 5k --print-config
is "  is told" "$(cat "$err")" "bp-train: warning: --steps is now called --transitions"
like "  and taken" "$(grep '^transitions ' "$out")" '= 5k +# command line$'
runs "a file as the prior" 0 bp-transfer --prior none --print-config
is "  is told" "$(cat "$err")" "bp-transfer: warning: --prior is now called --prior-from"
runs "a variable by its old name" 0 env BP_TRACE=0.5 bp-train --print-config
is "  is told" "$(cat "$err")" "bp-train: warning: the environment's BP_TRACE is now called BP_RETRACE_LAMBDA"
like "  and taken" "$(grep '^retrace-lambda ' "$out")" '= 0.5 +# BP_TRACE$'
quiet "a variable by both names" env BP_TRACE=0.5 BP_RETRACE_LAMBDA=0.25 bp-train --print-config
like "  means the new one" "$(grep '^retrace-lambda ' "$out")" '= 0.25 +# BP_RETRACE_LAMBDA$'
quiet "another program's variable is no old name" env BP_PRIOR=lstm bp-transfer --prior-from none --print-config
printf 'rate-hold = 0.5\npolicy-head = capped\n' >own
runs "a preset with old names" 0 bp-train -p ./own --print-config
is "  is told" "$(cat "$err")" "bp-train: warning: ./own:1: 'rate-hold' is now called 'learning-rate-hold'
bp-train: warning: --policy-head: 'capped' is now called 'bounded' (preset own)"
is "  and taken" "$(sed -nE 's/^(policy-head|learning-rate-hold) += ([^ ]*) .*# (.*)/\1 \2 \3/p' "$out")" "policy-head bounded preset own
learning-rate-hold 0.5 preset own"
check "a beginning of an old name and a new one" 2 "ambiguous option '--tr', the beginning of '--transitions', '--trace'" -- bp-train --tr 5

# The run database is brought up to date when it is opened, by readers too.
cp bp.db read.db && cp bp.db again.db
is "the database of that version has its column" "$(sqlite3 bp.db 'select count(transition_kl) from evaluation; pragma user_version' | tr '\n' ' ')" "6 1 "
quiet "a reader" bp-stats curves --tsv --by seed --metric nav-easy/policy/sequence_kl read.db
ok "  finds what is in it" grep -q 0.77 "$out"
is "  by today's names" "$(sqlite3 read.db 'select count(sequence_kl) from evaluations; select count(*) from leaderboard; pragma user_version' | tr '\n' ' ')" "6 3 4 "
columns="run, transitions, updates, env_steps, episodes, episode_return, episode_length, kl_prior, entropy, critic_loss, policy_loss, prior_loss, q_mean, trace_weight, seconds"
is "  with its progress" "$(sqlite3 read.db "select $columns from progress")" "$(sqlite3 bp.db "select $columns from progress")"
is "  in configs too" "$(sqlite3 read.db "select config ->> '$.transitions', config ->> '$.policy-head', config ->> '$.retrace-lambda' from run where id = 1")" "4000|bounded|1.0"
is "  and nothing else is changed" "$(sqlite3 read.db 'select id, program, seed, state, checkpoint from run')" "$(sqlite3 bp.db 'select id, program, seed, state, checkpoint from run')"
cp read.db once.db && quiet "a second reader changes nothing" bp-stats info read.db && ok "  of it" cmp read.db once.db
quiet "a writer" bp-distill -q --db again.db --layers 4 --transitions 2k --held-out 0 -o more.ckpt easy.traj
is "  adds to it" "$(sqlite3 again.db 'select count(*) from runs')" 4
