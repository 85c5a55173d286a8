# What the run database knows of each run, by the views that bp-runs(5) describes.
. "$TEST_LIB"
fixture easy.ckpt easy.traj
ask() { sqlite3 -separator ' ' "${db:-bp.db}" "$1"; }
hash() { bp-stats info --tsv "$1" | awk -F'\t' '$3 == "hash" {print $4}'; }

runs "train" 0 bp-train $tiny --progress-every 2k --seed 7 -o a.ckpt
runs "transfer" 0 bp-transfer --preset nav-hard --prior-from a.ckpt --transitions 10k --warm-up 1k --replay-episodes 64 --evaluate-every 5k --evaluate-episodes 2 -q -o b.ckpt
bp-rollout -n 4 -o b.traj b.ckpt
runs "distil" 0 bp-distill -q --transitions 10k --evaluate-every 5k -o c.ckpt b.traj

is "a row for each run" "$(ask 'select run, program, state, preset, task, body, policy, prior, seed from runs order by run')" \
"1 bp-train finished nav-easy-lstm nav-easy pointmass mlp lstm 7
2 bp-transfer finished nav-hard nav-hard pointmass lstm lstm 1
3 bp-distill finished  nav-hard pointmass  mlp 1"
is "the command line is kept" "$(ask 'select command from run where id = 1')" "bp-train $tiny --progress-every 2k --seed 7 -o a.ckpt"
is "the config is kept, resolved" "$(ask "select config ->> 'transitions', config ->> 'seed', config ->> 'kl-cost', config ->> 'actors' from run where id = 1")" "10000 7 0.05 32"
is "output is an absolute path" "$(ask 'select output from run where id = 1')" "$(pwd -P)/a.ckpt"
is "the hash of what it left" "$(ask 'select checkpoint from run order by id' | tr '\n' ' ')" "$(hash a.ckpt) $(hash b.ckpt) $(hash c.ckpt) "
is "the parents" "$(ask 'select parent from run where id > 1 order by id' | tr '\n' ' ')" "$(hash a.ckpt) $(hash b.ckpt) "
is "versions" "$(ask 'select distinct version from run')" "$(bp-train --version | head -n 1 | cut -d ' ' -f 2)"
is "progress in transitions" "$(ask 'select count(*) >= 4, count(distinct transitions) = count(*), max(transitions) >= 10000 from progress where run = 1')" "1 1 1"
is "evaluations of policy and prior, on the way and at the end" "$(ask 'select task, play, count(*) from evaluations where run = 1 group by task, play order by play')" \
"nav-easy policy 2
nav-hard prior 2"
is "view curves" "$(ask 'select distinct program, preset, seed from curves order by run')" \
"bp-train nav-easy-lstm 7
bp-transfer nav-hard 1
bp-distill  1"
is "view leaderboard" "$(ask "select run, preset, episodes from leaderboard where task = 'nav-easy' and play = 'policy'")" "1 nav-easy-lstm 2"
is "view lineage" "$(ask 'select generation, ancestor, program from lineage where run = 3 order by generation')" \
"0 3 bp-distill
1 2 bp-transfer
2 1 bp-train"
is "the database checks out" "$(ask 'pragma integrity_check')" ok

quiet "--db none keeps no record" bp-train $tiny --db none -o d.ckpt
quiet "--db chooses the file" bp-train $tiny --db other.db -f -o d.ckpt
quiet "BP_DB chooses the file" env BP_DB=other.db bp-train $tiny -o e.ckpt
is "  and neither goes to bp.db" "$(ask 'select count(*) from run') $(db=other.db ask 'select count(*) from run')" "3 2"

for seed in 1 2 3 4; do
    bp-train $tiny --db many.db --progress-every 1k --seed $seed -o many$seed.ckpt &
done
wait
is "four runs at once share a database" "$(db=many.db ask 'select state, count(*), count(distinct seed) from run group by state')" "finished 4 4"
is "  and none of their rows is lost" "$(db=many.db ask 'select count(distinct n), min(n) >= 8 from (select count(*) as n from progress group by run)')" "1 1"
