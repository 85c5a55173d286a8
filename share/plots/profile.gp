# Performance profiles, from bp-stats profile (text or --tsv): the share of a group's runs that end above a score, with its 95 % interval.
#
#     bp-stats profile --by prior bp.db | gnuplot -p share/plots/profile.gp
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), names (what to call
# groups: group=name;group=name), title, xlabel.
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size 900,450 background "white" dynamic } \
    else { set terminal pngcairo size 1150,560 fontscale 1.1 }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,32 } }

array colour[8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933"]
pick(i) = colour[(i - 1) % 8 + 1]

# Columns: group, n, score, share, share_low, share_high.
groups = system(sprintf("awk 'NR > 1 && !seen[$1]++ { print $1 }' '%s'", input))
if (words(groups) == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "profile.gp: there are no rows of bp-stats profile to draw"
}
rows(g) = sprintf("< awk -v g='%s' 'NR > 1 && $1 == g { print $3, $4, $5 + 0 == $5 ? $5 : $4, $6 + 0 == $6 ? $6 : $4 }' '%s'", g, input)
# What was measured, in words; tables of earlier versions do not tell.
metric = system(sprintf("awk 'NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next } { m = \"metric\" in col ? $(col[\"metric\"]) : \"episode_return\"; \
    n = split(m, part, \"/\"); text = n == 1 ? m : n == 2 ? \"episode_return\" : part[3]; gsub(\"_\", \" \", text); \
    print n == 1 ? text : text \" of the \" part[2] \" on \" part[1]; exit }' '%s'", input))
runs(g) = system(sprintf("awk -v g='%s' 'NR > 1 && $1 == g { print $2; exit }' '%s'", g, input))
name(g) = !exists("names") ? g : system(sprintf("awk -v g='%s' -v names='%s' 'BEGIN { n = split(names, pair, \";\"); for (i = 1; i <= n; i++) { e = index(pair[i], \"=\"); if (substr(pair[i], 1, e - 1) == g) { print substr(pair[i], e + 1); exit } } print g }'", g, names))

set key outside right center vertical Left reverse noenhanced samplen 3 spacing 1.3
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set yrange [-0.02:1.02]
set ytics 0.25
set autoscale xfix
set xlabel exists("xlabel") ? xlabel : "score: mean ".metric." at the end of a run" noenhanced
set ylabel "share of runs above the score"
if (exists("title")) { set title title noenhanced }

plot for [i=1:words(groups)] rows(word(groups, i)) using 1:3:4 with filledcurves lc rgb pick(i) fillstyle transparent solid 0.15 notitle, \
     for [i=1:words(groups)] rows(word(groups, i)) using 1:2 with linespoints lc rgb pick(i) lw 2 pt 2 * i + 3 ps 1 pointinterval 10 \
         title sprintf("%s (n = %s)", name(word(groups, i)), runs(word(groups, i)))

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
