# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""The figures of tests/bench/run as tables and as a plot."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

COUNTS = (1, 2, 4, 8, 10, 16, 32)
TITLES = {
    "bare": "bare program", "merged": "merged by hand in C", "tail": "tail calls", "libxdp": "libxdp",
    "slots": "xslot, slots", "slots-b": "xslot, slots in bank B", "fused": "xslot, fused",
    "fused-alone": "fused, no dispatcher", "calls-alone": "calls, no dispatcher",
}
COLOURS = {"bare": "#000000", "merged": "#7f7f7f", "tail": "#d95f02", "libxdp": "#7570b3", "slots": "#66a61e",
           "fused": "#e7298a", "fused-alone": "#e7298a", "calls-alone": "#66a61e"}
WORKLOADS = {"next": "empty plugin", "count": "count: parse and count", "acl": "acl: 256 rules, the 8th decides",
             "ratelimit": "ratelimit"}


class Figures:
    def __init__(self, figures):
        self.raw = figures
        self.rows = {(r["unit"], r["workload"], r["shape"], r["plugins"]): r for r in figures["packets"]}

    def units(self):
        return [u for u in ("instructions", "nanoseconds") if any(key[0] == u for key in self.rows)]

    def shapes(self, unit):
        return [s for s in TITLES if any(key[0] == unit and key[2] == s for key in self.rows)]

    def get(self, unit, workload, shape, plugins, what="cost"):
        """None when it was not measured or could not be had."""
        return self.rows.get((unit, workload, shape, plugins), {}).get(what)

    def reload(self, slots, changed, interfaces, plugin="ratelimit"):
        wanted = (slots, changed, interfaces, plugin)
        return next((r for r in self.raw.get("reload", ()) if
                     (r["slots"], r["changed"], r["interfaces"], r.get("plugin", "ratelimit")) == wanted), {})

    def xdp_loader(self, programs, plugin):
        return next((r for r in self.raw.get("xdp-loader", ()) if
                     (r["programs"], r.get("plugin", "ratelimit")) == (programs, plugin)), {})


def table(figures, unit, workload, what, scale, title):
    lines = [f"{title}", "".join([f"{'plugins':24}"] + [f"{n:>9}" for n in COUNTS])]
    for shape in figures.shapes(unit):
        cells = [figures.get(unit, workload, shape, n, what) for n in COUNTS]
        if any(c is not None for c in cells):
            lines.append(f"{TITLES[shape]:24}" + "".join(f"{'-' if c is None else round(c / scale):>9}" for c in cells))
    return "\n".join(lines) + "\n\n"


def refusals(figures, unit):
    """What could not be had, and why: each reason once."""
    reasons = {}
    for (u, workload, shape, plugins), row in figures.rows.items():
        if u == unit and "why" in row:
            reasons.setdefault(row["why"], []).append(f"{workload} {shape} {plugins}")
    return "".join(f"- {', '.join(which)}: {why}\n" for why, which in reasons.items())


def further(figures, workload, shape, low=1, high=16):
    """Instructions of each further plugin beyond what its own code costs bare."""
    ends = [figures.get("instructions", workload, shape, n) for n in (low, high)]
    own = [figures.get("instructions", w, "bare", 1) for w in (workload, "next")]
    if None in ends + own:
        return None
    return (ends[1] - ends[0]) / (high - low) - (own[0] - own[1])


def beyond(figures, unit, workload, shape, plugins):
    """A cost less that of a test run of a program that does nothing."""
    cost, nothing = figures.get(unit, workload, shape, plugins), figures.get(unit, "next", "bare", 1)
    return None if None in (cost, nothing) else cost - nothing


def ratio(a, b):
    return f"{100 * a / b:.0f} %" if a is not None and b else "not measured"


def number(value):
    return "not measured" if value is None else f"{value:.1f}"


def summary(figures):
    """The figures by which a change is judged."""
    for workload in ("next", "count"):
        bare, name = figures.get("instructions", workload, "bare", 1), WORKLOADS[workload]
        for shape, low, high in (("libxdp", 2, 10), ("slots", 1, 16), ("fused", 1, 16)):
            yield (f"{name}; {TITLES[shape]}: instructions of each further plugin beyond its own code",
                   number(further(figures, workload, shape, low, high)))
        for shape in ("slots", "fused"):
            one = figures.get("instructions", workload, shape, 1)
            yield (f"{name}; {TITLES[shape]}: instructions of a chain of one beyond the bare program",
                   number(None if None in (one, bare) else one - bare))
    for unit, fused in (("instructions", "fused"), ("nanoseconds", "fused-alone")):
        for workload, n in (("count", 16), ("acl", 10), ("ratelimit", 10)):
            yield (f"{WORKLOADS[workload]}, {n} plugins: {TITLES[fused]}, of merged by hand, {unit}",
                   ratio(figures.get(unit, workload, fused, n), figures.get(unit, workload, "merged", n)))
    for workload in ("next", "count"):
        yield (f"{WORKLOADS[workload]}, 16 plugins: fused, of calls, nanoseconds beyond an empty test run",
               ratio(*(beyond(figures, "nanoseconds", workload, s, 16) for s in ("fused-alone", "calls-alone"))))
    for plugin in ("ratelimit", "count"):
        ours, theirs = figures.reload(10, 1, 1, plugin), figures.xdp_loader(10, plugin)
        yield (f"{plugin}: xslotctl reload of 1 slot of 10, of xdp-loader adding the 10th program",
               ratio(ours.get("command_ms"), theirs.get("command_ms")))
        yield (f"{plugin}: the same without the kernel's check of the plugin's own program, which both wait for",
               ratio(less(ours), less(theirs)))
    yield ("reload of 1 slot of 32 on 64 interfaces, of the same on 1 interface",
           ratio(figures.reload(32, 1, 64).get("host_ms"), figures.reload(32, 1, 1).get("host_ms")))


