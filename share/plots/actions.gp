# How actions are distributed, a panel for each of their numbers (BP figure 13), from bp-stats actions (text or --tsv) on several streams:
#
#     for play in policy prior; do bp-rollout --one-state --play $play -n 10000 easy.ckpt > $play.traj; done
#     bp-stats actions policy.traj prior.traj | gnuplot -e "output='actions.png'" share/plots/actions.gp
#
# The first stream is filled; in the key is how far the others are from it (1-Wasserstein).
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), panels (at most,
# default 8), across (panels in a row, default 4), names (what to call files, without directory and suffix: file=name;file=name).
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
if (!exists("panels")) { panels = 8 }
if (!exists("across")) { across = 4 }
if (!exists("names")) { names = "" }

# Okabe and Ito's palette.
array colour[7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933"]
pick(i) = colour[(i - 1) % 7 + 1]

# Columns: file, task, play, action, bin, low, high, n, share, distance. A group is a file, task and play.
keys = system(sprintf("awk 'NR > 1 && !seen[$1 \"|\" $2 \"|\" $3]++ { print $1 \"|\" $2 \"|\" $3 }' '%s'", input))
rows(k, a) = sprintf("< awk -v k='%s' -v a=%d '$1 \"|\" $2 \"|\" $3 == k && $4 == a && $5 != \"all\" { d = $9 / ($7 - $6); print $6, d; print $7, d }' '%s'", k, a, input)
distance(k, a) = system(sprintf("awk -v k='%s' -v a=%d '$1 \"|\" $2 \"|\" $3 == k && $4 == a && $5 == \"all\" { printf \"%%.3f\", $10 }' '%s'", k, a, input))
name(k) = system(sprintf("echo '%s' | awk -F'|' -v names='%s' '{ n = split($1, part, \"/\"); f = part[n]; sub(/\\.[^.]*$/, \"\", f); n = split(names, pair, \";\"); for (i = 1; i <= n; i++) { e = index(pair[i], \"=\"); if (substr(pair[i], 1, e - 1) == f) { print substr(pair[i], e + 1); exit } } print (f == \"-\" || f == $3 ? \"\" : f \" \") $3 }'", k, names))
key_of(i, a) = i == 1 ? name(word(keys, 1)) : sprintf("%s, %s away", name(word(keys, i)), distance(word(keys, i), a))

groups = words(keys)
if (groups == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "actions.gp: there are no rows of bp-stats actions to draw"
}
count = int(system(sprintf("awk 'NR > 1 && $4 >= m { m = $4 + 1 } END { print m + 0 }' '%s'", input)))
count = count < panels ? count : panels
columns = count < across ? count : across
lines = (count + columns - 1) / columns
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size 420*columns,340*lines background "white" dynamic } \
    else { set terminal pngcairo size 420*columns,340*lines }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,32 } }

set border 3
set tics nomirror
set grid ytics lc rgb "#dddddd"
set yrange [0:*]
set offsets graph 0, 0, graph 0.2, 0       # room for the key
set key top left noenhanced Left reverse samplen 1.5
set style fill solid 0.3 noborder
set multiplot layout lines,columns
do for [a=0:count-1] {
    set xlabel sprintf("number %d of the action", a)
    set ylabel (a % columns == 0 ? "density" : "")
    plot for [i=1:groups] rows(word(keys, i), a) using 1:2 with filledcurves y1=0 lc rgb (i == 1 ? pick(1) : "#ffffffff") notitle, \
         for [i=1:groups] rows(word(keys, i), a) using 1:2 with lines lw 2 lc rgb pick(i) title key_of(i, a)
}
unset multiplot

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
