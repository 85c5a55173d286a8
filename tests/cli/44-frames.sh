# Frames: their size, what they show, the same from a recording; and what is refused.
. "$TEST_LIB"
play="bp-rollout -q --play random --task push-1b1t --body ball -n 1 --seed 3"
if ! $play --frames 8x8 -o probe.rgb 2>probe.err; then
    is "without OpenGL the reason is told" "$(grep -c 'cannot draw: neither EGL .* nor OSMesa' probe.err)" 1
    skip "frames: there is no OpenGL here"
    exit
fi
rm -f probe.rgb probe.err
quiet "an episode is recorded" $play -o play.traj
steps=$(bp-stats info --tsv play.traj | awk -F'\t' '$3 == "steps" {print $4}')
quiet "frames while it is played" $play --frames 64x48 -o play.rgb
is "  one for each step and the start" "$(stat -c %s play.rgb)" $(((steps + 1) * 64 * 48 * 3))
quiet "frames of the recording" bp-rollout -q --playback play.traj --frames 64x48 -o replay.rgb
same "  the same" play.rgb replay.rgb
cat play.traj play.traj >two.traj
quiet "frames of the first episode alone" bp-rollout -q --playback two.traj --frames 64x48 -n 1 -o first.rgb
same "  the same" play.rgb first.rgb
quiet "  to a pipe" bash -c "bp-rollout -q --playback play.traj --frames 64x48 | cmp - play.rgb"

# Bodies that differ in a texture alone: each is drawn as if it were alone, though one model takes another's place in memory.
for body in "red 1 0 0" "green 0 1 0"; do
    read -r name colour <<<"$body"
    sed -e "s|<worldbody>|<asset><texture name='skin' type='2d' builtin='flat' rgb1='$colour' width='32' height='32'/><material name='skin' \
        texture='skin'/></asset><worldbody>|" -e 's|mass="6" rgba="[^"]*"|mass="6" material="skin"|' "$BP_SHARE/bodies/ball.xml" >$name.xml
    bp-rollout -q --play random --task goto --body $name.xml -n 1 -o $name.traj
    bp-rollout -q --playback $name.traj --frames 16x12 -o $name.rgb
done
ok "two bodies, two films" bash -c '! cmp -s red.rgb green.rgb'
cat red.traj green.traj red.traj green.traj >joined.traj
cat red.rgb green.rgb red.rgb green.rgb >apart.rgb
quiet "a recording of both" bp-rollout -q --playback joined.traj --frames 16x12 -o joined.rgb
same "  gives the frames of each" joined.rgb apart.rgb

# EGL that finds no driver, as on a machine without one.
export __EGL_VENDOR_LIBRARY_DIRS=/nonexistent
if $play --frames 64x48 -o osmesa.rgb 2>"$err"; then
    is "without EGL, OSMesa draws as much" "$(stat -c %s osmesa.rgb)" "$(stat -c %s play.rgb)"
    ok "  in many colours" python3 -c 'import sys; sys.exit(len(set(open("osmesa.rgb", "rb").read()[:9216])) < 50)'
else
    is "without EGL and OSMesa the reason is told" "$(grep -c 'cannot draw: neither EGL .* nor OSMesa' "$err")" 1
fi
unset __EGL_VENDOR_LIBRARY_DIRS
runs "a word about ffmpeg" 0 bp-rollout --play random --task push-1b1t --body ball -n 1 --frames 32x32 -o x.rgb
ok "  with size and rate" grep -q 'ffmpeg -f rawvideo -pix_fmt rgb24 -s 32x32 -r [0-9.]* -i -' "$err"
if command -v ffmpeg >/dev/null; then
    quiet "ffmpeg takes them" bash -c "$play --frames 64x48 | ffmpeg -loglevel error -f rawvideo -pix_fmt rgb24 -s 64x48 -r 5 -i - -pix_fmt yuv420p x.mp4"
    is "  all of them" "$(ffprobe -loglevel error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 x.mp4)" $((steps + 1))
else
    skip "a film: ffmpeg is not here"
fi
colours() { python3 -c '
import sys
data = open(sys.argv[1], "rb").read()[:96 * 96 * 3]
pixels = [data[i:i + 3] for i in range(0, len(data), 3)]
red = sum(r > 150 and g < 110 and b < 110 for r, g, b in pixels)
orange = sum(r > 150 and 90 < g < 190 and b < 90 for r, g, b in pixels)
print(len(set(pixels)) > 50, red > 100, orange > 100)' "$1"; }
quiet "from the top" $play --frames 96x96 --camera top -o top.rgb
is "  many colours, the red target, the orange box" "$(colours top.rgb)" "True True True"
quiet "by its side" $play --frames 96x96 --camera follow -o follow.rgb
ok "  is another picture" bash -c '! cmp -s top.rgb follow.rgb'
quiet "the ball stays in the middle" python3 -c '
import sys
size, frames = 96 * 96 * 3, open("follow.rgb", "rb").read()
for t in (0, 20, 40):
    frame = frames[t * size:(t + 1) * size]
    r, g, b = frame[(48 * 96 + 48) * 3:][:3]
    if r < 1.4 * max(g, b): sys.exit("at step %d the middle is %d %d %d" % (t, r, g, b))'
rm -f *.rgb
for size in 0x10 10 axb 10x 9999x10 10x10x10; do
    check "a size of $size" 2 "--frames wants a width and a height like 320x240" -- $play --frames $size -o x
done
check "an unknown camera" 2 "--camera must be one of follow, top" -- $play --frames 8x8 --camera side -o x
check "a recording without frames" 2 "--playback play.traj changes nothing without --frames" -- bp-rollout --playback play.traj -o x
check "a camera without frames" 2 "--camera top changes nothing without --frames" -- bp-rollout --camera top --play random --task goto -n 1 -o x
check "a recording and a task" 2 "--playback shows what was recorded: --task changes nothing of it" -- bp-rollout --playback play.traj --task goto --frames 8x8 -o x
check "a recording and a checkpoint" 2 "--playback looks at no checkpoint: 'y.ckpt' is one too many" -- bp-rollout --playback play.traj --frames 8x8 -o x y.ckpt
head -c 2000 play.traj >cut.traj
check "a recording cut short" 3 "cut.traj" -- bp-rollout -q --playback cut.traj --frames 8x8 -o x
