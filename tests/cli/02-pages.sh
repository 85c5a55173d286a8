# The man pages: what --help lists is described, what is described exists, and mandoc(1) finds no fault.
. "$TEST_LIB"
man=$TEST_TOP/man

options() { sed -nE 's/^  (-[a-z], |    )--([a-z-]+).*/\2/p' | sort -u; }

for program in bp-train bp-transfer bp-rollout bp-distill bp-stats; do
    page=$man/$program.1
    if [ ! -e "$page" ]; then
        fail "$program has a man page"
        continue
    fi
    pass "$program has a man page"
    $program --help | sed 's/^  -h, --help .*/      --help/' | options >help
    grep -oE 'Fl -[a-z][a-z-]*' "$page" | sed 's/Fl -//' | sort -u >described
    grep -E '^\.It Fl' "$page" | grep -oE 'Fl -[a-z][a-z-]*' | sed 's/Fl -//' | sort -u >listed
    # A letter that is an option's whole name stands as ".It Fl p", as it would on the command line.
    grep -oE 'Fl [a-z]( |$)' "$page" | sed 's/Fl //; s/ //' | sort -u >>described
    is "$program.1 describes every option" "$(comm -23 help <(sort -u described) | tr '\n' ' ')" ""
    is "$program.1 describes no option that is not there" "$(comm -13 help listed | tr '\n' ' ')" ""
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
        ok "$program.1 has a section $section" grep -qE "^\.Sh $section" "$page"
    done
    for status in 1 2; do
        ok "$program.1 tells exit status $status" grep -qE "^\.It (Cm |Er )?$status\$" "$page"
    done
done

is "bp-train.1 describes every preset" "$(ls "$TEST_TOP/share/presets" | grep -vxFf <(sed -n '/^\.Sh PRESETS/,/^\.Sh PROGRESS/s/^\.It Sy //p' "$man/bp-train.1" | sed 's/ , /\n/g'))" ""

for page in bp-checkpoint.5 bp-trajectory.5 bp-runs.5 bp.7; do
    ok "there is $page" test -e "$man/$page"
done
if command -v mandoc >/dev/null; then
    for page in "$man"/*.[157]; do
        faults=$(mandoc -T lint -W warning "$page" 2>&1 | grep -v 'referenced manual not found')
        is "mandoc finds no fault in $(basename "$page")" "$faults" ""
    done
else
    skip "mandoc -T lint: there is no mandoc here"
fi
