# Heads of the prior that the policy has not: each trains, stops, goes on, plays, is fitted to recordings and guides a transfer.
. "$TEST_LIB"
small="-p nav-easy-mlp --policy-layers 12 --prior-layers 8 --critic-layers 12 --warm-up 500 --replay-episodes 64 --actors 8 --evaluate-every 4k --evaluate-episodes 2 -q --seed 3 --final-learning-rate 1"

field() { bp-stats info --tsv "$1" | awk -F'\t' -v s="$2" -v n="$3" '$2 == s && $3 == n { print $4 }'; }
outputs() { bp-stats dump --tsv "$1" | grep -c 'prior/1/bias'; }

# with_head HEAD OUTPUTS
with_head() {
    quiet "$1" bp-train $small --prior-head $1 --transitions 8k -t 1 --db none -o $1.1
    for threads in 2 4; do
        quiet "  with $threads threads" bp-train $small --prior-head $1 --transitions 8k -t $threads --db none -o $1.$threads
        same "  the same bytes" $1.1 $1.$threads
    done
    quiet "  the beginning of it" bp-train $small --prior-head $1 --transitions 2k -t 2 --keep-resume --db none -o $1.stop
    quiet "  goes on" bp-train $small --prior-head $1 --transitions 8k -t 1 --db none -o $1.stop --resume
    same "  to the same bytes" $1.1 $1.stop
    is "  its head is told" "$(field $1.1 prior head) $(field $1.1 policy head)" "$1 bounded"
    is "  its outputs are" "$(outputs $1.1)" "$2"
    for play in policy prior; do
        quiet "  its $play plays" bp-rollout --play $play -n 3 -o $1.$play $1.1
        is "  with the KL of each step" "$(bp-stats kl --tsv $1.$play | awk -F'\t' 'NR > 1 && $6 !~ /^-?[0-9.e-]+$/ { bad = 1 } END { print (NR > 100 && !bad) }')" 1
    done
    quiet "  one is fitted to recordings" bp-distill --head $1 --layers 8 --transitions 4k --unroll 40 --evaluate-every 2k -q --db none -o $1.fit $1.policy
    quiet "  which plays" bp-rollout --play prior -n 2 -o $1.fitted $1.fit
    quiet "  it guides another policy" bp-transfer --task nav-hard --body pointmass --prior-from $1.1 --initialise fresh --transitions 2k --evaluate-episodes 2 -q --db none -o $1.other
    is "  of a head of its own" "$(field $1.other prior head) $(field $1.other policy head)" "$1 bounded"
}

with_head isotropic 3
with_head full 5
with_head mixture 40
with_head full-mixture 48

quiet "a policy can start from a full covariance" bp-transfer --task nav-hard --body pointmass --prior-from full.1 --transitions 2k --evaluate-episodes 2 -q --db none -o started
is "  and is like it" "$(field started policy head)" full
quiet "not from a mixture" bp-transfer --task nav-hard --body pointmass --prior-from mixture.1 --transitions 2k --evaluate-episodes 2 -q --db none -o afresh
is "  so it starts afresh" "$(field afresh policy head) $(field afresh policy reused)" "bounded "
check "  nor be one" 2 "--policy-head mixture is for priors" -- bp-train $small --policy-head mixture --db none -o no
check "  where it learns by V-trace" 2 "--policy-head full-mixture is for priors: .* made of$" -- bp-train $small --algorithm vtrace --policy-head full-mixture --db none -o no
check "  nor can a latent that V-trace follows be a choice" 2 "--high-head categorical is for priors: .*; --posterior, with" -- bp-train -p grid-1 --high-head categorical --prior-high mlp --prior-high-head categorical --db none -o no
check "  on its high level" 2 "--high-head full-mixture is for priors" -- bp-train -p goto-ball-hier --high-head full-mixture --transitions 2k --db none -o no
quiet "a latent can have such a prior" bp-train -p goto-ball-hier --prior-high mlp --prior-high-head mixture --high-head full --transitions 2k --warm-up 500 --replay-episodes 64 --actors 8 --evaluate-episodes 2 -q --db none -o latent
is "  which is told" "$(field latent prior-high head) $(field latent policy-high head)" "mixture full"
