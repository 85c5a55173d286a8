# Every report in every format: text, TSV with equal columns, JSON that parses; streams joined, cut to some episodes, several at once.
. "$TEST_LIB"
fixture easy.ckpt easy.traj hard.traj prior.ckpt stop.ckpt.resume
long="$tiny --transitions 40k --actor-steps 25 --progress-every 4k"
bp-train $long -o a.ckpt && bp-train $long --seed 2 -o b.ckpt && bp-train $long --preset nav-easy-none -o c.ckpt || exit

mkdir json
formats() {     # formats NAME COLUMNS REPORT...
    local name=$1 columns=$2
    shift 2
    quiet "$name: text" bp-stats "$@"
    like "$name: text has a line of names" "$(head -n 1 "$out")" "^${columns%% *} "
    quiet "$name: TSV" bp-stats "$@" --tsv
    is "$name: TSV names its columns" "$(head -n 1 "$out" | tr '\t' ' ' | cut -c "1-${#columns}")" "$columns"
    ok "$name: TSV has equal columns" awk -F'\t' 'NR == 1 {n = NF} NF != n {exit wrong = 1} END {exit wrong || NR < 2}' "$out"
    rows=$(($(wc -l <"$out") - 1))
    quiet "$name: JSON" bp-stats "$@" --json
    cp "$out" "json/$rows.$name"
}
formats info-checkpoint "file section name value" info easy.ckpt
formats info-stream "file section name value" info easy.traj
formats info-database "file section name value" info bp.db
formats dump-stream "file episode step reward event log_prob kl_prior terminated truncated action_0 action_1 global_0" dump -n 2 easy.traj
formats dump-checkpoint "file tensor row column value" dump a.ckpt
formats returns "file task play n mean standard_error median iqm low high length" returns easy.traj hard.traj
bp-rollout -q --play random --task push-1b1t --body ball -n 1 -o push.traj
check "transitions where there is no chain" 2 "push.traj: task 'push-1b1t' has no order in which targets follow each other; nav-easy and nav-hard have" -- bp-stats transitions push.traj
formats transitions "file task play older last visits visited_0 visited_1 visited_2 visited_3 true_0" transitions easy.traj hard.traj
formats kl "file task play step episodes kl standard_error kl_high standard_error_high" kl --bin 25 easy.traj
formats trajectories "file task play episode step x y heading event reward edge corridor gap_begin gap_end target_shape target_size target0_x target0_y" trajectories -n 2 hard.traj
formats actions "file task play action bin low high n share distance" actions --bins 7 easy.traj hard.traj
bp-train -q --db none --preset goto-ball --latent-size 3 --policy-inputs proprio --prior shared --prior-high ar1 --policy-layers 8 --high-layers 8 --critic-layers 8 \
    --warm-up 500 --transitions 1k --evaluate-episodes 1 -o levels.ckpt
bp-rollout -q --play prior --latent fixed --same-start -n 4 -o fixed.traj levels.ckpt
formats trajectories-latents "file task play episode step x y heading event reward edge corridor gap_begin gap_end target_shape target_size target0_x target0_y target1_x target1_y target2_x target2_y latent_0 latent_1 latent_2" trajectories --latents -n 1 fixed.traj
formats curves "group transitions n mean standard_error iqm iqm_low iqm_high metric" curves --points 7 bp.db
formats evaluations "group env_steps n mean standard_error iqm iqm_low iqm_high metric" curves --x env_steps --metric nav-easy/policy bp.db
formats compare "group n final final_low final_high improvement" compare --fraction 0.5 bp.db
formats profile "group n score share share_low share_high metric" profile --by prior bp.db
formats health "run task measure value least most look_at" health bp.db
ok "JSON parses, and has the rows of the TSV" python3 - <<'P'
import glob, json, os
files = glob.glob("json/*")
assert len(files) == 16, files
for path in files:
    rows, name = os.path.basename(path).split(".", 1)
    table = json.load(open(path), parse_constant=lambda word: (_ for _ in ()).throw(ValueError(word)))
    assert isinstance(table, list) and len(table) == int(rows), (name, rows, len(table))
    assert len({tuple(row) for row in table}) == 1, name
P

is "dump has a line a step" "$(bp-stats dump --tsv -n 2 easy.traj | wc -l)" 751
is "dump prints the groups asked for" "$(bp-stats dump --tsv -n 1 --groups goal easy.traj | head -n 1 | tr '\t' '\n' | grep -c goal_)" 4
is "the return of an episode is the sum of its rewards" "$(bp-stats dump --tsv -n 1 easy.traj | awk -F'\t' 'NR > 1 {sum += $4} END {print sum + 0}')" \
    "$(bp-rollout -n 1 easy.ckpt | bp-stats returns --tsv | awk -F'\t' 'NR == 2 {print $5 + 0}')"
cat easy.traj hard.traj >both.traj
is "joined streams are told apart by task and play" "$(bp-stats returns --tsv both.traj | sed 1d | cut -f 2,3,4 | tr '\t\n' ' /')" "nav-easy policy 16/nav-hard prior 16/"
is "the hash is that of the inflated bytes" "$(bp-stats info --tsv easy.ckpt | awk -F'\t' '$3 == "hash" {print $4}')" "$(zcat easy.ckpt | sha256sum | cut -d ' ' -f 1)"
is "streams name the checkpoint by its hash" "$(bp-stats info --tsv easy.traj | awk -F'\t' '$3 == "checkpoint" {print $4}')" "$(zcat easy.ckpt | sha256sum | cut -d ' ' -f 1)"
is "compare counts the runs of each group" "$(bp-stats compare --tsv bp.db | sed 1d | cut -f 1,2 | tr '\t\n' ' /')" "nav-easy-lstm 2/nav-easy-none 1/"
is "--where restricts the runs" "$(bp-stats compare --tsv --where 'seed = 2' bp.db | sed 1d | cut -f 1,2 | tr '\t' ' ')" "nav-easy-lstm 1"
is "--metric takes an evaluation" "$(bp-stats curves --tsv --metric nav-hard/prior bp.db | sed 1d | cut -f 1 | sort -u)" nav-easy-lstm

is "health is of the latest run" "$(bp-stats health --tsv bp.db | sed 1d | cut -f 1 | sort -u)" "$(sqlite3 bp.db 'select max(run) from point')"
is "  or of those that are asked for" "$(bp-stats health --tsv --where "preset = 'nav-easy-lstm'" bp.db | sed 1d | cut -f 1 | sort -u | wc -l)" 2
is "  with a row for all that was measured" "$(bp-stats health --tsv --where 'id = 1' bp.db | sed 1d | cut -f 3 | grep -vx value_ratio | tr '\n' ' ')" \
    "episode_return updates_rewarded critic_explains trace_weight action_scale scale_capped action_clipped kl_paid kl_prior replayed "
bp-distill -q --transitions 2k --evaluate-every 1k -o fit.ckpt easy.traj
is "  not of a fit of recordings, of which it measures nothing" "$(bp-stats health --tsv bp.db | sed 1d | cut -f 1 | sort -u)" "$(sqlite3 bp.db "select max(id) from run where program = 'bp-train'")"
check "health of no run" 2 "no run that --where admits learned by acting and has a row of progress" -- bp-stats health --where 'id = 99' bp.db
check "health by a condition that is no SQL" 2 "no such column: bogus" -- bp-stats health --where bogus bp.db
check "health has no metric" 2 "unknown option '--metric'" -- bp-stats health --metric entropy bp.db

cp "$TEST_TOP/share/read_bp.py" .
for file in easy.ckpt easy.traj both.traj; do
    quiet "read_bp.py reads $file" python3 read_bp.py $file
    is "  and finds its records" "$(grep -c '^{' "$out")" "$(bp-stats info --tsv $file | awk -F'\t' '$3 == "records" {n = $4} END {print n ? n : 1}')"
done
for file in prior.ckpt stop.ckpt.resume; do
    quiet "read_bp.py reads $file" python3 read_bp.py $file
done
quiet "read_bp.py reads stdin" bash -c 'python3 read_bp.py - <easy.traj'
head -c 30000 easy.traj >cut.traj
ok "read_bp.py refuses a stream cut short" bash -c '! python3 read_bp.py cut.traj'

# Every plot draws what its report writes, as a picture and as text, without a word.
if ! command -v gnuplot >/dev/null; then
    skip "the plots: there is no gnuplot here"
    exit 0
fi
draws() {       # draws PLOT SETTINGS REPORT...
    local plot=$1 settings=$2
    shift 2
    quiet "$plot.gp draws $*" bash -c "bp-stats $(printf '%q ' "$@") | gnuplot -e \"output='$plot.png'; $settings\" '$TEST_TOP/share/plots/$plot.gp'"
    ok "  a picture" bash -c "head -c 4 $plot.png | grep -q PNG && rm $plot.png"
}
draws curves "" curves --points 7 bp.db
draws curves "statistic='mean'; levels='1 2'; xmax=1e6; ymin=0; ymax=9; names='nav-easy-lstm=LSTM prior'" curves --tsv --x env_steps --metric nav-easy/policy bp.db
labels() {      # labels PLOT REPORT...: what the axes say
    local plot=$1
    shift
    bp-stats "$@" bp.db | gnuplot -e "output='$plot.svg'" "$TEST_TOP/share/plots/$plot.gp" && tr -d '\n' <$plot.svg | grep -oE '(score: mean [^<]*|[^>]*\((interquartile mean|mean and)[^<]*)'
}
is "curves of returns are called so" "$(labels curves curves)" "episode return (interquartile mean, 95 % interval)"
is "  and others by their names" "$(labels curves curves --metric kl_prior)" "kl prior (interquartile mean, 95 % interval)"
is "  evaluations by play and task" "$(labels curves curves --metric nav-easy/policy)" "episode return of the policy on nav-easy (interquartile mean, 95 % interval)"
is "  and by their column" "$(labels curves curves --metric nav-hard/prior/sequence_kl)" "sequence kl of the prior on nav-hard (interquartile mean, 95 % interval)"
is "a profile's score, too" "$(labels profile profile --metric entropy)" "score: mean entropy at the end of a run"
bp-stats curves --tsv bp.db | cut -f 1-8 >old.tsv
is "a table of an earlier version is one of returns" "$(gnuplot -e "input='old.tsv'; output='curves.svg'" "$TEST_TOP/share/plots/curves.gp" && grep -c 'episode return (interq' curves.svg)" 1
draws compare "" compare bp.db
draws compare "title='three'; names='nav-easy-lstm=LSTM prior;nav-easy-none=none'" compare --tsv --fraction 0.5 --baseline nav-easy-none bp.db
draws profile "names='lstm=LSTM prior'" profile --by prior bp.db
draws transitions "" transitions easy.traj hard.traj
draws transitions "target=2; names='hard=LSTM prior'" transitions --tsv hard.traj
draws actions "" actions easy.traj hard.traj
draws actions "panels=1; names='easy=all goals'" actions --tsv --bins 3 easy.traj
draws trajectories "panels=2; events=3" trajectories -n 2 hard.traj
draws latents "steps=20" trajectories --latents fixed.traj
draws latents "panels=1; steps=0; range=1" trajectories --latents --tsv -n 2 fixed.traj
for plot in curves compare profile transitions actions trajectories; do
    echo group | gnuplot -e "output='x.png'" "$TEST_TOP/share/plots/$plot.gp" >/dev/null 2>"$err"
    like "$plot.gp says when there is nothing to draw" "$(cat "$err")" "$plot.gp: there are no rows of bp-stats $plot to draw"
done
