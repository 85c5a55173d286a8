# Every example of the programs' man pages runs.
. "$TEST_LIB"
. "$TEST_TOP/tests/cli/examples.sh"
pages "$TEST_TOP"/man/*.1
is "the pages have commands alone" "$(cut -d ' ' -f 2 ./*.list | sort -u | tr '\n' ' ')" "sh text "
ok "  as many as they had" test "$(cat ./*.list | wc -l)" -ge 27
