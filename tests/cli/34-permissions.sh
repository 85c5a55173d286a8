# Places that may not be written, files that may not be read: one sentence, exit status 1, nothing changed.
. "$TEST_LIB"
fixture easy.ckpt easy.traj
mkdir in && mv easy.* in
easy=in/easy.ckpt traj=in/easy.traj
train="bp-train $tiny"
transfer="bp-transfer -p nav-hard --prior-from $easy --transitions 5k --warm-up 1k --replay-episodes 64 --evaluate-episodes 2 -q"
distill="bp-distill -q --transitions 5k $traj"

# Where there is no directory, or the output is one, whoever asks.
mkdir directory
for program in "bp-rollout -n 2 $easy" "$train" "$transfer" "$distill"; do
    name=${program%% *}
    check "$name: no such directory" 1 'cannot write none/x: No such file or directory' -- $program -o none/x
    check "$name: a directory" 1 'cannot write directory: Is a directory' -- $program -o directory
    check "$name: a name that ends as a directory's" 1 'cannot write none/: ' -- $program -o none/
    check "$name: below a file" 1 'cannot write in/easy.ckpt/x: Not a directory' -- $program -o $easy/x
    check "$name: an empty name" 1 'cannot write ' -- $program -o ''
done

# The rest is for someone whom permissions hold, who gets copies of the programs, as theirs may be out of reach.
if ! $nobody true 2>/dev/null; then
    skip "permissions: nobody else can be had here"
    exit 0
fi
mkdir "$TEST_SCRATCH/bin" && cp "$TEST_BIN"/bp-* "$TEST_SCRATCH/bin" && cp -r "$BP_SHARE" "$TEST_SCRATCH/share"
chmod -R a+rX "$TEST_SCRATCH" in .
chmod a+w .
export PATH=$TEST_SCRATCH/bin:$PATH BP_SHARE=$TEST_SCRATCH/share
is "someone else can run the programs" "$($nobody bp-train --version)" "$(bp-train --version)"
mkdir closed && echo "of old" >closed/old && chmod 555 closed
echo "of old" >old && chmod 444 old
for program in "bp-rollout -n 2 $easy" "$train --db none" "$transfer --db none" "$distill --db none"; do
    name=${program%% *}
    check "$name: an unwritable directory" 1 'cannot write closed/x: Permission denied' -- $nobody $program -o closed/x
    check "$name: a file in it" 1 'cannot write closed/old: Permission denied' -- $nobody $program -o closed/old
    check "$name: an unwritable file" 1 'cannot write old: Permission denied' -- $nobody $program -o old
done
is "what stood there stays" "$(cat closed/old old)" "of old
of old"

cp $easy locked.ckpt && cp $traj locked.traj && chmod 0 locked.*
check "bp-rollout: an unreadable checkpoint" 1 'cannot open locked.ckpt: Permission denied' -- $nobody bp-rollout -n 1 -o x locked.ckpt
check "bp-transfer: an unreadable checkpoint" 1 'cannot open locked.ckpt: Permission denied' -- $nobody bp-transfer -p nav-hard --prior-from locked.ckpt -o x
check "bp-distill: an unreadable stream" 1 'cannot open locked.traj: Permission denied' -- $nobody bp-distill -o x locked.traj
check "bp-stats: an unreadable stream" 1 'cannot open locked.traj: Permission denied' -- $nobody bp-stats returns locked.traj
printf 'steps = 5\n' >preset && chmod 0 preset
check "bp-train: an unreadable preset" 2 "cannot read preset './preset': Permission denied" -- $nobody bp-train -p ./preset -o x

# Databases.
$train --transitions 40k --actor-steps 25 --progress-every 4k --db runs.db -o "$TEST_SCRATCH/x"
sqlite3 runs.db 'pragma wal_checkpoint(truncate)' >/dev/null
rm -f runs.db-*
mkdir shut && cp runs.db shut/open.db && chmod 666 shut/open.db && chmod 555 shut
chmod 444 runs.db
before=$(cksum <runs.db)
for program in "$train" "$transfer" "$distill"; do
    name=${program%% *}
    check "$name: a read-only database" 1 'cannot write the database runs.db: it is read-only' -- $nobody $program --db runs.db -o x
    check "$name: a new database in an unwritable directory" 1 'cannot open the database closed/b.db or write beside it: Permission denied' -- $nobody $program --db closed/b.db -o x
    check "$name: a database in an unwritable directory" 1 'the database shut/open.db' -- $nobody $program --db shut/open.db -o x
done
is "  the database is as it was" "$(cksum <runs.db)" "$before"
quiet "a read-only database can be read" $nobody bp-stats curves runs.db
quiet "  in an unwritable directory too" $nobody bp-stats curves shut/open.db
cp runs.db secret.db && chmod 0 secret.db
check "an unreadable database" 1 'cannot open the database secret.db: Permission denied' -- $nobody bp-stats curves secret.db
cp "$TEST_TOP/tests/golden/bp.db" shut/earlier.db
chmod 666 shut/earlier.db
check "a database of an earlier version where nothing can be written" 1 'shut/earlier.db is of version 1, and cannot be written here to become one of version 4: copy it to where it can' -- $nobody bp-stats curves shut/earlier.db
chmod 755 closed shut
tidy "nothing temporary is left"
