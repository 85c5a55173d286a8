# --help and --version answer on stdout and name every option that scripts rely on; start-up is quick and the programs are small.
. "$TEST_LIB"

named() {       # named PROGRAM OPTION...: --help has a line for each
    local program=$1 option missing=""
    shift
    quiet "$program --help" $program --help
    cp "$out" help
    like "$program --help begins with its usage" "$(head -n 1 help)" "^usage: $program "
    like "$program --help has an example" "$(cat help)" "^Example: .*$program"
    for option in help version "$@"; do
        grep -qE "^  (-[a-z], |    )--$option( |\$)" help || missing+=" --$option"
    done
    is "$program --help names its options" "$missing" ""
    quiet "$program -h" $program -h
    same "$program -h is --help" "$out" help
    quiet "$program --version" $program --version
    is "$program --version has four lines" "$(wc -l <"$out")" 4
    like "  name and version" "$(head -n 1 "$out")" "^$program [0-9]+\.[0-9]+\.[0-9]+\$"
    for library in MuJoCo GSL OpenBLAS SQLite zlib libdeflate Jansson; do
        like "  $library" "$(sed -n 2p "$out")" "[ ,]$library [0-9]+(\.[0-9]+)+"
    done
    like "  libxsmm" "$(sed -n 2p "$out")" ', libxsmm (none|[0-9.]+),'
    like "  kernels" "$(sed -n 3p "$out")" '^kernels: float32 (libxsmm|OpenBLAS) [A-Za-z0-9_-]+, single columns OpenBLAS [A-Za-z0-9]+, bf16 [A-Za-z0-9]+$'
    is "  the processor's features" "$(sed -n 4p "$out")" "processor: $features"
    check "$program --help onto a full disk" 1 'No space left' -- bash -c "$program --help >/dev/full"
    check "$program --version onto a full disk" 1 'No space left' -- bash -c "$program --version >/dev/full"
}

# As the system tells them.
features=
for flag in avx2 avx512f avx512_bf16 amx_bf16; do
    ! grep -qw $flag /proc/cpuinfo || features+=" $flag"
done
features=${features# }
features=${features:-none}

config="task body transitions seed policy policy-layers policy-inputs policy-encoders policy-head critic critic-layers critic-inputs critic-encoders kl-cost entropy-cost discount
    retrace-lambda reward-scale policy-learning-rate critic-learning-rate target-period value-policy unroll sequence-stride burn-in batch shards precision recurrent-state actors actor-steps
    replay-episodes replay-precision rewarded-share warm-up evaluate evaluate-every evaluate-episodes"
command="preset output resume checkpoint-every progress-every db threads max-memory print-config quiet"
named bp-train $command $config prior prior-layers prior-inputs prior-encoders prior-head prior-learning-rate
named bp-transfer $command $config prior-from reuse initialise
named bp-rollout play task body episodes seed deterministic latent same-start one-state output threads quiet
named bp-distill prior layers encoders inputs head latent-size latent-period prior-high prior-high-layers prior-high-inputs prior-high-head prior-correlation inference inference-layers inference-inputs transitions learning-rate unroll burn-in batch shards precision held-out evaluate-every patience seed output force db threads quiet
named bp-stats tsv json episodes groups latents p bin bins db by where metric x points statistic baseline last threshold fraction smooth

quiet "bp-stats --help lists the reports" bp-stats --help
for report in info dump returns transitions kl actions trajectories curves compare profile health; do
    like "bp-stats --help lists $report" "$(cat "$out")" "^  $report "
done
for report in info dump returns transitions kl actions trajectories curves compare profile health; do
    quiet "bp-stats $report --help" bp-stats $report --help
    like "bp-stats $report --help is about $report" "$(head -n 1 "$out")" "^usage: bp-stats $report "
done

# Where it matters that a program is light, a sanitizer's build is none.
if grep -q __asan_init "$TEST_BIN/bp-train"; then
    skip "start-up and size: a build with sanitizers"
    exit 0
fi
TIMEFORMAT='%U %S'
twenty() {
    for i in $(seq 20); do
        begun=${EPOCHREALTIME/./}
        $1 --help >/dev/null
        echo $((${EPOCHREALTIME/./} - begun))
    done | sort -n >times
}
for program in bp-train bp-transfer bp-rollout bp-distill bp-stats; do
    { time twenty $program; } 2>spent
    median=$(sed -n 10p times)
    spent=$(awk '{print int(($1 + $2) / 20 * 1e6)}' spent)
    echo "     $program --help takes $((median / 1000)).$(printf %03d $((median % 1000))) ms, the median of 20; $((spent / 1000)).$(printf %03d $((spent % 1000))) ms of the processor's time"
    # On a machine that is busy with something else the processor's time tells more.
    ok "$program starts within 30 ms" test "$median" -lt 30000 -o "$spent" -lt 10000
    size=$(stat -Lc %s "$TEST_BIN/$program")
    ok "$program has less than 2 MB ($size)" test "$size" -lt 2000000
done
