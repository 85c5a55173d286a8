# Binary output to a terminal is refused, and so is a terminal for binary input.
. "$TEST_LIB"
if ! command -v script >/dev/null; then
    skip "there is no script(1) here"
    exit 0
fi
fixture easy.ckpt easy.traj
mkdir in && mv easy.* in
easy=in/easy.ckpt traj=in/easy.traj
# The command on a terminal of its own; its one sentence comes back, and goes to stderr as check wants it.
cat >"$TEST_SCRATCH/terminal" <<'S'
script -qec "$*" /dev/null </dev/null | tr -d '\r' >&2
exit ${PIPESTATUS[0]}
S
terminal() { bash "$TEST_SCRATCH/terminal" "$@"; }
export -f terminal
export TEST_SCRATCH
tty="bash $TEST_SCRATCH/terminal"

refused='standard output is a terminal, and the output is binary: redirect it, or name a file'
check "bp-rollout" 2 "$refused" -- $tty bp-rollout -n 1 $easy
check "bp-rollout -o -" 2 "$refused" -- $tty bp-rollout -n 1 -o - $easy
check "bp-rollout -o /dev/tty" 2 '/dev/tty is a terminal, and the output is binary' -- $tty bp-rollout -n 1 -o /dev/tty $easy
check "bp-train" 2 "$refused" -- $tty bp-train $tiny -o -
check "bp-transfer" 2 "$refused" -- $tty bp-transfer -p nav-hard --prior-from $easy -o -
check "bp-distill" 2 "$refused" -- $tty bp-distill $traj
asked='standard input is a terminal: redirect a file or a pipe to it, or name a file'
check "bp-rollout from a terminal" 2 "$asked" -- $tty bp-rollout -n 1 -o x
check "bp-transfer from a terminal" 2 "$asked" -- $tty bp-transfer -p nav-hard --prior-from - -o x
check "bp-distill from a terminal" 2 "$asked" -- $tty bp-distill -o x
check "bp-stats from a terminal" 2 "$asked" -- $tty bp-stats returns
for program in bp-rollout bp-distill; do
    runs "$program alone on a terminal tells its usage" 2 $tty $program
    like "  in short" "$(cat "$err")" "^usage: $program "
    check "  but from a pipe it reads" 3 "standard input" -- bash -c "$program </dev/null"
done
runs "tables go to a terminal" 0 $tty bp-stats returns $traj
like "  as text" "$(cat "$err")" 'standard_error'
