# Sourced by every scenario: assertions, and files that several scenarios start from. tests/cli/run sets what it needs.
set -u

out=$TEST_SCRATCH/out           # what the last command wrote
err=$TEST_SCRATCH/err
short="--preset nav-easy-lstm --transitions 60k --warm-up 2k --evaluate-every 30k --evaluate-episodes 8"
tiny="--preset nav-easy-lstm --transitions 10k --warm-up 1k --replay-episodes 64 --evaluate-every 5k --evaluate-episodes 2 -q"

pass() { echo "ok   $TEST_NAME: $1"; }
skip() { echo "skip $TEST_NAME: $1"; }

# fail DESCRIPTION [LINE ...]
fail() {
    echo "FAIL $TEST_NAME: $1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | head -n 30 | cut -c 1-500 | sed 's/^/     /'
}

# What lies in the scenario's directory, and when each file but databases was last changed: a run that fails may rightly write to these.
state() {
    find . -mindepth 1 ! -name '*.db-shm' ! -name '*.db-wal' \( -name '*.db' -printf '%y %p\n' -o -type f -printf '%y %p %i %s %C@\n' -o -printf '%y %p\n' \) 2>/dev/null
}

# check DESCRIPTION STATUS REGEX [stdout] -- COMMAND...
# The command fails as it should: exit status, one sentence on stderr that matches and is led by the program's name, nothing on
# stdout (unless `stdout` allows it), no file created, changed or left behind.
check() {
    local what=$1 expected=$2 regex=$3 loud=no wrong="" status before after program said
    shift 3
    [ "$1" = stdout ] && loud=yes && shift
    [ "$1" = -- ] && shift
    [[ "$*" =~ bp-(train|transfer|rollout|distill|stats) ]]
    program=${BASH_REMATCH[0]}
    before=$(state)
    timeout --foreground 30 "$@" >"$out" 2>"$err"
    status=$?
    after=$(state)
    said=$(<"$err")
    [ $status -eq "$expected" ] || wrong="exit status $status, not $expected; "
    [[ $said != *$'\n'* && $said = "$program: "* ]] || wrong+="stderr is not one line led by '$program: '; "
    [[ $said =~ $regex ]] || wrong+="stderr does not match '$regex'; "
    [ $loud = yes ] || [ ! -s "$out" ] || wrong+="there is something on stdout; "
    [ "$before" = "$after" ] || wrong+="files changed: $(diff <(echo "$before") <(echo "$after") | grep '^[<>]' | tr '\n' ' ')"
    if [ -z "$wrong" ]; then pass "$what"; else fail "$what" "$wrong" "$*" "$(head -n 5 "$err")"; fi
}

# runs DESCRIPTION STATUS COMMAND...: the exit status counts; what is written is in $out and $err.
runs() {
    local what=$1 expected=$2 status
    shift 2
    timeout --foreground 120 "$@" >"$out" 2>"$err"
    status=$?
    if [ $status -eq "$expected" ]; then
        pass "$what"
    else
        fail "$what" "exit status $status, not $expected" "$*" "$(head -n 5 "$err")"
    fi
}

# quiet DESCRIPTION COMMAND...: succeeds without a word on stderr.
quiet() {
    local what=$1 status
    shift
    timeout --foreground 120 "$@" >"$out" 2>"$err"
    status=$?
    if [ $status -eq 0 ] && [ ! -s "$err" ]; then
        pass "$what"
    else
        fail "$what" "exit status $status" "$*" "$(head -n 5 "$err")"
    fi
}

# ok DESCRIPTION COMMAND...: succeeds, whatever it says.
ok() {
    local what=$1 said
    shift
    if said=$("$@" 2>&1); then pass "$what"; else fail "$what" "$*" "$said"; fi
}

# is DESCRIPTION ACTUAL EXPECTED
is() {
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "is:     $2" "should: $3"; fi
}

# like DESCRIPTION TEXT REGEX
like() {
    if grep -qE -- "$3" <<<"$2"; then pass "$1"; else fail "$1" "does not match '$3':" "$2"; fi
}

same() { ok "$1" cmp "$2" "$3"; }

# tidy DESCRIPTION: neither a temporary nor a partial file in this directory.
tidy() {
    local left
    left=$(find . -name '.*.tmp' -o -name '.*.lock')
    if [ -z "$left" ]; then pass "$1"; else fail "$1" "$left"; fi
}

# fixture FILE...: copy files that many scenarios start from into this directory; each is made when it is first asked for.
#   easy.ckpt: policy, critic and LSTM prior of nav-easy       easy.traj, hard.traj: its policy on nav-easy, its prior on nav-hard
#   none.ckpt: without a prior                                prior.ckpt: nothing but a prior, distilled
#   stop.ckpt, stop.ckpt.resume: of `bp-train $tiny --transitions 2M -o stop.ckpt`, killed on its way
make_fixture() {
    case $1 in
    easy.ckpt) bp-train $short -q --db none -o easy.ckpt ;;
    none.ckpt) bp-train $tiny --preset nav-easy-none --db none -o none.ckpt ;;
    easy.traj) fixture_here easy.ckpt && bp-rollout -n 16 -o easy.traj easy.ckpt ;;
    hard.traj) fixture_here easy.ckpt && bp-rollout --play prior --task nav-hard -n 16 -o hard.traj easy.ckpt ;;
    prior.ckpt) fixture_here easy.traj && bp-distill -q --db none --prior lstm --transitions 20k -o prior.ckpt easy.traj ;;
    stop.ckpt | stop.ckpt.resume)
        local process
        bp-train $tiny --transitions 2M --checkpoint-every 1k --db none -o stop.ckpt &
        process=$!
        wait_for 20 test -e stop.ckpt.resume
        kill -KILL $process
        wait $process 2>/dev/null
        [ -e stop.ckpt ] && [ -e stop.ckpt.resume ] ;;
    *) return 1 ;;
    esac
}

fixture_here() { (cd "$TEST_FIXTURES" && { [ -e "$1" ] || make_fixture "$1"; }); }

fixture() {
    local file
    exec {lock}>"$TEST_FIXTURES/lock" && flock $lock
    for file in "$@"; do
        if ! fixture_here "$file" {lock}>&- || ! cp "$TEST_FIXTURES/$file" .; then
            fail "the file $file to start from cannot be made"
            exit 1
        fi
    done
    exec {lock}>&-
}

# wait_for SECONDS COMMAND...: until it succeeds; fails when the time is over.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" 2>/dev/null; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.005
    done
}

# SIGUSR1, which is the last that programs install a handler for.
catches() { (((0x$(sed -n "s/^SigCgt:[[:space:]]*//p" "/proc/$1/status") & 0x200) != 0)); }

# ready PROCESS: until it has installed its signal handlers.
ready() { wait_for 20 catches "$1"; }

# Before a command: it runs as someone whom permissions hold. Empty when we are already.
nobody=
[ "$(id -u)" -ne 0 ] || nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
