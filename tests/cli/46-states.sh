# States of the simulator in trajectories: what is in the stream, by any number of threads, and frames drawn from them.
. "$TEST_LIB"
play="bp-rollout -q --play random --task push-1b1t --body ball -n 3 --seed 5"
quiet "episodes are recorded with states" $play --record-state -o state.traj
quiet "  and without" $play -o plain.traj
many="bp-rollout -q --play random --task nav-hard -n 40 --record-state"
$many -t 1 -o one.traj
$many -t 3 -o three.traj
same "  the same by any number of threads" one.traj three.traj
bytes=$(bp-stats info --tsv state.traj | awk -F'\t' '$3 == "state" {print $4}')
ok "info says how large they are" test "$bytes" -gt 100
is "  and that there are none" "$(bp-stats info --tsv plain.traj | awk -F'\t' '$3 == "state" {print $4}')" 0
is "what else they tell is the same" "$(bp-stats dump --tsv state.traj | cut -f 2- | md5sum)" "$(bp-stats dump --tsv plain.traj | cut -f 2- | md5sum)"
is "  to a script too" "$(python3 - "$BP_SHARE" "$bytes" <<'EOF'
import sys
sys.path.insert(0, sys.argv[1])
from read_bp import records
for (_, state), (_, plain) in zip(records("state.traj"), records("plain.traj")):
    dtype, shape, values = state.pop("state")
    print(dtype, shape == [plain["reward"][1][0] + 1, int(sys.argv[2])], len(set(values)) > 50, state == plain)
EOF
)" "$(printf 'U8 True True True\n%.0s' 1 2 3)"
cat plain.traj state.traj >both.traj
is "streams with and without go together" "$(bp-stats info --tsv both.traj | awk -F'\t' '$3 == "episodes" {print $4}' | tr '\n' ' ')" "3 3 "
check "with frames" 2 "--record-state adds to trajectories: --frames writes none" -- $play --record-state --frames 8x8 -o x
check "with a recording" 2 "--record-state adds to trajectories: --playback writes none" -- bp-rollout --record-state --playback state.traj -o x

if ! $play --frames 8x8 -o play.rgb 2>"$err"; then
    skip "frames of states: there is no OpenGL here"
    exit
fi
quiet "frames of the states" bp-rollout -q --playback state.traj --frames 8x8 -o state.rgb
same "  as while it was played" state.rgb play.rgb
cat play.rgb play.rgb >twice.rgb
quiet "frames of both streams" bp-rollout -q --playback both.traj --frames 8x8 -o both.rgb
same "  are the same twice" both.rgb twice.rgb
