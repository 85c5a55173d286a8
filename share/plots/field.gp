# What a step from each cell to the next costs in KL (EH figure 12), from bp-stats field (text or --tsv):
#
#     bp-rollout -n 20000 any.ckpt | bp-stats field --goal 5,2 | gnuplot -e "output='field.png'" share/plots/field.gp
#
# An arrow for each step, the longer and the lighter the higher its reward, minus the KL, is; in each cell the best one has a head. The goal is
# a square.
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), range (nats between the
# shortest arrow and the longest; default: that of the steps, but for the tenth that costs most).
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }

# Columns are found by their names: at("x").
prelude = 'function at(name) { return $(col[name]) } NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next } '
awk(program) = sprintf("awk '%s%s' '%s'", prelude, program, input)
number(program) = real(system(awk(program)))

steps = int(number('END { print NR - 1 }'))
if (steps < 1) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "field.gp: there are no rows of bp-stats field to draw"
}
edge = 1 + number('{ if (at("x") > m) m = at("x"); if (at("y") > m) m = at("y") } END { print m + 0 }')
best = number('{ v = at("kl_reward"); if (m == "" || v > m) m = v } END { print m }')
sorted = awk('{ print at("kl_reward") }')." | sort -g | awk '{ v[NR] = $1 } END { print v[1 + int(NR / 10)] }'"
least = exists("range") ? best - range : real(system(sorted))
if (least >= best) { least = best - 1 }
goal = number('{ print at("goal_x") == "any" ? -1 : at("goal_x"); exit }')
goal_y = number('{ print at("goal_y") == "any" ? -1 : at("goal_y"); exit }')
about = system(awk('{ print at("play") " on " at("task"); exit }'))

# x y dx dy reward, of all but the best step of a cell, or of the best alone.
pick(which) = "< ".awk(sprintf('\
function way(d, axis) { return axis ? (d == "up") - (d == "down") : (d == "right") - (d == "left") } \
{ k = at("x") " " at("y"); x[NR] = at("x"); y[NR] = at("y"); d[NR] = at("direction"); v[NR] = at("kl_reward"); if (!(k in top) || v[NR] > v[top[k]]) top[k] = NR } \
END { for (i = 2; i <= NR; i++) if ((top[x[i] " " y[i]] == i) == %d) { s = (v[i] - %g) / (%g - %g); s = 0.06 + 0.36 * (s < 0 ? 0 : s); \
print x[i] + 0.06 * way(d[i], 0), y[i] + 0.06 * way(d[i], 1), s * way(d[i], 0), s * way(d[i], 1), v[i] } }', which, least, best, least))

if (exists("output")) {
    if (output[strlen(output) - 3:] eq ".svg") { set terminal svg size 640,600 font "sans,11" background "white"
    } else { set terminal pngcairo size 960,900 font "sans,14" background "white" }
    set output output
} else { if (system("echo ${DISPLAY}${WAYLAND_DISPLAY}") eq "") { set terminal dumb 100 45 } }
set title "KL reward of a step, nats: ".about noenhanced
set size ratio -1
set xrange [-0.6:edge - 0.4]
set yrange [-0.6:edge - 0.4]
set xtics 1 nomirror scale 0
set ytics 1 nomirror scale 0
set cbrange [least:best]
set palette defined (0 "#1a1a60", 0.4 "#7b2d8b", 0.7 "#e8683f", 1 "#f4c430")
set key off
do for [i = 0:edge] {
    set arrow from i - 0.5, -0.5 to i - 0.5, edge - 0.5 nohead lc rgb "#dddddd" back
    set arrow from -0.5, i - 0.5 to edge - 0.5, i - 0.5 nohead lc rgb "#dddddd" back
}
if (goal >= 0) { set object 1 rectangle center goal, goal_y size 0.8, 0.8 fc rgb "#66bb66" fs solid 0.5 noborder back }
plot pick(0) using 1:2:3:4:5 with vectors nohead lw 3 lc palette, \
     pick(1) using 1:2:3:4:5 with vectors filled size 0.13,28 fixed lw 4 lc palette
if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
