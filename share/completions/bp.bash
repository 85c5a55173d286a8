# Completion of bp-train, bp-transfer, bp-rollout, bp-distill and bp-stats for bash.
#
#     . share/completions/bp.bash
#
# It asks the program itself: --help has every option with the kind of its value, and after the last colon of a line what a NAME or
# LIST may be. So it knows what the installed version knows.

# Directory of presets and bodies, where the program would look.
_bp_share() {
    local program share
    program=$(type -P "$1") && program=$(readlink -f "$program")
    for share in "$BP_SHARE" "${program%/*}/../share/bp" "${program%/*}/../share"; do
        [[ -n $share && -d $share/presets ]] && printf '%s\n' "$share" && return
    done
}

# Offer those of the words that begin with $1.
_bp_offer() {
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_bp_offer_files() {
    local found
    mapfile -t found < <(compgen -f -- "$1")
    COMPREPLY+=("${found[@]}")
    compopt -o filenames 2>/dev/null
}

# Offer values $1 of the option that the line $2 of --help describes; fails when it takes none.
_bp_value() {
    local word=$1 line=$2 program=$3 option value share
    option=$(grep -oE -- '--[a-z][a-z-]*' <<<"$line" | head -n 1)
    value=$(sed -nE "s/^ *(-., )?$option ([A-Z][A-Z,]*) .*/\2/p" <<<"$line")
    [[ -z $value ]] && return 1
    case $option:$value in
    --preset:*)
        share=$(_bp_share "$program")
        [[ -n $share ]] && _bp_offer "$word" "$(ls "$share/presets")"
        _bp_offer_files "$word" ;;
    --body:*)
        share=$(_bp_share "$program")
        [[ -n $share ]] && _bp_offer "$word" "$(ls "$share/bodies" | sed -n 's/\.xml$//p')"
        _bp_offer_files "$word" ;;
    *:NAME | *:LIST)
        [[ $line == *:\ * ]] && _bp_offer "$word" "$(sed -E 's/.*: //; s/ \[.*//; s/[^ ]*[A-Z][^ ]*//g; s/,//g' <<<"$line")" ;;
    *:FILE)
        _bp_offer_files "$word" ;;
    esac
    return 0
}

_bp_complete() {
    local program=$1 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} help report=
    COMPREPLY=()
    if [[ $word == = ]]; then                       # --option=value comes as three words
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi

    if [[ ${program##*/} == bp-stats ]]; then       # its first word names a report, which has options of its own
        if ((COMP_CWORD == 1)) && [[ $word != -* ]]; then
            _bp_offer "$word" "$("$program" --help 2>/dev/null | sed -n '/^Reports:/,/^$/s/^  \([a-z]*\) .*/\1/p')"
            return
        fi
        ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]] && report=${COMP_WORDS[1]}
    fi
    help=$("$program" $report --help 2>/dev/null) || return

    if [[ $before == -?* ]]; then                   # is this word the value of the one before?
        _bp_value "$word" "$(grep -E -- "^ *(-., *)?$before |^ *$before, " <<<"$help" | head -n 1)" "$program" && return
    fi
    if [[ $word == -* ]]; then
        _bp_offer "$word" "$(grep -oE -- '^ +(-., )? *--[a-z][a-z-]*' <<<"$help" | grep -oE -- '--[a-z][a-z-]*')"
    else
        _bp_offer_files "$word"
    fi
}

complete -F _bp_complete bp-train bp-transfer bp-rollout bp-distill bp-stats
