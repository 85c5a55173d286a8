# Groups of runs side by side, with their 95 % intervals, from bp-stats compare (text or --tsv): final values, how probably a run ends
# better than one of the baseline, and, where a level was asked for, how soon it is reached and the ratio to the baseline.
#
#     bp-stats compare --by prior --baseline none --fraction 0.8 bp.db | gnuplot -p share/plots/compare.gp
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), names (what to call
# groups: group=name;group=name), title.
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }

# Columns are found by their names; what a level is measured in is the name before the last six.
awk(program) = sprintf("awk 'function real(c) { return $(c) + 0 == $(c) && $(c) !~ /inf|nan|^-$/ } NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; x = $(NF - 5); next } %s' '%s'", program, input)
groups = system(awk('{ print $1 }'))
count = words(groups)
if (count == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "compare.gp: there are no rows of bp-stats compare to draw"
}
x = system(awk('END { print x }'))
# Value, ends of the interval, and height; the first group is on top. An interval without an upper end goes on to the margin.
rows(column) = "< ".awk(sprintf('{ c = col["%s"]; if (real(c)) print $(c), real(c + 1) ? $(c + 1) : $(c), real(c + 2) ? $(c + 2) : $(c + 2) ~ /^inf/ ? %g : $(c), %d - NR + 2, NR - 1 }', column, high, count))
# The least and the greatest of the numbers, and a round step for a few tics.
least(column) = real(system(awk(sprintf('{ c = col["%s"]; for (i = c; i < c + 3; i++) if (real(i) && (!n++ || $(i) < m)) m = $(i) } END { printf "%%.10g", m }', column))))
greatest(column) = real(system(awk(sprintf('{ c = col["%s"]; for (i = c; i < c + 3; i++) if (real(i) && (!n++ || $(i) > m)) m = $(i) } END { printf "%%.10g", m }', column))))
ten(v) = 10.0 ** floor(log10(v))
nice(v) = v / ten(v) > 5 ? 10 * ten(v) : v / ten(v) > 2 ? 5 * ten(v) : v / ten(v) > 1 ? 2 * ten(v) : ten(v)
has(column) = int(system(awk(sprintf('real(col["%s"]) { n++ } END { print n + 0 }', column))))
name(g) = !exists("names") ? g : system(sprintf("awk -v g='%s' -v names='%s' 'BEGIN { n = split(names, pair, \";\"); for (i = 1; i <= n; i++) { e = index(pair[i], \"=\"); if (substr(pair[i], 1, e - 1) == g) { print substr(pair[i], e + 1); exit } } print g }'", g, names))
runs(i) = system(awk(sprintf('NR == %d { print $(col["n"]) }', i + 1)))

panels = "final"
if (has("improvement")) { panels = panels." improvement" }
if (has(x)) { panels = panels." ".x }
if (has("ratio")) { panels = panels." ratio" }
label(p) = p eq "final" ? "final value" : p eq "improvement" ? "P(better than the baseline)" : p eq "ratio" ? x." / the baseline's" : x." to the level"

wide = words(panels)
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size 120+300*wide,110+45*count background "white" dynamic } \
    else { set terminal pngcairo size 160+380*wide,140+55*count fontscale 1.1 }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 140,16+2*count } }

array colour[8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933"]
pick(i) = colour[(int(i) - 1) % 8 + 1]
rgb(i) = int("0x".substr(pick(i), 2, 7))

unset key
set border 1
set tics nomirror
set grid xtics lc rgb "#dddddd"
set yrange [0.5:count+0.5]
set multiplot layout 1,wide margins 0.26 / sqrt(wide),0.98,0.32 - 0.02 * count > 0.16 ? 0.32 - 0.02 * count : 0.16,exists("title") ? 0.86 : 0.95 spacing 0.03,0
if (exists("title")) { set label 1 title at screen 0.5,0.94 center noenhanced }
high = 0
do for [p=1:wide] {
    column = word(panels, p)
    unset arrow
    set ytics ("" 0) scale 0
    low = least(column)
    high = greatest(column)
    width = high > low ? high - low : abs(high) > 0 ? abs(high) : 1
    if ((column eq x || column eq "ratio") && low > 0) { low = 0; width = high }
    low = low - 0.06 * width
    high = high + 0.06 * width
    set xrange [low:high]
    set xtics nice(0.2 * width)
    set format x (column eq x ? "%.0s%c" : "%g")
    if (p == 1) { set ytics (); do for [i=1:count] { set ytics add (sprintf("%s (n = %s)", name(word(groups, i)), runs(i)) count - i + 1) noenhanced scale 0 } }
    if (column eq "improvement") { set xrange [-0.03:1.03]; set xtics 0.5; set arrow from 0.5, graph 0 to 0.5, graph 1 nohead dt 2 lc rgb "#666666" back }
    if (column eq "ratio" && low < 1 && high > 1) { set arrow from 1, graph 0 to 1, graph 1 nohead dt 2 lc rgb "#666666" back }
    set xlabel label(column) noenhanced
    plot rows(column) using 1:4:2:3:(rgb($5)) with xerrorbars pt 7 ps 1.4 lw 3 lc rgb variable
    unset label 1
}
unset multiplot

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
