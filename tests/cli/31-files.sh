# Inputs that are missing, empty, cut short, damaged, or of another kind: one sentence, the documented exit status, nothing written.
. "$TEST_LIB"
fixture easy.ckpt easy.traj
mkdir in && mv easy.ckpt easy.traj in
easy=in/easy.ckpt traj=in/easy.traj

# Everything that reads a checkpoint, and everything that reads a stream; the file comes last.
checkpoint_readers=("bp-rollout -n 2 -o x" "bp-transfer --preset nav-hard -o x --prior-from")
stream_readers=("bp-distill -o x" "bp-stats returns" "bp-stats transitions" "bp-stats kl" "bp-stats trajectories")
any_readers=("bp-stats info" "bp-stats dump")
readers=("${checkpoint_readers[@]}" "${stream_readers[@]}" "${any_readers[@]}")
name() { echo "$1" | grep -oE '^bp-stats [a-z]*|^bp-[a-z]*'; }

mkdir in/directory
: >in/empty
echo "just text" >in/text
printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0' >in/png
echo "a plain file" | gzip >in/gzip
: | gzip >in/gzip-empty
printf '\037\213' >in/start
sqlite3 in/foreign.db 'create table t(x)'
for reader in "${readers[@]}"; do
    what=$(name "$reader")
    check "$what: a missing file" 1 'cannot open in/missing: No such file or directory' -- $reader in/missing
    check "$what: a missing directory" 1 'cannot open in/none/x: No such file' -- $reader in/none/x
    check "$what: an empty name" 1 'cannot open' -- $reader ''
    check "$what: a directory" 1 'in/directory: Is a directory' -- $reader in/directory
    check "$what: an empty file" 3 'in/empty is empty' -- $reader in/empty
    check "$what: text" 3 'in/text is neither a checkpoint nor trajectories' -- $reader in/text
    check "$what: a picture" 3 'in/png is neither a checkpoint nor trajectories' -- $reader in/png
    check "$what: a gzip file" 3 'in/gzip is compressed by gzip, but is neither' -- $reader in/gzip
    check "$what: an empty gzip file" 3 'in/gzip-empty is compressed by gzip, but is neither' -- $reader in/gzip-empty
    check "$what: two bytes" 3 'in/start (was cut short|is neither|is compressed)' -- $reader in/start
    [ "$what" = "bp-stats info" ] || check "$what: a database" 3 'in/foreign.db is neither' -- $reader in/foreign.db
done
for reader in "${readers[@]/#bp-transfer*/bp-transfer --preset nav-hard -o x --prior-from -}"; do
    what=$(name "$reader")
    check "$what: empty stdin" 3 'standard input is empty' -- $reader
    check "$what: text from stdin" 3 'standard input is neither' -- bash -c "$reader <in/text"
    check "$what: closed stdin" 1 'cannot read standard input' -- bash -c "$reader <&-"
done
check "bp-stats info: another program's database" 1 'holds something else than runs' -- bp-stats info in/foreign.db
check "bp-distill: the second of two files is missing" 1 'cannot open in/missing' -- bp-distill -o x $traj in/missing
check "bp-stats returns: the second of two files is missing" 1 'cannot open in/missing' stdout -- bp-stats returns $traj in/missing

# Of another kind.
for reader in "${checkpoint_readers[@]}"; do
    check "$(name "$reader"): trajectories for a checkpoint" 3 "$traj is not a checkpoint but a stream of kind 'episode'" -- $reader $traj
done
for reader in "${stream_readers[@]}"; do
    check "$(name "$reader"): a checkpoint for trajectories" 3 "easy.ckpt \(record 1\) is a checkpoint, not an episode" -- $reader $easy
done
cat $easy $easy >in/two
check "bp-rollout: two checkpoints in one file" 3 'in/two holds more than one checkpoint' -- bp-rollout -n 1 -o x in/two
cat $traj $easy >in/mixed
check "bp-stats returns: a checkpoint after trajectories" 3 'is a checkpoint, not an episode' stdout -- bp-stats returns in/mixed

# Cut short at many places, and changed at many.
cut_and_changed() {     # FILE KIND READER...
    local file=$1 kind=$2 size offset byte reader
    shift 2
    size=$(stat -c %s "$file")
    for offset in 1 9 27 28 100 $((size / 3)) $((size - 200)) $((size - 9)) $((size - 1)); do
        head -c $offset "$file" >in/cut
        for reader in "$@"; do
            check "$(name "$reader"): $kind cut to $offset of $size bytes" 3 'in/cut was cut short after [0-9]+ whole record' $([[ $reader = *stats* ]] && echo stdout) -- $reader in/cut
        done
    done
    for offset in 0 3 9 13 16 22 25 40 $((size / 3)) $((size / 2)) $((size - 150)) $((size - 20)) $((size - 5)) $((size - 1)); do
        cp "$file" in/changed
        byte=$(od -An -tu1 -j $offset -N 1 "$file")
        printf "\\x$(printf %x $((byte ^ (1 << (offset % 8)))))" | dd of=in/changed bs=1 seek=$offset conv=notrunc status=none
        for reader in "$@"; do
            check "$(name "$reader"): $kind with a bit changed at $offset of $size" 3 'in/changed (is damaged|is neither|is compressed by gzip, but|was cut short|.*is damaged: )' $([[ $reader = *stats* ]] && echo stdout) -- $reader in/changed
        done
    done
    cat "$file" in/text >in/tail
    for reader in "$@"; do
        check "$(name "$reader"): text after $kind" 3 'in/tail is damaged after [0-9]+ whole record' $([[ $reader = *stats* ]] && echo stdout) -- $reader in/tail
    done
}
cut_and_changed $easy "a checkpoint" "${checkpoint_readers[@]}"
cut_and_changed $traj "trajectories" "bp-distill -o x" "bp-stats returns"

size=$(stat -c %s $traj)
head -c $((size / 2)) $traj >in/half
check "what is whole of a stream cut short is reported" 3 'was cut short' stdout -- bp-stats returns --tsv in/half
ok "  as so many episodes" awk -F'\t' 'NR == 2 && $4 >= 5 && $4 <= 10 {found = 1} END {exit !found}' "$out"
check "bp-distill takes no part of a stream for all" 3 'standard input was cut short' -- bash -c "head -c $((size / 2)) $traj | bp-distill -o x"
check "an output that exists stays when the input is damaged" 3 'was cut short' -- bp-distill -q -o in/text in/half
check "  that of bp-rollout too" 3 'was cut short' -- bash -c "head -c 50000 $easy | bp-rollout -o in/text"
tidy "nothing temporary is left"
