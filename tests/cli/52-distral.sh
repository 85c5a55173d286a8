# Policies of two columns, and priors that are a branch of the policy: trained, stopped, resumed, played; what makes no sense is refused.
. "$TEST_LIB"
other="--task goto --body ball --batch 64 --actors 12 --warm-up 1k --replay-episodes 64 --evaluate policy,prior --evaluate-every 2k --evaluate-episodes 2 --policy-layers 12,10 --critic-layers 12 --seed 3 --db d.db -q"
small="-p goto-ball --final-learning-rate 1 --prior-layers 8 $other"

try() # name options ...
{
    local name=$1
    shift
    quiet "$name" bp-train $small "$@" --transitions 4k -t 1 -o $name.1
    for threads in 2 4; do
        quiet "  $threads threads" bp-train $small "$@" --transitions 4k -t $threads -o $name.$threads
        same "  the same bytes" $name.1 $name.$threads
    done
    quiet "  in two parts" bp-train $small "$@" --transitions 2k --keep-resume -o $name.part
    quiet "  and on" bp-train --transitions 4k --resume --db d.db -q -o $name.part
    same "  the same bytes" $name.1 $name.part
    quiet "  the policy plays" bp-rollout -n 2 -o $name.policy $name.1
    quiet "  the prior plays" bp-rollout --play prior -n 2 -o $name.prior $name.1
    is "  with KLs" "$(bp-stats kl --tsv $name.policy $name.prior | awk 'NR > 1 && $6 >= 0' | cut -f 1 | sort -u | wc -l)" 2
}
try columns --policy-columns 2
try recurrent --policy-columns 2 --policy lstm --prior lstm
try branch --prior branch
try levels --policy-columns 2 --latent-size 3 --policy-inputs proprio --high-layers 8 --prior-high mlp --prior-high-layers 6
try output --prior branch --prior-layers ''
quiet "a branch of one unit" bp-train $small --prior branch --prior-layers 1 --transitions 2k -o narrow
is "the policy tells what it adds to" "$(bp-stats info --tsv columns.1 | grep -P 'policy\tadds' | cut -f 4)" prior
is "the prior tells what it stands on" "$(bp-stats info --tsv branch.1 | grep -P 'prior\ton' | cut -f 4)" policy
is "runs tell of both" "$(sqlite3 d.db 'select distinct policy, prior from runs order by 1, 2' | tr '\n' ' ')" "mlp|branch two-column|lstm two-column|mlp "

quiet "two columns on a frozen prior" bp-transfer $other --prior-from columns.1 --policy-columns 2 --initialise fresh --policy-head bounded --transitions 4k -o frozen
is "  which stays" "$(bp-stats dump --tsv frozen | grep -P '\tprior/' | cut -f 2- | md5sum)" "$(bp-stats dump --tsv columns.1 | grep -P '\tprior/' | cut -f 2- | md5sum)"
ok "  and is there" test "$(bp-stats dump --tsv frozen | grep -cP '\tprior/')" = 124

check "no prior to add to" 2 'prior with a network of its own' -- bp-train $small --policy-columns 2 --prior none -o no
check "a branch as a column" 2 'prior with a network of its own' -- bp-train $small --policy-columns 2 --prior branch -o no
check "two heads" 2 'one head' -- bp-train $small --policy-columns 2 --policy-head softplus -o no
check "a branch of a policy without hidden layers" 2 'no hidden layer' -- bp-train $small --prior branch --policy linear -o no
check "a branch of a hierarchical policy" 2 'flat policy' -- bp-train $small --prior branch --latent-size 2 --policy-inputs proprio -o no
check "a branch without its policy" 2 'branch of its policy' -- bp-transfer $other --prior-from branch.1 --initialise fresh -o no
check "a start from the prior, twice" 2 'initialise fresh' -- bp-transfer $other --prior-from columns.1 --policy-columns 2 -o no
