# Where values come from: command line over environment over preset over default; how they may be written.
. "$TEST_LIB"
fixture easy.ckpt
value() { "${@:2}" --print-config | sed -nE "s/^$1 += ([^ ]*) .*/\1/p"; }
origin() { "${@:2}" --print-config | sed -nE "s/^$1 += .*# (.*)/\1/p"; }
for program in "bp-train" "bp-transfer --prior-from none"; do
    name=${program%% *}
    is "$name: a default" "$(value retrace-lambda $program) $(origin retrace-lambda $program)" "1 default"
    is "$name: a preset over the default" "$(value unroll $program -p nav-hard) $(origin unroll $program -p nav-hard)" "40 preset nav-hard"
    is "$name: the environment over the preset" "$(BP_UNROLL=20 value unroll $program -p nav-hard) $(BP_UNROLL=20 origin unroll $program -p nav-hard)" "20 BP_UNROLL"
    is "$name: the command line over the environment" "$(BP_UNROLL=20 value unroll $program -p nav-hard --unroll 10) $(BP_UNROLL=20 origin unroll $program --unroll 10 -p nav-hard)" "10 command line"
    is "$name: the last of two on the command line" "$(value seed $program --seed 1 --seed 2)" 2
    is "$name: a preset named by the environment" "$(BP_PRESET=nav-hard value unroll $program)" 40
    is "$name: a dash in a name is _ in the environment" "$(BP_TARGET_PERIOD=7 value target-period $program)" 7
    is "$name: an abbreviation" "$(value target-period $program --target 7)" 7
    is "$name: a value after =" "$(value target-period $program --target-period=7)" 7
done
is "bp-transfer: a preset over the prior's checkpoint" "$(value reward-scale bp-transfer --prior-from easy.ckpt) $(origin reward-scale bp-transfer --prior-from easy.ckpt) $(origin reward-scale bp-transfer --prior-from easy.ckpt -p nav-hard)" "0.1 prior's checkpoint preset nav-hard"

transitions() { sqlite3 count.db 'select config ->> "$.transitions" from run order by id desc limit 1'; }
for written in 1280 1.28k 0.00128M 1280e0 0x500 +1280 .00000128G; do
    quiet "transitions may be written as $written" bp-train $tiny --db count.db -f -o count.ckpt --transitions $written --warm-up 1k
    is "  and are those" "$(transitions)" 1280
done
is "a large seed is kept to the digit" "$(bp-rollout --play random --task nav-hard -n 1 --seed 8999999999999999 | bp-stats dump --tsv - | cksum)" "$(BP_SEED=8999999999999999 bp-rollout --play random --task nav-hard -n 1 | bp-stats dump --tsv - | cksum)"
ok "  and told from the next" bash -c '[ "$(bp-rollout --play random --task nav-hard -n 1 --seed 8999999999999998 | bp-stats dump --tsv - | cksum)" != "$(bp-rollout --play random --task nav-hard -n 1 --seed 8999999999999999 | bp-stats dump --tsv - | cksum)" ]'

