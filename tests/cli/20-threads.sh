# The same seed gives the same bytes for any number of threads.
. "$TEST_LIB"
fixture easy.ckpt easy.traj
small="--policy-layers 16 --prior-layers 16 --critic-layers 16 --warm-up 1k --replay-episodes 64 --actors 12 --evaluate-every 5k --evaluate-episodes 3 --seed 3 --db none -q"
memory="--replay-precision float16 --policy-encoders targets:6x4,goal:3 --critic-encoders targets:6 --policy lstm --critic lstm --recurrent-state stored --unroll 10 --shards 4"

for threads in 1 2 4; do
    quiet "train, $threads threads" bp-train -p nav-easy-lstm $small --transitions 12k -t $threads -o train.$threads
    quiet "train with stored states, $threads threads" bp-train -p nav-easy-lstm $small $memory --transitions 5k -t $threads -o memory.$threads
    quiet "transfer, $threads threads" bp-transfer -p nav-hard --prior-from easy.ckpt --transitions 8k --warm-up 1k --replay-episodes 64 --evaluate-every 4k --evaluate-episodes 3 --db none -q -t $threads -o transfer.$threads
    quiet "distil, $threads threads" bp-distill -q --db none --prior lstm --encoders targets:6 --transitions 10k --shards 4 -t $threads -o distill.$threads easy.traj
    quiet "rollout, $threads threads" bp-rollout -n 40 -t $threads -o rollout.$threads easy.ckpt
    quiet "rollout of the prior, $threads threads" bp-rollout --play prior --task nav-hard -n 40 -t $threads -o prior.$threads easy.ckpt
    quiet "random rollout, $threads threads" bp-rollout --play random --task nav-hard -n 40 -t $threads -o random.$threads
done
for what in train memory transfer distill rollout prior random; do
    same "$what: 2 threads as 1" $what.1 $what.2
    same "$what: 4 threads as 1" $what.1 $what.4
done
quiet "the same once more" bp-train -p nav-easy-lstm $small --transitions 12k -o again
same "  gives the same bytes" again train.1
quiet "another seed" bp-train -p nav-easy-lstm $small --transitions 12k --seed 4 -f -o again
ok "  gives others" bash -c '! cmp -s again train.1'
quiet "fewer episodes" bp-rollout -n 5 -o few easy.ckpt
is "  are the first of more" "$(bp-stats dump --tsv few | cut -f 2- | cksum)" "$(bp-stats dump --tsv -n 5 rollout.1 | cut -f 2- | cksum)"
