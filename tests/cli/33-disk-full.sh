# A full disk: one sentence, exit status 1, no partial output, and what stood there stays.
. "$TEST_LIB"
fixture easy.ckpt easy.traj stop.ckpt stop.ckpt.resume
mkdir in && mv easy.* stop.* in
easy=in/easy.ckpt traj=in/easy.traj
train="bp-train $tiny --db none"
transfer="bp-transfer -p nav-hard --prior-from $easy --transitions 5k --warm-up 1k --replay-episodes 64 --evaluate-episodes 2 --db none -q"
distill="bp-distill -q --transitions 5k --db none $traj"

# Devices are written in place.
for program in "bp-rollout -n 2 $easy" "$train" "$transfer" "$distill"; do
    name=${program%% *}
    check "$name -o /dev/full" 1 'cannot write /dev/full: No space left on device' -- $program -o /dev/full
    check "$name to a full stdout" 1 'cannot write standard output: No space left on device' -- bash -c "$program -o - >/dev/full"
    check "$name to a closed stdout" 1 'cannot write standard output: Bad file descriptor' -- bash -c "$program -o - >&-"
done
check "bp-train --print-config to a full stdout" 1 'cannot write standard output: No space left' -- bash -c "$train --print-config >/dev/full"
for report in "info $easy" "dump $traj" "returns $traj" "transitions $traj" "kl $traj" "trajectories $traj"; do
    for format in "" --tsv --json; do
        check "bp-stats ${report%% *} $format to a full stdout" 1 'cannot write the report: No space left on device' -- bash -c "bp-stats $report $format >/dev/full"
    done
done

# A file system of 100 kB, which goes with the process that mounted it.
if [ "$(id -u)" -ne 0 ] || ! unshare --mount true 2>/dev/null; then
    skip "a small file system: only root can mount one"
    exit 0
fi
cat >small.sh <<'S'
. "$TEST_LIB"
easy=in/easy.ckpt traj=in/easy.traj
mkdir disk && mount -t tmpfs -o size=100k none disk || { skip "a small file system: it cannot be mounted"; exit 0; }
is "the file system is small" "$(stat -f -c '%b' disk)" 25
full='No space left on device'
check "bp-rollout" 1 "cannot write disk/x: $full" -- bp-rollout -n 50 -o disk/x $easy
check "bp-train" 1 "cannot write disk/x: $full" -- $train -o disk/x
check "bp-transfer" 1 "cannot write disk/x: $full" -- $transfer -o disk/x
check "bp-distill" 1 "cannot write disk/x: $full" -- $distill --prior lstm --layers 100,100 -o disk/x
check "bp-stats" 1 "cannot write the report: $full" stdout -- bash -c "bp-stats dump $traj >disk/report; status=\$?; rm disk/report; exit \$status"
echo "of old" >disk/old
check "bp-rollout onto a file that exists" 1 "$full" -- bp-rollout -n 50 -o disk/old $easy
check "bp-train onto a file that exists" 1 "$full" -- $train -o disk/old
is "  leaves it as it was" "$(cat disk/old)" "of old"
rm disk/old
runs "a checkpoint on the way that cannot be written" 1 $train --checkpoint-every 1k -o disk/x
like "  ends no run" "$(cat "$err")" 'warning: training goes on without the checkpoint of 5[0-9]{3} transitions'
like "  before its end" "$(tail -n 1 "$err")" "cannot write disk/x: $full"
check "a resumed run that cannot write its end" 1 "$full" -- bash -c "ln -sf ../in/stop.ckpt.resume disk/x.resume; $train --transitions 15k --resume -o disk/x; status=\$?; rm -f disk/x.resume; exit \$status"

head -c 60k /dev/zero >disk/filler
check "the database of bp-train" 1 'the database disk/b.db.*(full|No space)' -- bash -c "$train --db disk/b.db -o y; status=\$?; rm -f disk/b.db*; exit \$status"
rm disk/filler
umount disk
S
export train transfer distill
unshare --mount bash small.sh
tidy "nothing temporary is left"
