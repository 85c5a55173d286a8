# Distributions in the plane, policies and priors (BP figures 19 and 20): a panel for each file of bp-stats trajectories --tsv, of episodes of
# toy2d or toy2d-new that policy and prior played:
#
#     bp-rollout -n 800 toy.ckpt > policy.traj; bp-rollout --play prior -n 400 toy.ckpt > prior.traj
#     bp-stats trajectories --tsv -n 800 policy.traj prior.traj > mixture.tsv
#     gnuplot -e "inputs='mixture.tsv'; output='toy2d.png'" share/plots/toy2d.gp
#
# Dotted ellipses are the distributions that pay, at one, two and three standard deviations, each task in its colour, that
# of toy2d-new in black. Dots of these colours, brown for toy2d-new, are what the policy draws, red dots what the prior draws.
#
# Variables: inputs (files, by spaces), titles (of the panels, by spaces; default: the files), output (.png or .svg; default: a window, or text
# without a display).
if (!exists("titles")) { titles = inputs }
panels = words(inputs)
if (exists("output")) {
    if (output[strlen(output) - 3:] eq ".svg") { set terminal svg size 400 * panels, 340 font "sans,12" background "white" } else { set terminal pngcairo size 400 * panels, 340 font "sans,11" }
    set output output
} else {
    if (system("echo \"$DISPLAY$WAYLAND_DISPLAY\"") eq "") { set terminal dumb size 120, 40 }
}
array colour[6] = ["#2ca02c", "#1f77b4", "#ff7f0e", "#9467bd", "#9467bd", "#8c564b"]
array at_x[6] = [-3, 0, 3, 0, -4, 2]
array at_y[6] = [0, 2, 3, 0, -1, -1]
array width[6] = [0.5, 0.2, 0.5, 0.2, 0.2, 0.1]
array slant[6] = [0.5, 0.8, 0.5, 0.8, 0.8, 0.8]
x(i, r, t) = at_x[i] + width[i] * r * cos(t)
y(i, r, t) = at_y[i] + width[i] * r * (slant[i] * cos(t) + sqrt(1 - slant[i] ** 2) * sin(t))

# Points of a policy's goal (the task's column event) or of the prior: columns are task, play, step, x, y and event of the TSV.
drawn(file, which) = sprintf("< awk -F'\\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR > 1 && $c[\"step\"] == 1 && (%s) { print $c[\"x\"], $c[\"y\"] }' '%s'", which, file)
policy(file, goal) = drawn(file, sprintf("$c[\"play\"] == \"policy\" && %s", goal < 5 ? sprintf("$c[\"task\"] == \"toy2d\" && $c[\"event\"] == %d", goal - 1) : "$c[\"task\"] == \"toy2d-new\""))
some(command) = int(system(command[3:]." | wc -l"))

set parametric
set trange [0:2 * pi]
set xrange [-5:5]
set yrange [-3:5]
set size ratio 0.8
set margins 5, 1, 2, 2
set samples 100
set tics out nomirror scale 0.5
unset key
set multiplot layout 1, panels
do for [p = 1:panels] {
    file = word(inputs, p)
    set title word(titles, p)
    new = some(policy(file, 5)) > 0
    first = new ? 5 : 1
    last = new ? 5 : 4
    plot for [g = first:last] policy(file, g) using 1:2 with points pt 7 ps 0.35 lc rgb colour[g == 5 ? 6 : g], \
         drawn(file, "$c[\"play\"] == \"prior\"") using 1:2 with points pt 7 ps 0.25 lc rgb "#d62728", \
         for [i = 1:(new ? 6 : 5)] for [r = 1:3] x(i, r, t), y(i, r, t) with lines dt 3 lw 2 lc rgb (i == 6 ? "black" : colour[i])
}
unset multiplot
