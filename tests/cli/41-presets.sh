# Presets: those that there are can be used, files of one's own too, and what is wrong in one is told with its line.
. "$TEST_LIB"
for preset in "$BP_SHARE"/presets/*; do
    name=$(basename "$preset")
    quiet "preset $name" bp-train -p $name --print-config
    ok "  says of every line that it is taken" bash -c "grep -c 'preset $name\$' '$out' | grep -qx \$(grep -cE '^[a-z]' '$preset')"
done
for name in nav-easy-lstm nav-easy-mlp nav-easy-none nav-easy-paper; do
    ok "there is a preset $name" test -f "$BP_SHARE/presets/$name"
done

bp-train -p nav-easy-mlp --seed 5 --kl-cost 0.25 --policy-inputs 'global,targets,goal' --prior-inputs 'global,targets' --evaluate policy,prior --print-config >printed
quiet "a printed config is a preset" bp-train -p ./printed --print-config
values() { sed -E 's/ *#.*//; s/ +/ /g' "$1"; }
is "  of the same values" "$(values "$out")" "$(values printed)"
quiet "  that trains" bp-train -p printed --transitions 2k --warm-up 1k --replay-episodes 64 --evaluate-episodes 2 -q --db none -o a.ckpt
quiet "  as do the options" bp-train -p nav-easy-mlp --seed 5 --kl-cost 0.25 --policy-inputs 'global,targets,goal' --prior-inputs 'global,targets' --evaluate policy,prior --transitions 2k --warm-up 1k --replay-episodes 64 --evaluate-episodes 2 -q --db none -o b.ckpt
same "  the same" a.ckpt b.ckpt
bp-transfer --prior-from a.ckpt -p nav-hard --print-config >printed
quiet "bp-transfer: a printed config is a preset" bp-transfer --prior-from a.ckpt -p ./printed --print-config
is "  of the same values" "$(values "$out")" "$(values printed)"

printf '# a comment\n\n  transitions=5   # and another\r\nseed\t=\t7\n\tpolicy = lstm' >own
quiet "a preset of one's own, found by its path" bp-train -p ./own --print-config
is "  is read" "$(sed -nE 's/^(transitions|seed|policy) += ([^ ]*) .*/\1 \2/p' "$out" | tr '\n' ' ')" "transitions 5 seed 7 policy lstm "
quiet "  and by its name alone" bp-train -p own --print-config
quiet "a path goes before a preset of that name" bash -c 'cp own nav-easy-lstm; bp-train -p ./nav-easy-lstm --print-config | grep -q "^seed *= 7 "'
rm nav-easy-lstm
quiet "a directory of that name does not" bash -c 'mkdir -p dir/nav-hard && cd dir && bp-train -p nav-hard --print-config | grep -q "^task *= nav-hard "'
quiet "no preset at all" bp-train --print-config

bad() {     # bad DESCRIPTION REGEX, with the preset from stdin
    cat >own
    check "$1" 2 "$2" -- bp-train -p ./own -o x
}
printf 'transitions = 5\n\nbogus = 3\n' | bad "an unknown name" "./own:3: there is no option 'bogus'"
printf 'transitions = 5\nseed 3\n' | bad "a line without =" "./own:2: expected 'name = value', got 'seed 3'"
printf '= 3\n' | bad "a line without a name" "./own:1: there is no option ''"
printf 'transitions = many\n' | bad "a value that is no number" "--transitions wants a number, not 'many' \(preset own\)"
printf 'transitions =\n' | bad "a value that is empty" "--transitions wants a number, not '' \(preset own\)"
printf 'discount = 2\n' | bad "a value out of range" "--discount must lie in 0 \.\.\. 1, not '2' \(preset own\)"
printf 'policy = gru\n' | bad "an unknown choice" "--policy must be one of .*, not 'gru' \(preset own\)"
printf 'output = y\n' | bad "an option of the command" "./own:1: 'output' is no part of a config: give it on the command line"
printf 'resume = yes\n' | bad "a flag of the command" "./own:1: 'resume' is no part of a config"
printf '\211PNG\r\n\032\n' | bad "a picture" "./own:1: expected 'name = value'"
printf 'transitions = \033[31m5\n' | bad "what would steer a terminal" "--transitions wants a number, not '\?\[31m5'"
printf '%05000d\n' 7 | bad "a line of 5000 letters" "./own:1: expected 'name = value', got '0000"
check "a directory" 1 "cannot read preset './': Is a directory" -- bp-train -p ./ -o x
check "a missing file" 2 "cannot read preset './none': No such file" -- bp-train -p ./none -o x
check "a missing name" 2 "there is no preset 'none'; the presets are " -- bp-train -p none -o x
check "a share directory that is elsewhere" 2 "there is no preset 'none'" -- env BP_SHARE=/none bp-train -p none -o x

quiet "--list-presets" bp-train --list-presets
is "  names each" "$(cut -d ' ' -f 1 "$out" | tr '\n' ' ')" "$(ls "$BP_SHARE/presets" | tr '\n' ' ')"
is "  with a sentence" "$(grep -cvE '^[a-z0-9-]+ +[A-Z].*\.$' "$out")" 0
is "  that is whole" "$(grep -E '\beq\.$' "$out")" ""
cp "$out" listed
quiet "bp-transfer --list-presets needs no prior" bp-transfer --list-presets
same "  and says the same" "$out" listed

quiet "--list-choices" bp-train --list-choices
for line in "task: nav-easy" "algorithm: svg" "network: lstm" "head: bounded" "prior of a latent: ar1" "reuse: low-init" "metric: trace_weight"; do
    like "  tells of the ${line%: *} ${line#*: }" "$(cat "$out")" "^  ${line#*: } +[A-Za-z]"
done
is "  and no row is without a word" "$(grep -cE '^  [^ ]+ *$' "$out")" 0
quiet "bp-transfer --list-choices needs no prior" bp-transfer --list-choices
check "a list to a full stdout" 1 'cannot write the list: No space left' -- bash -c 'bp-train --list-choices >/dev/full'
