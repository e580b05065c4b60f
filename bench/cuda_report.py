#!/usr/bin/env python3
"""Tables and plots from the JSON of cuda_bench and torch_peers.py.

    bench/cuda_report.py <file.json>... [--vocabularies 128256] [--brief 32000,262144] [--plots <folder> --device "NVIDIA H100"]

prints a Markdown table for each type, vocabulary and shape: microseconds a batch, in brackets the ratio to the floor of
the same run (a plain read of the same batch) and, for urn, how many times faster it is than the fastest of FlashInfer's
ways to do the same (of PyTorch's, where FlashInfer has none); of brief ones float32 alone, without the peers' own times. The full chain: a bitmask of 50%, 100 biases, penalties
over 64 tokens, temperature, top_k 50, top_p 0.9, min_p 0.05 and the draw. The SVG plots are of float32, V = 128256,
peaky, one for each of a few batch sizes.
"""
import argparse
import json
import re

from report import draw_bars, short

PIPELINES = [
    ("greedy", "greedy + raw logprob"),
    ("categorical", "temperature + draw"),
    ("top_k_p", "top_k 50 + top_p 0.9 + draw"),
    ("top_p", "top_p 0.9 + draw"),
    ("min_p", "min_p 0.05 + draw"),
    ("chain", "the full chain + 5 top logprobs"),
]
PEERS = [
    ("flashinfer/categorical.softmax", "FlashInfer: softmax, draw"),
    ("flashinfer/categorical.gumbel", "FlashInfer: draw from logits (Gumbel), no temperature"),
    ("flashinfer/top_k_p.joint", "FlashInfer: softmax, top-k and top-p jointly"),
    ("flashinfer/top_k_p.mask_first", "FlashInfer: top-k mask, softmax, top-p"),
    ("flashinfer/top_k_p.select_first", "FlashInfer: top-k selection, top-p of those"),
    ("flashinfer/top_p.softmax", "FlashInfer: softmax, top-p"),
    ("flashinfer/min_p.softmax", "FlashInfer: softmax, min-p"),
    ("torch/argmax", "PyTorch: argmax alone"),
    ("torch/topk", "PyTorch: topk(50) alone"),
    ("torch/greedy.log_softmax", "PyTorch: argmax, log_softmax, gather"),
    ("torch/categorical.multinomial", "PyTorch: softmax, multinomial"),
]
TYPES = {"f32": "float32", "bf16": "bf16"}
NAME = re.compile(r"^(.+?)/(f32|bf16)/V(\d+)/B(\d+)/(peaky|flat)(?:/|$)")


def read(paths):
    """{(who, type, vocabulary, rows, shape): microseconds}."""
    times = {}
    for path in paths:
        for b in json.load(open(path))["benchmarks"]:
            match = NAME.match(b["name"])
            if match and not b.get("error_occurred"):
                times[match[1], match[2], int(match[3]), int(match[4]), match[5]] = b["real_time"]
    return times


def fastest(times, library, pipeline, setup):
    ways = [t for (who, *where), t in times.items() if who.startswith(f"{library}/{pipeline}.") and tuple(where) == setup]
    return min(ways, default=None)


def cell(times, who, setup):
    t, floor = times.get((who, *setup)), times.get(("floor", *setup))
    return f"{short(t)} us" + (f" ({t / floor:.2f})" if floor else "") if t else ""


def urn_cell(times, pipeline, setup):
    t = times.get((f"urn/{pipeline}", *setup))
    peer = fastest(times, "flashinfer", pipeline, setup) or fastest(times, "torch", pipeline, setup)
    return cell(times, f"urn/{pipeline}", setup) + (f", {peer / t:.1f}x" if t and peer else "")


def table(times, kind, vocabulary, shape, peers=PEERS):
    setups = sorted({tuple(where) for _, *where in times if (where[0], where[1], where[3]) == (kind, vocabulary, shape)})
    print(f"\n### {TYPES[kind]}, V = {vocabulary}, {shape}\n\n| | " + " | ".join(f"B = {rows}" for _, _, rows, _ in setups) + " |")
    print("| --- |" + " --- |" * len(setups))

    def line(label, cells):
        if any(cells):
            print(f"| {label} | " + " | ".join(cells) + " |")

    line("floor: the logits read once", [f"{short(times['floor', *s])} us" if ("floor", *s) in times else "" for s in setups])
    for pipeline, label in PIPELINES:
        line(f"**{label}**", [urn_cell(times, pipeline, s) for s in setups])
    for who, label in peers:
        line(label, [cell(times, who, s) for s in setups])


def plot(times, device, rows, path):
    setup = ("f32", 128256, rows, "peaky")
    bars = [("the logits read once", [("floor", times["floor", *setup])])]
    for pipeline, label in PIPELINES:
        who = [("urn::cuda", times.get((f"urn/{pipeline}", *setup))), ("FlashInfer", fastest(times, "flashinfer", pipeline, setup)),
               ("PyTorch", fastest(times, "torch", pipeline, setup))]
        bars.append((label, [(name, t) for name, t in who if t]))
    draw_bars(f"{device}: microseconds a batch of {rows}, V = 128256, float32, peaky, cold", bars, (1, 10, 100, 1000), path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="file.json")
    parser.add_argument("--vocabularies", default="", help="only these, with commas between; all that were measured")
    parser.add_argument("--brief", default="", help="of these only urn's float32 rows")
    parser.add_argument("--plots", metavar="folder")
    parser.add_argument("--device", default="GPU", help="what the plots call it")
    asked = parser.parse_args()
    times = read(asked.runs)
    wanted = {int(v) for v in asked.vocabularies.split(",") if v}
    brief = {int(v) for v in asked.brief.split(",") if v}
    measured = {(kind, vocabulary, shape) for _, kind, vocabulary, _, shape in times}
    for kind, vocabulary, shape in sorted(measured, key=lambda m: (m[0] != "f32", m[1], m[2] != "peaky")):
        if vocabulary in brief:
            if kind == "f32":
                table(times, kind, vocabulary, shape, peers=[])
        elif not wanted or vocabulary in wanted:
            table(times, kind, vocabulary, shape)
    for rows in (1, 64, 1024):
        if asked.plots and ("floor", "f32", 128256, rows, "peaky") in times:
            plot(times, asked.device, rows, f"{asked.plots}/cuda-b{rows}.svg")


if __name__ == "__main__":
    main()
