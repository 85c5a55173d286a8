# Policies with latents beside a prior without: trained, stopped, resumed, played; what makes no sense is refused.
. "$TEST_LIB"
small="-p nav-easy-mlp --latent-size 2 --policy-inputs global --policy-layers 12 --critic-layers 12 --prior-layers 8 --posterior-layers 8 --posterior-inputs global --warm-up 1k --replay-episodes 64 --actors 12 --evaluate policy --evaluate-every 4k --evaluate-episodes 2 --seed 3 --db s.db -q"
episode="$small --latent-period 0 --high fixed --posterior mlp --task-reward 0 --posterior-cost 0.1"

quiet "one latent an episode, 1 thread" bp-train $episode --transitions 8k -t 1 -o one
for threads in 2 4; do
    quiet "  $threads threads" bp-train $episode --transitions 8k -t $threads -o one.$threads
    same "    the same bytes" one one.$threads
done
quiet "held for 5 steps, all of it recurrent, high level learned" bp-train $small --latent-period 5 --policy lstm --critic lstm --posterior lstm --prior lstm --high mlp --high-layers 6 --transitions 8k -t 1 -o held
quiet "  2 threads" bp-train $small --latent-period 5 --policy lstm --critic lstm --posterior lstm --prior lstm --high mlp --high-layers 6 --transitions 8k -t 2 -o held.2
same "    the same bytes" held held.2
quiet "no prior" bp-train $episode --prior none --transitions 2k -o alone

# Stopped and resumed.
bp-train ${episode% -q} --transitions 8k --checkpoint-every 2k -t 1 -o stopped >"$out" 2>"$err" &
pid=$!
for i in $(seq 200); do [ -e stopped.resume ] && break; sleep 0.05; done
kill -TERM $pid; wait $pid
is "a stopped run" $? 143
quiet "  is resumed" bp-train $episode --transitions 8k -t 2 -o stopped --resume
same "    to the same bytes" one stopped

# What is told of it.
value() { bp-stats info --tsv "$1" | awk -F'\t' -v s="$2" -v n="$3" '$2 == s && $3 == n { print $4 }'; }
is "the checkpoint has a posterior, which sees the place" "$(value one posterior inputs)" global
is "  latents for an episode, of no network" "$(value one latent period) $(value one latent high)" "0 fixed"
is "  and a prior without latents" "$(bp-stats info --tsv one | grep -c '	prior/.*/latent')" 0
is "the database, what the posterior tells" "$(sqlite3 s.db "select count(distinct run) > 3 from metric where name = 'information'")" 1
is "  which is the log density above that of N(0, I)" "$(sqlite3 s.db "select count(*) from metric a join metric b using (run, transitions) where a.name = 'information' and b.name = 'posterior_log_prob' and a.value < b.value + 1")" 0
is "  and KL of a high level that learns" "$(sqlite3 s.db "select count(distinct run) from metric join runs using (run) where name = 'kl_prior_high' and runs.output like '%held%'")" 2
is "    not of a fixed one" "$(sqlite3 s.db "select count(*) from metric join runs using (run) where name = 'kl_prior_high' and runs.output not like '%held%'")" 0

