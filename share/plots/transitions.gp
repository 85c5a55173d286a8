# How probable a visit to a target was after the last two, beside the true table (BP figures 8 and 17), from bp-stats transitions
# (text or --tsv) on one or several streams:
#
#     bp-stats transitions policy.traj lstm.traj mlp.traj | gnuplot -p share/plots/transitions.gp
#     bp-stats transitions lstm.traj | gnuplot -e "output='fig8.png'; target=0" share/plots/transitions.gp
#
# An error bar is the 95 % interval of a share of so many visits (Wilson's; it takes visits as independent, which those of one episode
# are not quite).
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), target (0 to 3;
# default: all four), names (what to call files, without directory and suffix: file=name;file=name).
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
first = exists("target") ? target : 0
last = exists("target") ? target : 3
wide = exists("target") ? 1 : 2
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size 520*wide,340*wide background "white" dynamic } \
    else { set terminal pngcairo size 650*wide,425*wide fontscale 1.1 }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,32 } }

# Okabe and Ito's palette, and a pattern for each.
array colour[7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933"]
pick(i) = colour[(i - 1) % 7 + 1]

# Columns: file, task, play, older, last, visits, visited_0..3, true_0..3, kl, standard_error. A group is a file, task and play.
keys = system(sprintf("awk 'NR > 1 && !seen[$1 \"|\" $2 \"|\" $3]++ { print $1 \"|\" $2 \"|\" $3 }' '%s'", input))
rows(k, t) = sprintf("< awk -v k='%s' -v t=%d '$1 \"|\" $2 \"|\" $3 == k && $4 != \"all\" && $5 != t { p = $(7+t); n = $6 > 0 ? $6 : 1; z = 1.96; m = (p + z * z / (2 * n)) / (1 + z * z / n); h = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n); print $4 \"-\" $5, p, $(11+t), (m - h < p ? m - h : p), (m + h > p ? m + h : p) }' '%s'", k, t, input)
kl(k) = system(sprintf("awk -v k='%s' '$1 \"|\" $2 \"|\" $3 == k && $4 == \"all\" { printf \"%%.2f\", $15 }' '%s'", k, input))
if (!exists("names")) { names = "" }
name(k) = system(sprintf("echo '%s' | awk -F'|' -v names='%s' '{ n = split($1, part, \"/\"); f = part[n]; sub(/\\.[^.]*$/, \"\", f); n = split(names, pair, \";\"); for (i = 1; i <= n; i++) { e = index(pair[i], \"=\"); if (substr(pair[i], 1, e - 1) == f) { print substr(pair[i], e + 1) \" on \" $2; exit } } print (f == \"-\" || f == $3 ? \"\" : f \" \") $3 \" on \" $2 }'", k, names))

count = words(keys)
if (count == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "transitions.gp: there are no rows of bp-stats transitions to draw"
}
set style data histograms
set style histogram errorbars gap 1
set errorbars front lw 1.2 lc rgb "#000000"
set boxwidth 0.9
set border 3
set tics nomirror
set grid ytics lc rgb "#dddddd"
set yrange [0:1]
set key at screen 0.5,0.99 center top vertical noenhanced Left reverse samplen 2
set xlabel "last two targets (older-last)"

set multiplot layout wide,wide margins 0.14 / wide,0.98,0.17 / wide,0.97 - 0.055 * (count + 1) / wide spacing 0.1,0.13
do for [t=first:last] {
    set ylabel sprintf("P(next is target %d)", t)
    if (t > first) { unset key }
    plot rows(word(keys, 1), t) using 3:3:3:xtic(1) lc rgb "#000000" fillstyle pattern 0 border lc rgb "#000000" title "true table", \
         for [i=1:count] rows(word(keys, i), t) using 2:4:5 lc rgb pick(i) fillstyle pattern i + 2 border lc rgb pick(i) \
             title sprintf("%s (KL %s)", name(word(keys, i)), kl(word(keys, i)))
}
unset multiplot

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
