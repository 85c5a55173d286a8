# What happened in episodes, seen from above, a panel each (BP figures 3, 5, 6 and 11), from bp-stats trajectories (text or --tsv):
#
#     bp-stats trajectories -n 6 prior.traj | gnuplot -p share/plots/trajectories.gp
#     bp-stats trajectories -n 3 random.traj prior.traj | gnuplot -e "output='fig6.png'" share/plots/trajectories.gp
#
# The path goes from dark to light, from a black dot. Targets are red, green, blue and yellow as in the simulator; boxes are dashed where
# they began and full where they ended. The first events of an episode, such as visits, are numbered in their order.
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), panels (at most,
# default 6), across (panels in a row, default 3), events (that are numbered, default 12).
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
if (!exists("panels")) { panels = 6 }
if (!exists("events")) { events = 12 }

# Columns are found by their names: at("x"). Episode n is a run of rows that share file, task, play and episode.
prelude = 'function at(name) { return $(col[name]) } \
function place(thing, i, more) { print at(thing i "_x"), at(thing i "_y"), more } \
function corner(x, y, a, u, v) { print x + u * cos(a) - v * sin(a), y + u * sin(a) + v * cos(a) } \
function square(x, y, a, h) { corner(x, y, a, h, h); corner(x, y, a, -h, h); corner(x, y, a, -h, -h); corner(x, y, a, h, -h); corner(x, y, a, h, h); print "" } \
function box(i) { square(at("box" i "_x"), at("box" i "_y"), at("box" i "_heading"), at("edge") / 12) } \
NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next } \
{ k = at("file") "|" at("task") "|" at("play") "|" at("episode"); if (k != last) { n++; last = k } } '
awk(program) = sprintf("awk '%s%s' '%s'", prelude, program, input)
of(i, program) = awk(sprintf("n == %d { %s }", i, program))

path(i)       = "< ".of(i, 'print at("x"), at("y"), at("step")')
# The number of an event stands beside its place: away from the nearest target, and turned until it is clear of those before it.
beside = 'function beside(x, y, size,   t, d, best, a, j, k, clear) { best = -1; a = 0; \
for (t = 0; "target" t "_x" in col; t++) { d = (at("target" t "_x") - x) ^ 2 + (at("target" t "_y") - y) ^ 2; if (best < 0 || d < best) { best = d; a = atan2(y - at("target" t "_y"), x - at("target" t "_x")) } } \
for (k = 0; k < 36; k++) { u = x + 0.7 * size * (1 + int(k / 18)) * cos(a + (k % 2 ? 1 : -1) * k * 0.17); v = y + 0.7 * size * (1 + int(k / 18)) * sin(a + (k % 2 ? 1 : -1) * k * 0.17); \
clear = 1; for (j = 1; j < e; j++) if ((u - us[j]) ^ 2 + (v - vs[j]) ^ 2 < size ^ 2) clear = 0; if (clear) break } us[e] = u; vs[e] = v; print u, v, e, x, y } '
happened(i)   = "< ".sprintf("awk '%s%s%s' '%s'", beside, prelude, sprintf('n == %d && at("event") >= 0 && e++ < %d { beside(at("x"), at("y"), %g) }', i, events, 0.048 * 2 * span), input)
round(i, t)   = "< ".of(i, sprintf('place("target", %d, at("target_size") / 2); exit', t))
angular(i, t) = "< ".of(i, sprintf('square(at("target%d_x"), at("target%d_y"), 0, at("target_size") / 2); exit', t, t))
number(i)     = "< ".of(i, 'for (t = 0; "target" t "_x" in col; t++) place("target", t, t); exit')
first(i)      = "< ".of(i, 'for (b = 0; "box" b "_x" in col; b++) box(b); exit')
final(i)      = "< ".awk(sprintf('n == %d { row = $0 } END { $0 = row; for (b = 0; "box" b "_x" in col; b++) box(b) }', i))
label(i)      = system(awk(sprintf('n == %d { r += at("reward"); t = at("play") " on " at("task") ", episode " at("episode") } END { printf "%%s: %%.4g", t, r }', i)))
scene(i, name) = real(system(of(i, sprintf('print at("%s"); exit', name))))
shape(i)      = system(of(i, 'print at("target_shape"); exit'))
events_of(i)  = int(system(awk(sprintf('n == %d { m += at("event") >= 0 } END { print m + 0 }', i))))
things(what)  = int(system(awk(sprintf('END { while ("%s" m + 0 "_x" in col) m++; print m + 0 }', what))))
most(what)    = real(system(awk(sprintf('n <= %d { v = %s; if (v < 0) v = -v; if (v > m) m = v } END { print m + 0 }', panels, what))))

count = int(system(awk('END { print n + 0 }')))
if (count == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "trajectories.gp: there are no rows of bp-stats trajectories to draw"
}
count = count < panels ? count : panels
corridor = scene(1, "corridor")
if (!exists("across")) { across = corridor > 0 ? 1 : 3 }
columns = count < across ? count : across
lines = (count + columns - 1) / columns
targets = things("target")
boxes = things("box")
steps = most('at("step")')
far = most('at("x")') > most('at("y")') ? most('at("x")') : most('at("y")')

wide = corridor > 0 ? 800 : 400
high = corridor > 0 ? 280 : 400
if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size wide*columns,high*lines+40 background "white" dynamic } \
    else { set terminal pngcairo size wide*columns,high*lines+40 }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,50 } }

