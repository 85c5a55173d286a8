# Distributions in the plane: what the three priors are trained to and transferred from, by threads and after a stop.
. "$TEST_LIB"
train="bp-train -p toy2d --final-learning-rate 1 -q"

for head in isotropic full mixture; do
    quiet "$head" $train --prior-head $head --transitions 40k -t 1 --db toy.db -o $head
    for threads in 2 4; do
        quiet "  with $threads threads" $train --prior-head $head --transitions 40k -t $threads --db none -o $head.$threads
        same "  the same bytes" $head $head.$threads
    done
    quiet "  the beginning of it" $train --prior-head $head --transitions 15k -t 2 --keep-resume --db none -o $head.stop
    quiet "  goes on" $train --prior-head $head --transitions 40k -t 1 --db none -o $head.stop --resume
    same "  to the same bytes" $head $head.stop
    quiet "  guides a transfer" bp-transfer -p toy2d-new --initialise fresh --prior-from $head --transitions 20k -q --db none -o $head.new
    quiet "  which plays" bp-rollout -n 50 -o $head.traj $head.new
    is "  for one step an episode, its point seen" "$(bp-stats trajectories --tsv -n 50 $head.traj | awk -F'\t' '$5 == 1 { n++; bad += $6 < -5 || $6 > 5 || $7 < -5 || $7 > 5 } END { print n, bad + 0 }')" "50 0"
done
is "random points earn less than a trained policy" "$(bp-rollout --play random --task toy2d -n 500 | bp-stats returns --tsv | awk -F'\t' 'NR > 1 { print $5 < -300 }') $(sqlite3 toy.db "select min(episode_return) > -100 from leaderboard where play = 'policy'")" "1 1"
