# Learning curves with bands of one standard error, from bp-stats curves (text or --tsv):
#
#     bp-stats curves --by prior bp.db | gnuplot -p share/plots/curves.gp
#     gnuplot -e "input='curves.tsv'; output='curves.png'" share/plots/curves.gp
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), title, xlabel,
# ylabel, xmax, ymin, ymax.
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size 800,500 background "white" dynamic } \
    else { set terminal pngcairo size 1000,625 fontscale 1.1 }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,32 } }

# Okabe and Ito's palette, and points of different shape, so that colour is never all that tells groups apart.
array colour[8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933"]
pick(i) = colour[(i - 1) % 8 + 1]

# Columns: group, transitions, n, mean, standard_error. A group's rows alone, with 0 for the error of a single run.
groups = system(sprintf("awk 'NR > 1 && !seen[$1]++ { print $1 }' '%s'", input))
if (words(groups) == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "curves.gp: there are no rows of bp-stats curves to draw"
}
rows(g) = sprintf("< awk -v g='%s' '$1 == g && $4 + 0 == $4 { print $2, $4, $5 + 0 == $5 ? $5 : 0 }' '%s'", g, input)
runs(g) = system(sprintf("awk -v g='%s' '$1 == g && $3 > n { n = $3 } END { print n + 0 }' '%s'", g, input))

set key outside center top horizontal Left reverse noenhanced
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set format x "%.0s%c"
set xlabel exists("xlabel") ? xlabel : "transitions processed by the learner"
set ylabel exists("ylabel") ? ylabel : "episode return (mean and standard error)"
if (exists("title")) { set title title noenhanced }
if (exists("xmax")) { set xrange [0:xmax] }
if (exists("ymin")) { set yrange [ymin:*] }
if (exists("ymax")) { set yrange [*:ymax] }

plot for [i=1:words(groups)] rows(word(groups, i)) using 1:($2-$3):($2+$3) with filledcurves \
         lc rgb pick(i) fillstyle transparent solid 0.2 notitle, \
     for [i=1:words(groups)] rows(word(groups, i)) using 1:2 with linespoints \
         lc rgb pick(i) lw 2 pt 2 * i + 3 ps 1 pointinterval 8 \
         title sprintf("%s (n = %s)", word(groups, i), runs(word(groups, i)))

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