# Viridis: its lightness rises with time, also in grey and for the colour-blind.
set palette defined (0 "#440154", 1 "#3b528b", 2 "#21918c", 3 "#5ec962", 4 "#fde725")
set cbrange [0:steps > 0 ? steps : 1]
unset colorbox
set size ratio -1
unset xtics
unset ytics
set border lw 1.5
unset key
array colour[4] = ["#d93333", "#269940", "#3366e6", "#e6a61a"]

set multiplot layout lines,columns title "dark: the start; light: the end; numbers in circles: events, in their order" font ",10"
do for [i=1:count] {
    edge = scene(i, "edge")
    corridor = scene(i, "corridor")
    span = edge > 0 ? edge / 2 : 1.08 * far
    beyond = corridor > 0 ? most('at("gap_end")') + 1 : 0
    set xrange [corridor > 0 ? -1.6 : -span : span > beyond ? span : beyond]
    set yrange [corridor > 0 ? -corridor / 2 : -span : corridor > 0 ? corridor / 2 : span]
    unset object
    if (corridor > 0) { set object 1 rectangle from scene(i, "gap_begin"), graph 0 to scene(i, "gap_end"), graph 1 fc rgb "#bbbbbb" fillstyle solid noborder behind }
    set title label(i) noenhanced font ",10"
    layers = ''
    if (targets && shape(i) eq "disc") { layers = layers.'for [t=0:targets-1] round(i, t) using 1:2:3 with circles fc rgb colour[t % 4 + 1] fillstyle solid 0.3 border rgb colour[t % 4 + 1], ' }
    if (targets && shape(i) ne "disc") { layers = layers.'for [t=0:targets-1] angular(i, t) using 1:2 with filledcurves closed fc rgb colour[t % 4 + 1] fillstyle solid 0.3 border rgb colour[t % 4 + 1], ' }
    if (boxes) { layers = layers.'first(i) using 1:2 with lines dt 2 lw 1.5 lc rgb "#996633", final(i) using 1:2 with lines lw 2 lc rgb "#996633", ' }
    layers = layers.'path(i) using 1:2:3 with lines lw 2 lc palette, path(i) using 1:2 every ::0::0 with points pt 7 ps 1.4 lc rgb "#000000"'
    if (targets) { layers = layers.', number(i) using 1:2:(sprintf("%d", $3)) with labels tc rgb "#000000" font ",12"' }
    if (events > 0 && events_of(i)) {
        layers = layers.', happened(i) using 4:5 with points pt 7 ps 0.6 lc rgb "#000000", happened(i) using 1:2 with points pt 7 ps 2 lc rgb "#ffffff", happened(i) using 1:2 with points pt 6 ps 2 lc rgb "#000000"'
        layers = layers.', happened(i) using 1:2:(sprintf("%d", $3)) with labels tc rgb "#000000" font ",8"'
    }
    eval "plot ".layers
}
unset multiplot

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