def less(row):
    """Of a command all but the longest BPF_PROG_LOAD."""
    return row["command_ms"] - row["load_ms"] if row.get("load_ms") is not None else None


def cell(row, key, width, absent="-"):
    value = row.get(key)
    return f"{absent if value is None else value:>{width}}"


def reload_tables(raw):
    text = ("Reload, milliseconds: the xslotctl command; of it the host's own figure, until it is live; of that the kernel's check\n"
            "of the plugin's program (BPF_PROG_LOAD). Memory of host and kernel, KiB\n")
    widths = {"slots": 6, "changed": 9, "interfaces": 12, "plugin": 11, "command_ms": 9, "host_ms": 7, "load_ms": 7,
              "resident_kib": 10, "kernel_kib": 9}
    text += "".join(f"{key.partition('_')[0]:>{width}}" for key, width in widths.items()) + "\n"
    for r in raw["reload"]:
        text += "".join(cell(r, key, width, "ratelimit" if key == "plugin" else "-") for key, width in widths.items()) + "\n"
    text += "\nxdp-loader load of one program more, milliseconds\n"
    widths = {"programs": 10, "plugin": 11, "command_ms": 9, "load_ms": 7}
    text += "".join(f"{key.partition('_')[0]:>{width}}" for key, width in widths.items()) + "\n"
    for r in raw["xdp-loader"]:
        text += "".join(cell(r, key, width, "ratelimit" if key == "plugin" else "-") for key, width in widths.items()) + "\n"
    text += "\n"
    text += "".join(f"Starting {r['name']} for nothing takes {r['ms']} of these.\n" for r in raw["command"]) + "\n"
    text += "Start of xslotd to all of it live, milliseconds\n"
    return text + "".join(f"{r['slots']:>6} slots on {r['interfaces']} interfaces: {r['ms']}\n" for r in raw["start"]) + "\n"


def tables(raw):
    figures, machine = Figures(raw), raw["machine"]
    text = (f"{raw['when']}, {machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}; guest: {machine['guest']}\n"
            "Statistics are always on in xslot: every figure of slots and fused counts the packet.\n\n")
    for unit in figures.units():
        notes = raw["notes"].get(unit, [])
        text += f"=== {unit} a packet, a test run's own included ({'; '.join(notes)})\n"
        if "libxdp" not in figures.shapes(unit):
            text += "What needs extensions is shown by stand-ins, XDP programs without a dispatcher, which count their packets.\n"
        text += "\n"
        for workload in WORKLOADS:
            text += table(figures, unit, workload, "cost", 1, f"{WORKLOADS[workload]}: {unit}")
        # A clock that counts instructions leaps over waiting.
        if unit == "nanoseconds":
            text += table(figures, unit, "count", "load_ns", 1e6, "count: load and verify, milliseconds")
        text += table(figures, unit, "count", "bytes", 1024, "count: programs and maps, KiB")
        text += refusals(figures, unit) + "\n"
    if raw.get("reload"):
        text += f"=== reload, in: {machine['reload_in']}\n\n" + reload_tables(raw)
        text += table(figures, "guest", "count", "load_ns", 1e6, "count: load and verify there, milliseconds")
    return text + "=== in short\n\n" + "".join(f"{value:>14}  {what}\n" for what, value in summary(figures))


def curve(figures, unit, workload, shape, folder):
    """A data file of one line in the plot, or None."""
    points = [(n, figures.get(unit, workload, shape, n)) for n in COUNTS]
    points = [(n, cost) for n, cost in points if cost is not None]
    if shape == "bare" and points:
        points = [(n, points[0][1]) for n in (1, 32)]
    if not points:
        return None
    path = Path(folder) / f"{unit}-{workload}-{shape}"
    path.write_text("".join(f"{n} {cost}\n" for n, cost in points), "utf-8")
    style = "lines dt 2" if shape == "bare" else "linespoints pt 7 ps 0.6"
    return f"'{path}' using 1:2 with {style} lw 2 lc rgb '{COLOURS[shape]}' title '{TITLES[shape]}'"


def check_plot(out):
    if not shutil.which("gnuplot"):
        sys.exit(f"cannot draw {out}: gnuplot is missing (Debian: gnuplot-nox)")


def plot(raw, out):
    """A row of panels for each unit, a panel for each workload. After check_plot()."""
    figures, machine = Figures(raw), raw["machine"]
    units = figures.units()
    script = [f"set terminal pngcairo size {400 * len(WORKLOADS)},{60 + 400 * len(units)} font 'sans,10'", f"set output '{out}'",
              f"set multiplot layout {len(units)},{len(WORKLOADS)} title \"What a packet costs in a chain of plugins\\n"
              f"{machine['cpu']}, Linux {machine['kernel']}; instructions: {machine['guest']}\"",
              "set xtics (1, 4, 8, 10, 16, 32)", "set xlabel 'plugins'", "set key top left", "set grid",
              "set yrange [0:*]", "set xrange [0:33]"]
    with tempfile.TemporaryDirectory() as folder:
        for unit in units:
            for workload in WORKLOADS:
                curves = [curve(figures, unit, workload, shape, folder) for shape in figures.shapes(unit) if shape in COLOURS]
                script += [f"set ylabel '{unit} a packet'", f"set title '{WORKLOADS[workload]}'",
                           "plot " + ", ".join(filter(None, curves))]
        subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
