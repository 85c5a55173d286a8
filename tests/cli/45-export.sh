# The start of an episode as a model for MuJoCo's viewer: of the seed that is asked for, the same that is played; and what is refused.
. "$TEST_LIB"
model="bp-rollout -q --task goto --body ball"
quiet "a model is written" $model --seed 3 --export-mjcf three.xml
quiet "  and another of another seed" $model --seed 4 --export-mjcf four.xml
ok "  which differs" bash -c '! cmp -s three.xml four.xml'
quiet "  to a pipe" bash -c "$model --seed 3 --export-mjcf - | cmp - three.xml"
$model --play random --seed 3 -n 1 -o ball.traj
bp-stats dump --groups targets --tsv ball.traj >ball.tsv
quiet "targets lie where the episode that is played sees them" python3 - <<'EOF'
import math, re
text = open("three.xml").read()
qpos = [float(x) for x in re.search(r'name="world/start" qpos="([^"]*)"', text).group(1).split()]
at = [[float(x) for x in m.split()[:2]] for m in re.findall(r'name="world/target\d" type="box" pos="([^"]*)"', text)]
lines = [line.rstrip("\n").split("\t") for line in open("ball.tsv")]
columns = [i for i, name in enumerate(lines[0]) if name.startswith("targets")]
seen = [float(lines[1][i]) for i in columns]
c, s = math.cos(qpos[2]), math.sin(qpos[2])
for i, (x, y) in enumerate(at):
    dx, dy = x - qpos[0], y - qpos[1]
    for is_, should in ((seen[2 * i], c * dx + s * dy), (seen[2 * i + 1], c * dy - s * dx)):
        assert abs(is_ - should) < 1e-3, (i, is_, should)
assert len(at) == 3 and len(seen) == 6, (at, seen)
EOF
check "neither task nor checkpoint" 3 "" -- bash -c "bp-rollout --export-mjcf x.xml </dev/null"
check "frames besides" 2 "--export-mjcf writes a model alone: --frames is one thing too many" -- $model --frames 8x8 --export-mjcf x.xml
check "no such directory" 1 "no/x.xml" -- $model --export-mjcf no/x.xml
