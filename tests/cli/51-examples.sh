# Every example of the other man pages runs: of formats, tasks, and the tutorial and the robot of bp(7).
. "$TEST_LIB"
. "$TEST_TOP/tests/cli/examples.sh"
pages "$TEST_TOP"/man/*.[57]
is "the pages have examples of each kind" "$(cut -d ' ' -f 2 ./*.list | sort -u | tr '\n' ' ')" "py sh sql text xml "
ok "  as many as they had" test "$(cat ./*.list | wc -l)" -ge 36
