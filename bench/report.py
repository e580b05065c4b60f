#!/usr/bin/env python3
"""Tables and plots from Google Benchmark's JSON.

    bench/report.py <title>=<draw.json>... [<title>=<batch.json>...] --plots <folder>

prints Markdown tables for each file (medians, ratios to the float softmax pass of the same run, and how many times
faster than llama.cpp; of a batch program what threads give) and writes an SVG plot of each draw program's.
"""
import argparse
import json
import math
import re
import sys

PIPELINES = [
    ("greedy_raw", "greedy + raw logprob"),
    ("greedy_processed", "greedy + logprob"),
    ("greedy", "greedy, no logprob"),
    ("categorical", "temperature + draw"),
    ("top_k", "top_k 40 + temperature + draw"),
    ("top_k_raw", "the same + raw logprob"),
    ("top_p", "top_p 0.9 + draw"),
    ("min_p", "min_p 0.05 + draw"),
    ("gumbel", "temperature + gumbel"),
    ("mirostat_v2", "mirostat_v2 at mu 10"),
    ("typical", "typical 0.95 + draw"),
    ("top_n_sigma", "top_n_sigma 1 + draw"),
    ("epsilon_cutoff", "epsilon 3e-4 + draw"),
    ("eta_cutoff", "eta 3e-4 + draw"),
    ("top_a", "top_a 0.2 + draw"),
    ("top_h", "top_h 0.9 + draw"),
    ("tail_free", "tail_free 0.95 + draw"),
    ("xtc", "xtc 0.1, 0.5 + draw"),
    ("smoothing", "smoothing 0.2 + draw"),
    ("dynamic_temperature", "dynamic temperature 0.5 to 1.5 + draw"),
    ("chain", "k40 + p.95 + min_p.05 + T.8 + draw"),
    ("edited_chain", "the same + penalties over 64 + bias of 100"),
    ("masked_chain", "bitmask of 50% + the chain"),
]
LLAMA_OF = {"greedy_raw": "greedy", "greedy_processed": "greedy", "top_k_raw": "top_k"}
SHAPES = ["peaky", "flat", "all equal", "two values", "ascending", "runs of ties"]
COLOURS = {"floor": "#888888", "urn::simd": "#2a6fbb", "urn::cuda": "#2a6fbb", "llama.cpp": "#d98a2b", "FlashInfer": "#d98a2b",
           "PyTorch": "#b04a3f"}
NAME = re.compile(r"^(.*)/vocabulary:(\d+)/shape:(\d+)(?:_median)?$")
THREADS = re.compile(r"^(.*)/threads:(\d+)/real_time(?:_median)?$")
BATCHES = [("one_row", "one row of 262,144, temperature + draw"), ("batch", "64 rows of 128,256")]


def read(path):
    """{(benchmark, vocabulary, shape): microseconds}: medians where there are repetitions."""
    times = {}
    for b in json.load(open(path))["benchmarks"]:
        match = NAME.match(b["name"])
        if match and b.get("aggregate_name", "median") == "median":
            times[match[1], int(match[2]), int(match[3])] = b["cpu_time"]
    return times


def read_threads(path):
    """{(benchmark, threads): microseconds} of a batch program."""
    times = {}
    for b in json.load(open(path))["benchmarks"]:
        match = THREADS.match(b["name"])
        if match and b.get("aggregate_name", "median") == "median":
            times[match[1], int(match[2])] = b["real_time"]
    return times


def short(t):
    """Two figures at least."""
    return f"{t:.0f}" if t >= 10 else f"{t:.1f}"


def floor2(times, vocabulary, shape):
    return times.get(("floor_max_exp_sum", vocabulary, shape), times["floor_max_exp_sum", vocabulary, 1])


def cell(times, key, vocabulary, shape):
    t = times.get((f"simd/{key}", vocabulary, shape))
    if t is None:
        return ""
    text = f"{t:.0f} us ({t / floor2(times, vocabulary, shape):.2f})"
    peer = times.get((f"llama/{LLAMA_OF.get(key, key)}", vocabulary, shape))
    return text + (f", {peer / t:.1f}x" if peer else "")


