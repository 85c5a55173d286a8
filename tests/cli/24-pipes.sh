# A reader that goes away ends a program quietly; data goes to stdout and words to stderr.
. "$TEST_LIB"
fixture easy.ckpt easy.traj

gone() {    # gone DESCRIPTION COMMAND: its reader takes 100 bytes
    local statuses
    bash -c "$2 2>err | head -c 100 >first; echo \${PIPESTATUS[0]} >status"
    statuses=$(cat status)
    ok "$1 ends by SIGPIPE or in time" test "$statuses" -eq 141 -o "$statuses" -eq 0
    is "  without a word" "$(cat err)" ""
    is "  after what was read" "$(wc -c <first)" 100
    rm -f err first status
}
gone "bp-rollout" "bp-rollout -n 200 easy.ckpt"
gone "bp-stats dump" "bp-stats dump easy.ckpt"
gone "bp-stats --json" "bp-stats dump --json easy.traj"
gone "bp-train" "bp-train $tiny --db none -o -"
gone "bp-train --print-config" "bp-train $tiny --print-config"
gone "bp-distill" "bp-distill -q --transitions 10k --db none easy.traj"
gone "bp-train --help" "bp-train --help"
bash -c 'bp-rollout -n 200 easy.ckpt | head -c 100 >/dev/null; echo ${PIPESTATUS[0]}' >status
is "bp-rollout ends by SIGPIPE" "$(cat status)" 141

bash -c 'bp-rollout -n 400 easy.ckpt | head -c 200000 >cut.traj'
check "what the pipe lost is missed" 3 'cut.traj was cut short after [0-9]+ whole records' stdout -- bp-stats returns cut.traj
ok "  but what is whole is reported" grep -q nav-easy "$out"

quiet "-q is quiet" bp-train $tiny --db none -o a.ckpt
is "  on stdout too, with -o" "$(wc -c <"$out")" 0
runs "news" 0 bash -c "bp-train ${tiny% -q} --db none -o - >b.ckpt"
is "  go to stderr, led by the program's name" "$(grep -vc '^bp-train: ' "$err")" 0
same "  and data alone to stdout" a.ckpt b.ckpt
ok "  with the share done and the time left" grep -qE '^bp-train: +[0-9.]+%, [0-9:]+ left, [0-9.]+k? of 10k transitions, .*transitions/s$' "$err"
is "  without a live line off a terminal" "$(tr -cd '\r\033' <"$err" | wc -c)" 0
bp-distill --transitions 10k --db none -o d.ckpt easy.traj 2>"$err"
ok "bp-distill tells the same" grep -qE '^bp-distill: +[0-9.]+%, [0-9:]+ left, [0-9.]+k? of 10k transitions, log-likelihood .*transitions/s$' "$err"
if command -v script >/dev/null; then
    long="bp-train ${tiny% -q} --transitions 60k --db none -f -o c.ckpt"
    TERM=xterm script -qec "stty cols 100; $long" /dev/null >live </dev/null
    ok "on a terminal there is a live line" grep -q $'\r.*%  .*left  .*transitions  .*return' live
    TERM=xterm script -qec "stty cols 40; $long" /dev/null >live </dev/null
    ok "  on a narrow one too" grep -q $'\r.*%  .* left' live
    is "  that fits in it" "$(grep -v '^bp-train: ' live | sed 's/\x1b\[K//g' | tr '\r' '\n' | awk '!/^bp-train: / && length > 39')" ""
    TERM=xterm script -qec "stty cols 40; bp-rollout -n 40 -o r.traj easy.ckpt" /dev/null >live </dev/null
    ok "  of bp-rollout too" grep -q $'\r100.0%  0:00 left  40 of 40 episodes' live
    TERM=dumb script -qec "$long" /dev/null >live </dev/null
    is "  and plain lines on one that cannot draw over them" "$(tr -d '\r' <live | grep -vc '^bp-train: ') $(tr -cd '\033' <live | wc -c)" "0 0"
    TERM=xterm script -qec "bp-train $tiny --db none -f -o c.ckpt" /dev/null >live </dev/null
    is "  but not with -q" "$(wc -c <live)" 0
else
    skip "the live line: there is no script(1) here"
fi

# Bytes and messages in one file would be neither.
both='standard output and standard error are one file, and the output is binary'
for program in "bp-train $tiny --db none -o -" "bp-transfer --prior-from none -p nav-hard -q --db none -o -" "bp-rollout -n 2 easy.ckpt" "bp-distill -q --transitions 10k --db none easy.traj"; do
    bash -c "$program >mixed 2>&1"
    is "${program%% *} >FILE 2>&1: status" $? 2
    like "  is refused" "$(cat mixed)" "^${program%% *}: $both"
    rm mixed
done
ok "both to /dev/null are fine" bash -c "bp-rollout -n 1 easy.ckpt >/dev/null 2>&1"
check "an output is asked for" 2 '--output FILE is needed, or --output - to write the checkpoint to a pipe' -- bp-train $tiny
