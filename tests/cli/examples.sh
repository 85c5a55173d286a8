# Sourced by the scenarios that run the examples of the man pages: shell commands, queries, programs in Python, models for MuJoCo. They
# run as they are printed, page by page and in order, in a directory with the files that they name; only the counts are smaller, so that
# it does not take hours.
if grep -q __asan_init "$TEST_BIN/bp-train"; then
    skip "the examples: they run in the plain build"
    exit 0
fi
fixture easy.ckpt easy.traj
export EDITOR=true BP_TRANSITIONS=20k BP_WARM_UP=1k BP_REPLAY_EPISODES=64 BP_EVALUATE_EVERY=10k BP_EVALUATE_EPISODES=2 BP_PROGRESS_EVERY=5k
more=60k                        # of a run that is stopped, or compared with others
shorter=(-e 's/--transitions ([0-9]+)M/--transitions \1e3/' -e 's/-n (100|200|2000)\b/-n 20/')

# What the examples name and do not make themselves, in the directory of a page.
prepare() {
    local traj
    ln -s "$TEST_TOP/share" share
    cp ../easy.ckpt .
    for traj in a b c policy prior expert; do
        cp ../easy.traj $traj.traj
    done
    cp easy.ckpt FILE
    cp ../seen.ckpt ant.ckpt
    cp ../seen.levels levels.ckpt
    cp ../seen.db bp.db
}

# A run that was stopped on its way to the file $1, as by Control-C.
stopped() {
    BP_TRANSITIONS=$more bp-train --preset nav-easy-lstm --seed 1 -q --checkpoint-every 1k -o "$1" 2>"$err" &
    local process=$!
    wait_for 20 test -e "$1.resume"
    kill -INT $process
    wait $process
    [ -e "$1.resume" ]
}

recorded() { [ "$(sqlite3 bp.db "select count(*) from run where process = $1")" = 1 ]; }

# What has to be so before an example: it goes on with a stopped run, speaks to one that is under way, or writes a file that is not there.
before() {
    local output first=${1%%$'\n'*}
    case $1 in *toy2d*) export BP_REPLAY_EPISODES=2000 ;; *) export BP_REPLAY_EPISODES=64 ;; esac      # an episode of toy2d has one step
    case $1 in
    *"kill -USR1"*)
        BP_TRANSITIONS=1G bp-train --preset nav-easy-mlp -q -o long.ckpt 2>/dev/null &
        long=$!
        ready $long
        wait_for 20 recorded $long ;;
    *--resume*)
        rm -f easy.ckpt easy.ckpt.resume
        [[ $first != *--resume* ]] || stopped easy.ckpt
        export BP_TRANSITIONS=$more ;;
    *)
        for output in $(grep -oE -- '-o [a-z]+\.ckpt' <<<"$1" | cut -c 4-); do
            rm -f "$output" "$output.resume"
        done ;;
    esac
}

# Why an example cannot run here; nothing when it can.
obstacle() {
    case $1 in
    make*) echo "it builds the programs" ;;
    *ffmpeg*) command -v ffmpeg >/dev/null || echo "there is no ffmpeg here" ;;
    *jq*) command -v jq >/dev/null || echo "there is no jq here" ;;
    *gnuplot*) command -v gnuplot >/dev/null || echo "there is no gnuplot here" ;;
    esac
}

# The name under which a page's model is used further down.
model_name() { cat "$@" 2>/dev/null | grep -oE -- '--body \./[a-z-]+\.xml' | head -n 1 | sed 's/.* //'; }

example() {     # example DESCRIPTION KIND FILE LATER...
    local what=$1 kind=$2 file=$3 status=0 reason
    shift 3
    reason=$(obstacle "$(cat "$file")")
    if [ -n "$reason" ]; then
        skip "$what: $reason"
        return
    fi
    before "$(cat "$file")"
    case $kind in
    sh) timeout --foreground 120 bash -e -o pipefail <(sed -E "${shorter[@]}" "$file") >"$out" 2>"$err" </dev/null || status=$? ;;
    sql) sqlite3 bp.db <"$file" >"$out" 2>"$err" || status=$? ;;
    py) python3 "$file" >"$out" 2>"$err" || status=$? ;;
    xml) cp "$file" "$(model_name "$@")" >"$out" 2>"$err" || status=$? ;;
    esac
    [ $status -eq 141 ] && grep -q '| head' "$file" && status=0      # head has seen enough
    if [ $status -eq 0 ]; then
        pass "$what"
    else
        fail "$what" "exit status $status" "$(cat "$file")" "$(tail -n 5 "$err")"
    fi
    [ -z "${long:-}" ] || { kill $long; wait $long; long=; } 2>/dev/null
}

BP_TRANSITIONS=2k bp-train --preset goto-ant --batch 16 --shards 2 --policy-layers 16 --critic-layers 16 --prior-layers 16 --actors 2 -q --db none -o seen.ckpt || exit
BP_TRANSITIONS=2k bp-train --preset goto-ball-hier --actors 4 -q --db none -o seen.levels || exit
for preset in nav-easy-lstm nav-easy-none; do
    BP_TRANSITIONS=$more bp-train --preset $preset -q --db seen.db -o seen-$preset.ckpt || exit
done
bp-transfer --preset nav-hard --prior-from easy.ckpt -q --db seen.db -o seen-hard.ckpt || exit
rm -f seen-*

# pages PAGE...: run the examples of each.
pages() {
    local page name number kind first displays
    for page; do
        name=$(basename "$page")
        mkdir -p "$name/page" "$name.displays"
        (cd "$name" && ln -s "$TEST_TOP/share" share)
        "$TEST_TOP/tests/cli/examples" "$page" "$name.displays" >"$name.list"
        (
            cd "$name/page"
            cp ../../easy.* ../../seen.* ..
            prepare
            while read -r number kind first; do
                displays=../../$name.displays
                if [ $kind != text ]; then
                    example "$name: $first" $kind "$displays/$number.$kind" $(find "$displays" -name '*.sh' | sort | awk -F/ -v n="$number" '$NF > n')
                elif ! grep -qE '^ *(L = |V_s |d_s |two before )' "$displays/$number.text"; then
                    fail "$name: a display that is neither an example nor a known formula" "$(head -n 3 "$displays/$number.text")"
                fi
            done <../../"$name.list"
        )
        rm -rf "${name:?}"
    done
}
