# Learning curves, from bp-stats curves (text or --tsv): the interquartile mean over runs with its 95 % interval, or mean and standard
# error.
#
#     bp-stats curves --by prior bp.db | gnuplot -p share/plots/curves.gp
#     bp-stats curves --metric nav-hard/policy --x env_steps bp.db | gnuplot -e "output='curves.png'" share/plots/curves.gp
#     gnuplot -e "input='curves.tsv'; output='curves.svg'; names='mlp=MLP prior;none=no prior'" share/plots/curves.gp
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), statistic (iqm or mean;
# default iqm where the table has it), names (what to call groups: group=name;group=name), levels (values to draw a line at, with blanks
# between), title, xlabel, ylabel, xmax, ymin, ymax.
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size 900,500 background "white" dynamic } \
    else { set terminal pngcairo size 1150,625 fontscale 1.1 }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,32 } }

# Okabe and Ito's palette, and points of different shape, so that colour is never all that tells groups apart.
array colour[8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933"]
pick(i) = colour[(i - 1) % 8 + 1]

# Columns are found by their names but for the second, which is what x is.
awk(program) = sprintf("awk 'NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; x = $2; next } %s' '%s'", program, input)
groups = system(awk('!seen[$1]++ { print $1 }'))
if (words(groups) == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "curves.gp: there are no rows of bp-stats curves to draw"
}
if (!exists("statistic")) { statistic = system(awk('END { print "iqm" in col ? "iqm" : "mean" }')) }
of(g, program) = awk(sprintf("$1 == \"%s\" { %s }", g, program))
# x, value, lower and upper end of the band; without an interval (a single run) the band has no width.
rows(g) = "< ".of(g, statistic eq "iqm" \
    ? 'v = $(col["iqm"]); l = $(col["iqm_low"]); h = $(col["iqm_high"]); if (v + 0 == v) print $2, v, l + 0 == l ? l : v, h + 0 == h ? h : v' \
    : 'v = $(col["mean"]); e = $(col["standard_error"]); e = e + 0 == e ? e : 0; if (v + 0 == v) print $2, v, v - e, v + e')
runs(g) = system(awk(sprintf('$1 == "%s" && $(col["n"]) > n { n = $(col["n"]) } END { print n + 0 }', g)))
points(g) = int(system(awk(sprintf('$1 == "%s" { n++ } END { print n + 0 }', g))))
name(g) = !exists("names") ? g : system(sprintf("awk -v g='%s' -v names='%s' 'BEGIN { n = split(names, pair, \";\"); for (i = 1; i <= n; i++) { e = index(pair[i], \"=\"); if (substr(pair[i], 1, e - 1) == g) { print substr(pair[i], e + 1); exit } } print g }'", g, names))
x = system(awk('END { print x }'))
# What the runs were measured by, in words; tables of earlier versions do not tell.
metric = system(awk('{ m = "metric" in col ? $(col["metric"]) : "episode_return"; n = split(m, part, "/"); \
    text = n == 1 ? m : n == 2 ? "episode_return" : part[3]; gsub("_", " ", text); print n == 1 ? text : text " of the " part[2] " on " part[1]; exit }'))

set key outside right center vertical Left reverse noenhanced samplen 3 spacing 1.3
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
last = exists("xmax") ? xmax : real(system(awk('{ if ($2 > m) m = $2 } END { print m + 0 }')))
leading = last / 10 ** (3 * floor(log10(last > 1 ? last : 1) / 3))
set format x (leading < 5 ? "%.1s%c" : "%.0s%c")        # ticks of 1M, 1M and 2M tell nothing
set xlabel (exists("xlabel") ? xlabel : x eq "transitions" ? "transitions processed by the learner" : x eq "env_steps" ? "steps of the environments" : x) noenhanced
set ylabel exists("ylabel") ? ylabel : metric.(statistic eq "iqm" ? " (interquartile mean, 95 % interval)" : " (mean and standard error)") noenhanced
if (exists("title")) { set title title noenhanced }
set xrange [0:*]
if (exists("xmax")) { set xrange [0:xmax] }
if (exists("ymin")) { set yrange [ymin:*] }
if (exists("ymax")) { set yrange [*:ymax] }
if (exists("ymin") && exists("ymax")) { set yrange [ymin:ymax] }
if (exists("levels")) {
    do for [i=1:words(levels)] { set arrow from graph 0, first real(word(levels, i)) to graph 1, first real(word(levels, i)) nohead dt 2 lc rgb "#666666" back }
}

plot for [i=1:words(groups)] rows(word(groups, i)) using 1:3:4 with filledcurves lc rgb pick(i) fillstyle transparent solid 0.2 notitle, \
     for [i=1:words(groups)] rows(word(groups, i)) using 1:2 with linespoints lc rgb pick(i) lw 2 pt 2 * i + 3 ps 1 \
         pointinterval (points(word(groups, i)) > 60 ? 8 : 1) title sprintf("%s (n = %s)", name(word(groups, i)), runs(word(groups, i)))

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
