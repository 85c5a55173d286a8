# Bodies of a user's own: trained on, kept in the checkpoint, played, handed on; and what cannot be a body.
. "$TEST_LIB"
sed 's|<option |<compiler settotalmass="300"/><option |' "$BP_SHARE/bodies/ball.xml" >heavy.xml
check "a body that makes boxes heavy" 2 "'./heavy.xml' changes the world's boxes" -- bp-rollout --play random --task push-1b1t --body ./heavy.xml -n 1 -o x
quiet "  it is a body where there are none" bp-rollout -q --play random --task goto --body ./heavy.xml -n 1 -o x
goto="--task goto --transitions 2k --warm-up 1k --actors 4 --replay-episodes 16 --batch 16 --evaluate-episodes 2 --evaluate-every 1k -q --db none"

mkdir own in
sed -n '/^<mujoco>/,/^<\/mujoco>/p' "$TEST_TOP/man/bp-body.5" >own/hopper.xml         # the page's example
cp "$BP_SHARE/bodies/ant.xml" own/ant.xml

quiet "the page's example plays" bp-rollout -q --play random --task goto --body own/hopper.xml -n 3 -o hopper.traj
is "  and the stream names it" "$(bp-stats info --tsv hopper.traj | awk -F'\t' '$3 == "body" {print $4}')" own/hopper.xml
quiet "a copy of a shipped body plays" bp-rollout -q --play random --task goto --body own/ant.xml -n 3 -o copy.traj
quiet "  as the shipped one" bp-rollout -q --play random --task goto --body ant -n 3 -o ant.traj
is "  to the same numbers" "$(bp-stats dump --tsv copy.traj | cut -f 2- | md5sum)" "$(bp-stats dump --tsv ant.traj | cut -f 2- | md5sum)"
goto_train="bp-train $goto --body own/hopper.xml"
quiet "training on a file" bp-train $goto --body own/hopper.xml -o hopper.ckpt
is "  the checkpoint remembers it" "$(bp-stats info --tsv hopper.ckpt | awk -F'\t' '$3 == "body" {print $4}' | head -n 1)" own/hopper.xml
quiet "  and is played on it" bp-rollout -q -n 2 -o x.traj hopper.ckpt
cp own/hopper.xml own/moved.xml
quiet "  or where it lies now" bp-rollout -q -n 2 --body own/moved.xml -o y.traj hopper.ckpt

# The checkpoint carries its body, and plays where the file is not.
xml=$(sha256sum <own/hopper.xml | cut -d ' ' -f 1)
is "  the checkpoint tells which file it was" "$(bp-stats info --tsv hopper.ckpt | awk -F'\t' '$3 == "body_hash" {print $4}')" "$xml"
like "  and carries it" "$(bp-stats info --tsv hopper.ckpt)" "body/xml[[:space:]]u8 $(stat -c %s own/hopper.xml)\$"
mkdir elsewhere
quiet "  it plays in another directory" env -C elsewhere bp-rollout -q -n 2 -o x.traj ../hopper.ckpt
same "  the same" elsewhere/x.traj x.traj
mv own/hopper.xml own/away.xml
sed 's/<worldbody>/<!-- changed --><worldbody>/' own/away.xml >own/hopper.xml
runs "  beside a file that has changed since" 0 bp-rollout -q -n 2 -o z.traj hopper.ckpt
is "  it says so" "$(cat "$err")" "bp-rollout: warning: 'own/hopper.xml' has changed since the checkpoint was made, whose own copy is played: --body own/hopper.xml takes the file"
same "  and plays its own" z.traj x.traj
$goto_train --transitions 100k -o stop.ckpt 2>/dev/null &
process=$!
ready $process
sleep 0.3
kill -TERM $process
wait $process
if [ $? -eq 143 ]; then
    mv own/away.xml own/hopper.xml
    check "a stopped run does not go on with another body" 2 "the body 'own/hopper.xml' has changed since the run was stopped" -- $goto_train --transitions 100k -o stop.ckpt --resume
else
    mv own/away.xml own/hopper.xml
fi
rm -f stop.ckpt*

# A shipped body is not carried; when it has changed, as with another version, playing says so.
quiet "training on a shipped body" bp-train $goto --body ball -o ball.ckpt
quiet "  it plays" bp-rollout -q -n 1 -o x.traj ball.ckpt
cp -r "$BP_SHARE" share
sed 's/<worldbody>/<!-- changed --><worldbody>/' "$BP_SHARE/bodies/ball.xml" >share/bodies/ball.xml
runs "  after the body has changed, too" 0 env BP_SHARE="$PWD/share" bp-rollout -q -n 1 -o x.traj ball.ckpt
is "  and a warning says so" "$(cat "$err")" "bp-rollout: warning: the file of the body 'ball' has changed since the checkpoint was made, which may have learned on another shape"
rm -r share ball.ckpt

# A body's file asks for the arena of tasks with boxes.
sed 's/<numeric name="arena".*//' own/ant.xml >own/unasked.xml
check "a body too large for tasks with boxes" 2 'find no room on 3 x 3 m; its file can ask for more by <custom><numeric name="arena" data="EDGE"/></custom>' -- \
    bp-rollout --play random --task push-1b1t --body own/unasked.xml -n 1 -o x
sed 's/<numeric name="arena".*/<numeric name="arena" data="0.5"\/>/' own/ant.xml >own/narrow.xml
check "  an arena too narrow to be one" 2 "asks for an arena of 0.5 m; it must be from 1 to 100" -- bp-rollout --play random --task push-1b1t --body own/narrow.xml -n 1 -o x
quiet "  the arena that its file asks for" bp-rollout -q --play random --task push-1b1t --body own/ant.xml -n 1 -o x.traj
is "  is that of the trajectory" "$(bp-stats trajectories --tsv x.traj | awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "edge") at = i} NR == 2 {print $at}')" 5
quiet "  its prior is handed on" bp-transfer $goto --prior-from hopper.ckpt --body own/hopper.xml -o next.ckpt
rm -f *.traj *.ckpt