def tables(title, times):
    vocabularies = sorted({v for name, v, _ in times if name == "floor_max"})
    print(f"\n## {title}\n\n| cold rows | " + " | ".join(f"{v}, {s}" for v in vocabularies for s in SHAPES[:2]) + " |")
    print("| --- |" + " --- |" * (2 * len(vocabularies)))
    for floor, label in [("floor_max", "floor 1: max"), ("floor_max_exp_sum", "floor 2: max, exp + sum"), ("floor_memcpy", "memcpy")]:
        print(f"| {label} | " + " | ".join(f"{times[floor, v, s]:.0f} us" for v in vocabularies for s in (0, 1)) + " |")
    measured = [(key, label) for key, label in PIPELINES if any(name == f"simd/{key}" for name, _, _ in times)]
    for key, label in measured:
        print(f"| {label} | " + " | ".join(cell(times, key, v, s) for v in vocabularies for s in (0, 1)) + " |")
    print("\n| V = 128256 | " + " | ".join(SHAPES[2:]) + " |\n| --- |" + " --- |" * 4)
    for key, label in measured:
        if any((f"simd/{key}", 128256, s) in times for s in range(2, 6)):
            print(f"| {label} | " + " | ".join(cell(times, key, 128256, s) for s in range(2, 6)) + " |")


def threads_table(title, times):
    counts = sorted({n for _, n in times})
    print(f"\n## {title}\n\n| | " + " | ".join(f"{n} thread{'s' if n > 1 else ''}" for n in counts) + " |")
    print("| --- |" + " --- |" * len(counts))
    for name, label in BATCHES:
        alone = times[name, 1]
        cells = [f"{times[name, n]:.0f} us" + (f" ({alone / times[name, n]:.2f}x)" if n > 1 else "") for n in counts]
        print(f"| {label} | " + " | ".join(cells) + " |")


def plot(title, times, path):
    """One row of bars for each pipeline at V = 128256, peaky: urn, the floor, llama.cpp."""
    bars = [("max, exp + sum", [("floor", floor2(times, 128256, 0))])]
    for key, label in PIPELINES:
        if (f"simd/{key}", 128256, 0) not in times:
            continue
        rows = [("urn::simd", times[f"simd/{key}", 128256, 0])]
        peer = times.get((f"llama/{LLAMA_OF.get(key, key)}", 128256, 0))
        bars.append((label, rows + ([("llama.cpp", peer)] if peer else [])))
    draw_bars(f"{title}: microseconds a row, V = 128256, peaky, cold", bars, (10, 100, 1000), path)


def draw_bars(title, bars, ticks, path):
    """Groups of bars, [(label, [(whose, microseconds)])], on a logarithmic axis that starts at the first tick."""
    left, scale, y = 300, 450 / len(ticks), 50
    x = lambda t: left + scale * math.log10(max(t, ticks[0]) / ticks[0])
    out = [f'<text x="10" y="22" font-size="15">{title}</text>']
    for label, rows in bars:
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
        for name, t in rows:
            out.append(f'<rect x="{left}" y="{y}" width="{x(t) - left:.1f}" height="14" fill="{COLOURS[name]}"/>')
            out.append(f'<text x="{x(t) + 5:.1f}" y="{y + 12}">{short(t)} {name}</text>')
            y += 16
        y += 8
    for tick in ticks:
        out.append(f'<line x1="{x(tick)}" y1="40" x2="{x(tick)}" y2="{y}" stroke="#cccccc"/><text x="{x(tick)}" y="{y + 14}">{tick}</text>')
    with open(path, "w") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{y + 24}" font-family="sans-serif" font-size="12">'
                '<rect width="100%" height="100%" fill="white"/>' + "\n".join(out) + "</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="title=file.json")
    parser.add_argument("--plots", metavar="folder")
    asked = parser.parse_args()
    for run in asked.runs:
        title, _, path = run.partition("=")
        if not path:
            sys.exit(f"report.py: '{run}' is not <title>=<file>")
        if threads := read_threads(path):
            threads_table(title, threads)
            continue
        times = read(path)
        tables(title, times)
        if asked.plots:
            plot(title, times, f"{asked.plots}/{title.lower().replace(' ', '-')}.svg")


if __name__ == "__main__":
    main()
