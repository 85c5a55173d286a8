# Where the body went, a panel an episode (BP figures 3, 5, 6 and 11), from bp-stats trajectories (text or --tsv):
#
#     bp-stats trajectories -n 6 prior.traj | gnuplot -p share/plots/trajectories.gp
#     bp-stats trajectories -n 6 prior.traj | gnuplot -e "output='fig6.png'" share/plots/trajectories.gp
#
# Variables: input (default: standard input), output (.png or .svg; default: a window, or text without a display), panels (at most,
# default 6), radius (of a target, default 0.06), edge (of the arena, default 1).
if (!exists("input")) { input = system("f=$(mktemp) && cat >\"$f\" && echo \"$f\""); temporary = 1 }
if (!exists("panels")) { panels = 6 }
if (!exists("radius")) { radius = 0.06 }
if (!exists("edge")) { edge = 1.0 }

# Columns: file, task, play, episode, step, x, y, event, reward, target0_x, target0_y, ... An episode is a run of rows that share
# the first four.
episodes = "NR > 1 { k = $1 \"|\" $2 \"|\" $3 \"|\" $4; if (k != last) { n++; last = k } } "
rows(i) = sprintf("< awk '%s NR > 1 && n == %d { print $6, $7, $5 }' '%s'", episodes, i, input)
visits(i) = sprintf("< awk '%s NR > 1 && n == %d && $8 >= 0 { print $6, $7 }' '%s'", episodes, i, input)
targets(i) = sprintf("< awk '%s NR > 1 && n == %d { for (c = 10; c < NF; c += 2) print $c, $(c+1), (c-10)/2; exit }' '%s'", episodes, i, input)
label(i) = system(sprintf("awk '%s NR > 1 && n == %d { r += $9; t = $3 \" on \" $2 \", episode \" $4 } END { print t \": \" r }' '%s'", episodes, i, input))
count = int(system(sprintf("awk '%s END { print n + 0 }' '%s'", episodes, input)))
steps = int(system(sprintf("awk '%s NR > 1 && n <= %d && $5 > most { most = $5 } END { print most + 0 }' '%s'", episodes, panels, input)))
if (count == 0) {
    if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
    exit error "trajectories.gp: there are no rows of bp-stats trajectories to draw"
}
count = count < panels ? count : panels
columns = count < 3 ? count : 3
lines = (count + columns - 1) / columns

if (exists("output")) {
    if (strlen(output) > 3 && output[strlen(output)-3:] eq ".svg") { set terminal svg size 320*columns,340*lines background "white" dynamic } \
    else { set terminal pngcairo size 400*columns,425*lines }
    set output output
} else { if (GPVAL_TERM eq "unknown" || GPVAL_TERM eq "") { set terminal dumb size 100,50 } }

# Viridis: its lightness rises with time, also in grey and for the colour-blind.
set palette defined (0 "#440154", 1 "#3b528b", 2 "#21918c", 3 "#5ec962", 4 "#fde725")
set cbrange [0:steps > 0 ? steps : 1]
unset colorbox
set size ratio -1
set xrange [-edge/2:edge/2]
set yrange [-edge/2:edge/2]
unset xtics
unset ytics
set border lw 1.5
unset key

set multiplot layout lines,columns title "dark: the start; light: the end; rings: visits" font ",10"
do for [i=1:count] {
    set title label(i) noenhanced font ",10"
    plot targets(i) using 1:2:(radius*edge) with circles fc rgb "#E69F00" fillstyle solid 0.3 border rgb "#D55E00", \
         rows(i) using 1:2:3 with lines lw 2 lc palette, \
         rows(i) using 1:2 every ::0::0 with points pt 7 ps 1.2 lc rgb "#000000", \
         visits(i) using 1:2 with points pt 6 ps 1.1 lw 1.5 lc rgb "#000000", \
         targets(i) using 1:2:(sprintf("%d", $3)) with labels tc rgb "#000000" font ",11"
}
unset multiplot

if (exists("temporary")) { system(sprintf("rm -f '%s'", input)) }