quiet "a flag by the environment" env BP_QUIET=yes bp-train ${tiny% -q} --db none -o a.ckpt
runs "--no-flag takes it back" 0 env BP_QUIET=yes bp-train ${tiny% -q} --no-quiet --db none -f -o a.ckpt
like "  and there are news" "$(cat "$err")" '^bp-train: wrote a.ckpt$'
quiet "a flag after its denial" bp-train --no-quiet $tiny --db none -f -o a.ckpt
check "a flag in the environment is yes or no" 2 "--quiet is yes or no, not '1' \(BP_QUIET\)" -- env BP_QUIET=1 bp-train --db none -o x
check "an unknown choice in the environment" 2 "--play must be one of policy, prior, random, not 'x' \(BP_PLAY\)" -- env BP_PLAY=x bp-rollout easy.ckpt
quiet "options of bp-rollout by the environment" env BP_PLAY=prior BP_TASK=nav-hard BP_EPISODES=3 BP_OUTPUT=env.traj bp-rollout easy.ckpt
is "  are taken" "$(bp-stats returns --tsv env.traj | awk -F'\t' 'NR == 2 {print $2, $3, $4}')" "nav-hard prior 3"
is "options of bp-stats by the environment" "$(BP_TSV=yes bp-stats returns env.traj | head -n 1 | cut -f 1,2 | tr '\t' ' ')" "file task"
quiet "options of bp-distill by the environment" env BP_PRIOR=linear BP_LAYERS= BP_TRANSITIONS=2k BP_QUIET=yes BP_DB=none bp-distill -o distilled.ckpt env.traj
is "  are taken" "$(bp-stats info --tsv distilled.ckpt | awk -F'\t' '$2 == "prior" && $3 == "kind" {print $4}')" linear
quiet "options after operands" bp-rollout easy.ckpt -n 2 -o behind.traj
quiet "operands after --" bp-stats returns --tsv -- behind.traj
mkdir -- -dash && cp easy.ckpt ./-dash/-x
quiet "a name that begins with a dash" bp-rollout -n 1 -o behind.traj -- -dash/-x

# What a run takes of the machine's memory is told, and can be bounded.
ok "the memory of a run is told" bash -c 'bp-train -p nav-easy-mlp --print-config | grep -qE "^# memory: [0-9]+ MB \(replay 72, networks [0-9]+, tapes [0-9]+, program and simulation [0-9]+\)$"'
ok "  less with a replay of float16" bash -c 'bp-train -p nav-easy-mlp --replay-precision float16 --print-config | grep -qE "^# memory: .*\(replay 41,"'
check "a run beyond --max-memory is refused" 2 'needs [0-9]+ MB .* more than --max-memory 60 MB: --replay-episodes [0-9]+ would fit' -- bp-train -p nav-easy-mlp --max-memory 60M --db none -o x.ckpt
ok "  and leaves nothing" test ! -e x.ckpt
check "a replay of another precision" 2 '--replay-precision must be one of float32, float16' -- bp-train --replay-precision float64 -o x.ckpt

# A variable that no program reads is told; one that another program reads is not.
runs "a variable misspelt" 0 env BP_KLCOST=1 bp-train --print-config
is "  is told" "$(cat "$err")" "bp-train: warning: the environment's BP_KLCOST belongs to no option and changes nothing; did you mean 'BP_KL_COST'?"
runs "a variable that is like none" 0 env BP_BOGUS= bp-train --print-config
is "  is told too" "$(cat "$err")" "bp-train: warning: the environment's BP_BOGUS belongs to no option and changes nothing"
quiet "variables that are no options" env BP_SHARE="$BP_SHARE" BP_DB_TIMEOUT_MS=100 bp-train --print-config
options() { "$1" --help | sed -nE 's/^  (-[a-z], |    )--([a-z-]+).*/\2/p'; }
for program in bp-train bp-transfer bp-rollout bp-distill bp-stats; do
    options $program
done | grep -vxE 'help|version' | sort -u >names
sed -nE 's/"([a-z-]+)", ?/\1\n/gp' "$TEST_TOP/lib/base/option_names.c" | grep -E '^ *[a-z-]+$' | tr -d ' ' | grep -vxE 'db-timeout-ms|share' | sort -u >listed
is "the list of all programs' options is that of their helps" "$(diff names listed)" ""
for name in $(cat names); do
    variables+=("BP_$(tr a-z- A-Z_ <<<"$name")=")
done
env "${variables[@]}" bp-stats info --bogus 2>"$err"
is "options of other programs are known to bp-stats" "$(grep -c belongs "$err")" 0
env "${variables[@]}" bp-rollout --bogus 2>"$err"
is "  and to bp-rollout" "$(grep -c belongs "$err")" 0