(cd own && ln -s hopper.xml link.xml)
quiet "a link is a file" bp-rollout -q --play random --task goto --body own/link.xml -n 1 -o x.traj
rm -f x.traj
play="bp-rollout --play random --task goto -o x --body"
sed '/freejoint/d' own/hopper.xml >in/arm.xml
sed 's/<freejoint\/>/<joint axis="0 0 1"\/>/' own/hopper.xml >in/turret.xml
sed '/motor/d' own/hopper.xml >in/limp.xml
head -c 300 own/hopper.xml >in/cut.xml
echo '<mujoco><asset><texture name="t" type="2d" builtin="flat" mark="cross" width="99999999999" height="9"/></asset></mujoco>' >in/texture.xml
mkfifo in/pipe.xml
check "a body that is fixed" 2 "'in/arm.xml' is fixed to its place" -- $play in/arm.xml
check "a root that only turns" 2 "its root 'torso' moves by one without a name; it needs <freejoint/> in their place, or slides along x and y first" -- $play in/turret.xml

# Planar bodies as other collections have them: refused with what to change, and with that changed they play.
planar() {      # planar NAME PARTS ACTUATORS
    cat <<X
<mujoco model="$1">
  <compiler angle="degree" inertiafromgeom="true"/>
  <default><joint armature="1" damping="1" limited="true"/><geom conaffinity="1" condim="3" density="1000"/></default>
  <option integrator="RK4" timestep="0.002"/>
  <worldbody>
    <geom name="floor" type="plane" pos="0 0 0" size="40 40 40" conaffinity="1"/>
    <body name="torso" pos="0 0 1.25">
      <joint armature="0" axis="1 0 0" damping="0" limited="false" name="rootx" pos="0 0 0" stiffness="0" type="slide"/>
      <joint armature="0" axis="0 0 1" damping="0" limited="false" name="rootz" pos="0 0 0" ref="1.25" stiffness="0" type="slide"/>
      <joint armature="0" axis="0 1 0" damping="0" limited="false" name="rooty" pos="0 0 0" stiffness="0" type="hinge"/>
      $2
    </body>
  </worldbody>
  <actuator>$3</actuator>
</mujoco>
X
}
leg() {         # leg NAME X: of thigh, shin and foot
    echo "<body name='thigh$1' pos='$2 0 -0.2'><joint name='hip$1' axis='0 -1 0' range='-150 0'/><geom type='capsule' fromto='0 0 0 0 0 -0.45' size='0.05'/>
      <body pos='0 0 -0.45'><joint name='knee$1' axis='0 -1 0' range='-150 0'/><geom type='capsule' fromto='0 0 0 0 0 -0.5' size='0.04'/>
      <body pos='0 0 -0.5'><joint name='ankle$1' axis='0 -1 0' range='-45 45'/><geom type='capsule' fromto='-0.1 0 -0.05 0.2 0 -0.05' size='0.05'/></body></body></body>"
}
motors() { for part in hip knee ankle; do echo "<motor ctrllimited='true' ctrlrange='-1 1' gear='100' joint='$part$1'/>"; done; }
trunk="<geom type='capsule' fromto='0 0 0.2 0 0 -0.2' size='0.05'/>"
planar hopper "$trunk $(leg '' 0)" "$(motors '')" >in/hopper.xml
planar walker2d "$trunk $(leg 1 0) $(leg 2 0)" "$(motors 1) $(motors 2)" >in/walker2d.xml
planar half-cheetah "<geom type='capsule' fromto='-0.5 0 0 0.5 0 0' size='0.05'/> $(leg 1 -0.5) $(leg 2 0.5)" "$(motors 1) $(motors 2)" >in/half-cheetah.xml
for name in hopper walker2d half-cheetah; do
    check "a planar body: $name" 2 "'in/$name.xml' is planar: its root 'torso' moves by 'rootx', 'rootz', 'rooty' only; write <freejoint/> in the place of these joints" -- $play in/$name.xml
    sed -e '/name="rootx"/s/.*/<freejoint\/>/' -e '/name="root[zy]"/d' in/$name.xml >own/$name.free.xml
    quiet "  with a free joint it plays" bp-rollout -q --play random --task goto -n 2 -o x.traj --body own/$name.free.xml
    rm -f x.traj
done
check "no actuators" 2 "0 actuators" -- $play in/limp.xml
check "a file cut short" 3 "cannot load the body 'in/cut.xml': " -- $play in/cut.xml
check "a file that crashes MuJoCo" 3 "cannot load the body 'in/texture.xml': " -- $play in/texture.xml
check "a file that is not there" 1 "cannot open the body 'in/none.xml': No such file" -- $play in/none.xml
check "a pipe" 2 "'in/pipe.xml' is not a file" -- $play in/pipe.xml
check "a long path" 2 "longer than 255" -- $play "$(printf 'x%.0s' {1..300}).xml"
for step in nan 0 -1 1e30; do
    sed "s/<mujoco>/<mujoco><option timestep=\"$step\"\/>/" own/hopper.xml >in/step.xml
    check "a timestep of $step" 2 "has a timestep of .* s; it must be" -- $play in/step.xml
done
check "a task that takes its own bodies only" 2 "task 'nav-easy' does not take the body 'own/ant.xml'" -- bp-rollout --play random --task nav-easy -o x --body own/ant.xml
check "training on what cannot be a body" 2 "fixed to its place" -- bp-train $goto --body in/arm.xml -o x
