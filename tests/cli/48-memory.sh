# Memory that cannot be had: a few of the allocations of each program fail, one at a time. `make fuzz-memory` tries them all.
. "$TEST_LIB"
if ${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC -o failing.so "$TEST_TOP/tests/fuzz/failing.c" 2>"$err"; then
    "$TEST_TOP/tests/fuzz/memory" "$TEST_BIN" failing.so places 24 >"$out" 2>"$err"
    is "no crash, and no other result with exit status 0" "$(tail -n 1 "$out")" "0 wrong"
    grep -v ' tried, \| wrong$' "$out"
    for program in bp-train bp-transfer bp-distill bp-rollout 'bp-stats returns' 'bp-stats curves'; do
        like "$program: allocations failed" "$(grep "^$program: " "$out")" ' [1-9][0-9]* tried, [1-9][0-9]* ended the command'
    done
else
    fail "failing.c does not compile" "$(cat "$err")"
fi