# Played.
quiet "the policy plays" bp-rollout -n 3 -o policy.traj one
latents() { bp-stats dump --tsv --groups '' "$1" | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { print $c["episode"], $c["latent_0"], $c["latent_1"] }' | sort -u; }
is "  with one latent an episode, each its own" "$(latents policy.traj | wc -l) $(latents policy.traj | cut -d ' ' -f 2- | sort -u | wc -l)" "3 3"
is "  and a KL of its actions alone" "$(bp-stats kl --json policy.traj | jq 'all(.kl > 0 and .kl_high == 0)')" true
quiet "  5 steps each" bp-rollout -n 2 -o held.traj held
is "    drawn there" "$(bp-stats dump --tsv --groups '' -n 1 held.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR > 1 && NR < 13 { printf "%d", $c["latent_drawn"] }')" 10000100001
quiet "the prior plays" bp-rollout --play prior -n 2 -o prior.traj one
is "  without latents" "$(value prior.traj episodes latent)" 0
check "  of which none can be fixed" 2 "has no latent" -- bp-rollout --play prior --latent fixed -n 1 -o no one

# Reused: the prior, not the skills.
quiet "the prior is transferred" bp-transfer --prior-from one --task nav-hard --transitions 2k --warm-up 500 --db none -q -o hard
is "  to a flat policy" "$(value hard latent size)$(value hard posterior kind)" ""
beside=${episode#-p nav-easy-mlp}
quiet "skills are learned beside a frozen prior" bp-transfer --prior-from hard --initialise fresh ${beside/--prior-layers 8/} --task nav-easy --transitions 2k -o again
is "  with a posterior" "$(value again posterior kind)" mlp

check "a posterior of a flat policy" 2 'posterior' -- bp-train $tiny --posterior mlp -o no
check "a prior that shares a low level it cannot be given" 2 'posterior' -- bp-train $episode --prior shared --transitions 2k -o no
check "a branch" 2 'branch' -- bp-train $episode --prior branch --transitions 2k -o no
check "a posterior of what is not there" 2 'boxes' -- bp-train $episode --posterior-inputs boxes --transitions 2k -o no

# Choices: for an episode, for some steps, and options that end where a network says so.
options="$small --latent-size 4 --high-head categorical --posterior mlp --posterior-head categorical --task-reward 0 --posterior-cost 0.1"
quiet "a choice an episode" bp-train $options --latent-period 0 --high fixed --transitions 4k -o choice
quiet "options" bp-train $options --latent-period 5 --high mlp --high-layers 6 --high-inputs global --termination mlp --termination-cost 0.01 --transitions 8k -t 1 -o options
for threads in 2 4; do
    quiet "  $threads threads" bp-train $options --latent-period 5 --high mlp --high-layers 6 --high-inputs global --termination mlp --termination-cost 0.01 --transitions 8k -t $threads -o options.$threads
    same "    the same bytes" options options.$threads
done
bp-train ${options% -q} --latent-period 5 --high mlp --high-layers 6 --high-inputs global --termination mlp --termination-cost 0.01 --transitions 8k --checkpoint-every 2k -t 1 -o ended >"$out" 2>"$err" &
pid=$!
for i in $(seq 400); do [ -e ended.resume ] && break; sleep 0.02; done
kill -TERM $pid; wait $pid
is "  stopped" $? 143
quiet "  resumed" bp-train $options --latent-period 5 --high mlp --high-layers 6 --high-inputs global --termination mlp --termination-cost 0.01 --transitions 8k -t 2 -o ended --resume
same "    to the same bytes" options ended
is "  the checkpoint has choices and a termination, which sees what the high level sees" "$(value options latent space) $(value options termination inputs)" "discrete global"
is "  the database, how likely they end" "$(sqlite3 s.db "select min(value) > 0 and max(value) < 1 from metric where name = 'termination'")" 1
for file in choice options; do quiet "  $file play" bp-rollout -n 20 -o $file.traj $file; done
choices() { bp-stats dump --tsv --groups '' "$1" | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { n++; for (k = 0; k < 4; k++) { v = $c["latent_" k]; ones += v == 1; bad += v != 0 && v != 1 } drawn += $c["latent_drawn"] } END { print (ones == n && !bad), (drawn > 20), drawn < n / 2 }'; }
is "    a choice for the whole episode" "$(choices choice.traj)" "1 0 1"
is "    options that end now and then" "$(choices options.traj)" "1 1 1"
is "  what they tell of the place is reported as of choices" "$(bp-stats information --tsv choice.traj options.traj | tail -n +2 | cut -f 4,6 | tr '\t\n' '  ')" "all 4 all 4 "
quiet "  one can be held" bp-rollout --latent fixed -n 3 -o kept.traj options
is "    for an episode" "$(bp-stats dump --tsv --groups '' kept.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { n += $c["latent_drawn"] } END { print n }')" 3
check "choices without a posterior" 2 'high-head' -- bp-train ${small/--posterior-layers 8 --posterior-inputs global/} --prior none --high-head categorical --transitions 2k -o no
check "an end of what is no choice" 2 'termination' -- bp-train $episode --termination mlp --transitions 2k -o no
check "a posterior without a critic of actions" 2 'algorithm' -- bp-train $episode --algorithm vtrace --transitions 2k -o no
