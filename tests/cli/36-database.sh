# Databases that are locked, damaged, or not ours: one sentence, the documented exit status, and what a run learned is kept.
. "$TEST_LIB"
fixture easy.ckpt easy.traj
mkdir in && mv easy.* in
easy=in/easy.ckpt traj=in/easy.traj
train="bp-train $tiny"
transfer="bp-transfer -p nav-hard --prior-from $easy --transitions 5k --warm-up 1k --replay-episodes 64 --evaluate-episodes 2 -q"
distill="bp-distill -q --transitions 5k $traj"
$train --transitions 40k --actor-steps 25 --progress-every 4k --db runs.db -o in/x

hold() {        # hold DATABASE SQL: another process, until let_go
    coproc HOLDER { exec sqlite3 "$1"; }
    holder=$HOLDER_PID
    echo "$2; select 'held';" >&"${HOLDER[1]}"
    read -r held <&"${HOLDER[0]}"
}
let_go() {
    eval "exec ${HOLDER[1]}>&-"
    wait "$holder"
}

hold runs.db 'begin immediate'
is "another process holds the database" "$held" held
export BP_DB_TIMEOUT_MS=50
for program in "$train" "$transfer" "$distill"; do
    check "${program%% *}: a locked database" 1 'the database runs.db is locked by another process: waited 0.05 s' -- $program --db runs.db -o x
done
quiet "it can be read meanwhile" bp-stats curves runs.db
let_go
unset BP_DB_TIMEOUT_MS
hold runs.db 'begin immediate'
$train --db runs.db -o waited 2>"$err" &
process=$!
sleep 0.2
let_go
wait $process
is "a lock that is given up is waited for" "$? $(cat "$err")" "0 "
hold new.db 'pragma locking_mode = exclusive; begin exclusive; create table t(x)'
check "a locked database that cannot even be read" 1 'the database new.db is locked by another process: waited 0 s' -- env BP_DB_TIMEOUT_MS=0 bp-stats curves new.db
let_go
for wait in x -1 1.5 99999999999; do
    check "BP_DB_TIMEOUT_MS=$wait" 2 "BP_DB_TIMEOUT_MS is '$wait', but must be 0 to 3600000 milliseconds" -- env BP_DB_TIMEOUT_MS=$wait bp-stats curves runs.db
done

# Locked on the way: the run ends, but can be gone on with.
whole="bp-train -p nav-easy-lstm --policy-layers 16 --prior-layers 16 --critic-layers 16 --actors 12 --warm-up 1k --replay-episodes 64 --evaluate-every 1G --evaluate-episodes 2 -q --transitions 100k --progress-every 640"
$whole --db none -o whole.ckpt
BP_DB_TIMEOUT_MS=20 $whole --db way.db -o way.ckpt 2>"$err" &
process=$!
wait_for 20 bash -c 'sqlite3 way.db "select 1 from progress" 2>/dev/null | grep -q 1'
hold way.db 'pragma busy_timeout = 5000; begin immediate'
wait $process
is "a database locked on the way: status" $? 1
let_go
like "  says so" "$(head -n 1 "$err")" '^bp-train: the database way.db is locked by another process'
like "  and how to go on" "$(sed -n 2p "$err")" '^bp-train: warning: stopped at [0-9]+ transitions; to go on: bp-train .* --resume$'
is "  and no more" "$(wc -l <"$err")" 2
quiet "  that works" bash -c "$(sed -n '2s/.*to go on: //p' "$err")"
same "  to the same end" way.ckpt whole.ckpt
is "  in one run" "$(sqlite3 way.db 'select state, count(*) from run')" "finished|1"

# Names that SQLite does not take for files: runs would be recorded in memory alone.
for name in :memory: 'file:runs.db?mode=memory' file:other.db; do
    for program in "$train -o y --db" "$transfer -o y --db" "$distill -o y --db" "bp-stats curves"; do
        what=$(echo "$program" | grep -oE '^bp-stats [a-z]*|^bp-[a-z]*')
        check "$what: the database $name" 2 "the database ${name//\?/.} would not be a file of that name: give a path" -- $program "$name"
    done
done

# What is no database of runs stays as it is.
mkdir other
echo "just text, and long enough to be no header of a database whatever comes after it, so that it is read and refused" >other/text
cp $easy other/ckpt
sqlite3 other/foreign 'create table t(x); insert into t values (1)'
cp runs.db other/newer.db && sqlite3 other/newer.db 'pragma wal_checkpoint(truncate); pragma user_version = 99' >/dev/null
cp runs.db other/corrupt.db && sqlite3 other/corrupt.db 'pragma wal_checkpoint(truncate)' >/dev/null
size=$(stat -c %s other/corrupt.db)
head -c $((size - 4096)) /dev/zero | tr '\0' '\377' | dd of=other/corrupt.db bs=4096 seek=1 conv=notrunc status=none
rm -f other/*-wal other/*-shm
mkdir other/directory
mkfifo other/fifo
for program in "$train -o x --db" "$transfer -o x --db" "$distill -o x --db" "bp-stats curves" "bp-stats compare"; do
    what=$(echo "$program" | grep -oE '^bp-stats [a-z]*|^bp-[a-z]*')
    check "$what: text for a database" 3 'other/text is not a database' -- $program other/text
    check "$what: a checkpoint for a database" 3 'other/ckpt is not a database' -- $program other/ckpt
    check "$what: another program's database" 1 'the database other/foreign holds something else than runs' -- $program other/foreign
    check "$what: a database of a later version" 1 'the database other/newer.db is of version 99, and this program knows up to 4' -- $program other/newer.db
    check "$what: a damaged database" 1 'the database other/corrupt.db is damaged' -- $program other/corrupt.db
    check "$what: a directory for a database" 1 'cannot open the database other/directory: it is not a regular file' -- $program other/directory
    check "$what: a FIFO for a database" 1 'cannot open the database other/fifo: it is not a regular file' -- $program other/fifo
    check "$what: a database in no directory" 1 'cannot open the database none/b.db' -- $program none/b.db
    check "$what: a database without a name" 2 'has an empty name' -- $program ''
done
check "bp-stats curves: a missing database" 1 'cannot open the database missing.db: No such file' -- bp-stats curves missing.db
check "bp-stats curves: an empty database" 1 'the database .* is empty' -- bash -c ': >other/empty; bp-stats curves other/empty; status=$?; rm other/empty; exit $status'
is "the other program's database is as it was" "$(sqlite3 other/foreign 'select * from t; pragma user_version; pragma application_id; pragma journal_mode' | tr '\n' ' ')" "1 0 0 delete "
tidy "nothing temporary is left"
