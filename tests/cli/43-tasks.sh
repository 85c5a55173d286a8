# Every task can be listed, played on each of its bodies to the same bytes by any number of threads, and learned.
. "$TEST_LIB"
quiet "the list" bp-rollout --list
cp "$out" list
is "  names every task and body once" "$(awk 'NR > 1 {print $1, $2}' list | sort | uniq -d | wc -l)" 0
ok "  with the groups of push-1b1t" grep -Eq '^push-1b1t +ball +2 +continuous +0.2 +400 +proprio:10,boxes:9,targets:2,goal:1$' list
ok "  and the page tells of each" bash -c "awk 'NR > 1 {print \$1}' list | sort -u | while read -r task; do grep -q -- \"\$task\" '$TEST_TOP/man/bp-tasks.7' || exit 1; done"
awk 'NR > 1 {print $1, $2}' list >pairs
# A thread plays sixteen episodes at a time, so that fewer would all be one thread's. Bodies that take long are played by several threads
# once; tests/lib/env/test_tasks.c has them all.
last=
while read -r task body; do
    case "$task $body" in *pointmass | *ball | "grid 8-step") n=33 ;; "goto ant") n=17 ;; *) n=2 ;; esac
    quiet "$task with $body" bp-rollout -q --play random --task "$task" --body "$body" -n $n -t 1 -o one.traj
    is "  with places for each step" "$(bp-stats trajectories --tsv -n 2 one.traj | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR > 1 { rows++; bad += !($c["x"] + 0 == $c["x"] && $c["y"] + 0 == $c["y"] && $c["heading"] + 0 == $c["heading"]) } END { print (rows >= 4), bad + 0 }')" "1 0"
    if [ "$last" != "$task" ] && command -v gnuplot >/dev/null; then
        quiet "  which are drawn" bash -c "bp-stats trajectories -n 2 one.traj | gnuplot -e \"output='drawn.png'\" '$TEST_TOP/share/plots/trajectories.gp'"
        ok "  as a picture" bash -c 'head -c 4 drawn.png | grep -q PNG && rm drawn.png'
        last=$task
    fi
    is "  as many episodes" "$(bp-stats info --tsv one.traj | awk -F'\t' '$3 == "episodes" {print $4}')" $n
    [ $n -gt 16 ] || continue
    bp-rollout -q --play random --task "$task" --body "$body" -n $n -t 3 -o three.traj
    same "  the same bytes by three threads" one.traj three.traj
done <pairs
for task in push-1b1t push-2b2t gather gap walk; do
    quiet "$task is learned" bp-train -q --task $task --transitions 2k --warm-up 1k --actors 4 --replay-episodes 16 --batch 16 --shards 2 --evaluate-episodes 2 --evaluate-every 1k --db none -o a.ckpt
    rm -f a.ckpt
done
check "a body that the task does not take" 2 "task 'gather' does not take the body 'ant'" -- bp-rollout --play random --task gather --body ant -o x
