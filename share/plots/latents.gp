# What each number of a latent does (BP figure 11): the paths of many episodes from one start, seen from above, a panel for each number of
# the latent, in which its value is the paths' colour. From bp-stats trajectories --latents (text or --tsv):
#
#     bp-rollout --play prior --latent fixed --same-start -n 64 levels.ckpt > fixed.traj
#     bp-stats trajectories --latents fixed.traj | gnuplot -e "output='latents.png'" share/plots/latents.gp
#
# A number that decides something sorts the colours: blue is below the mean of the prior, red above. The black dot is the start. Boxes are
# dashed where they began; where they went is thin, with their outline at the end. Targets are grey, the arena's walls black.
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), steps (of each episode
# that are drawn, default 50; 0: all), panels (at most, default 8), across (panels in a row, default 4), range (of the colours, from -range
# to range; default 2).
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
if (!exists("steps")) { steps = 50 }
if (!exists("panels")) { panels = 8 }
if (!exists("range")) { range = 2 }

# Columns are found by their names: at("x"). An episode is a run of rows that share file, task, play and episode; `end` is called after it.
prelude = 'function at(name) { return $(col[name]) } \
function corner(x, y, a, u, v) { print x + u * cos(a) - v * sin(a), y + u * sin(a) + v * cos(a), value } \
function square(x, y, a, h) { corner(x, y, a, h, h); corner(x, y, a, -h, h); corner(x, y, a, -h, -h); corner(x, y, a, h, -h); corner(x, y, a, h, h); print "" } \
NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next } \
{ k = at("file") "|" at("task") "|" at("play") "|" at("episode"); fresh = k != last; if (fresh) { n++; last = k } } '
drawn = steps > 0 ? sprintf('at("step") > %d { next } ', steps) : ''
awk(program) = sprintf("awk '%s%s%s' '%s'", prelude, drawn, program, input)

path(i)    = "< ".awk(sprintf('fresh && n > 1 { print "" } { print at("x"), at("y"), at("latent_%d") }', i))
begun      = "< ".awk('n == 1 { print at("x"), at("y"); exit }')
target(t)  = "< ".awk(sprintf('n == 1 { square(at("target%d_x"), at("target%d_y"), 0, at("target_size") / 2); exit }', t, t))
pushed(i, b) = "< ".awk(sprintf('fresh && n > 1 { print "" } { print at("box%d_x"), at("box%d_y"), at("latent_%d") }', b, b, i))
first(b)   = "< ".awk(sprintf('n == 1 { square(at("box%d_x"), at("box%d_y"), at("box%d_heading"), 0.25); exit }', b, b, b))
final(i, b) = "< ".awk(sprintf('function outline() { square(bx, by, ba, 0.25) } fresh && n > 1 { outline() } { bx = at("box%d_x"); by = at("box%d_y"); ba = at("box%d_heading"); value = at("latent_%d") } END { outline() }', b, b, b, i))
things(what, suffix) = int(system(awk(sprintf('END { while ("%s" m + 0 "%s" in col) m++; print m + 0 }', what, suffix))))
scene(name) = real(system(awk(sprintf('n == 1 { print at("%s"); exit }', name))))
most(what) = real(system(awk(sprintf('{ v = %s; if (m == "" || v > m) m = v } END { print m }', what))))
least(what) = -most('-'.what)

count = things("latent_", "")
if (count == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "latents.gp: there are no rows of bp-stats trajectories --latents to draw"
}
episodes = int(system(awk('END { print n + 0 }')))
about = system(awk('n == 1 { print at("play") " on " at("task"); exit }'))
targets = things("target", "_x")
walls = sprintf("< awk 'BEGIN { h = %g / 2; print -h, -h; print h, -h; print h, h; print -h, h; print -h, -h }'", scene("edge"))
boxes = things("box", "_x")
edge = scene("edge")
corridor = scene("corridor")
x0 = (most('at("x")') + least('at("x")')) / 2
y0 = (most('at("y")') + least('at("y")')) / 2
wide_x = most('at("x")') - least('at("x")')
wide_y = most('at("y")') - least('at("y")')
span = 0.54 * (wide_x > wide_y ? wide_x : wide_y) + 0.1

count = count < panels ? count : panels
if (!exists("across")) { across = corridor > 0 ? 1 : 4 }
columns = count < across ? count : across
lines = (count + columns - 1) / columns
wide = corridor > 0 ? 800 : 400
high = corridor > 0 ? 280 : 400
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size wide*columns,high*lines+40 background "white" dynamic } \
    else { set terminal pngcairo size wide*columns,high*lines+40 }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,50 } }

# Blue to red over a grey that is still seen on white; the colour-blind tell the ends apart.
set palette defined (-1 "#2166ac", -0.3 "#92a8bd", 0 "#aaaaaa", 0.3 "#c59a8e", 1 "#b2182b")
set cbrange [-range:range]
unset colorbox
set size ratio -1
set clip two
unset xtics
unset ytics
set border lw 1 lc rgb "#999999"
unset key

set multiplot layout lines,columns title sprintf("%s: %d episodes, %s steps; from blue, a latent of %g, to red, %g", about, episodes, steps > 0 ? sprintf("%d", steps) : "of all", -range, range) font ",10"
do for [i=0:count-1] {
    set xrange [corridor > 0 ? -1.6 : x0 - span : x0 + span]
    set yrange [corridor > 0 ? -corridor / 2 : y0 - span : corridor > 0 ? corridor / 2 : y0 + span]
    unset object
    if (corridor > 0) { set object 1 rectangle from scene("gap_begin"), graph 0 to scene("gap_end"), graph 1 fc rgb "#bbbbbb" fillstyle solid noborder behind }
    set title sprintf("number %d of the latent", i) font ",10"
    layers = edge > 0 ? 'walls using 1:2 with lines lw 3 lc rgb "#000000", ' : ''
    if (targets) { layers = layers.'for [t=0:targets-1] target(t) using 1:2 with filledcurves closed fc rgb "#e4e4e4", ' }
    if (boxes) { layers = layers.'for [b=0:boxes-1] pushed(i, b) using 1:2:3 with lines lw 0.7 lc palette, for [b=0:boxes-1] final(i, b) using 1:2:3 with lines lw 1 lc palette, for [b=0:boxes-1] first(b) using 1:2 with lines dt 2 lw 1.5 lc rgb "#000000", ' }
    eval "plot ".layers.'path(i) using 1:2:3 with lines lw 1.6 lc palette, begun using 1:2 with points pt 7 ps 1.4 lc rgb "#000000"'
}
unset multiplot

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
