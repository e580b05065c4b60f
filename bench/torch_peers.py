#!/usr/bin/env python3
"""What PyTorch takes for the batches of cuda_bench, in Google Benchmark's JSON.

    bench/torch_peers.py [--vocabularies 128256,151936] [--rows 1,8,64,256,1024] > torch.json

Medians of batches that are in no cache, by CUDA graphs of many calls; multinomial, which waits for the device to check
its probabilities, cannot be captured and is launched call by call.
"""
import argparse
import json
import statistics
import sys

import torch

REPLAYS = 9
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def log_softmax(logits):
    tokens = logits.argmax(-1, keepdim=True)
    return tokens, torch.log_softmax(logits, -1, dtype=torch.float32).gather(-1, tokens)


def multinomial(logits):
    return torch.multinomial(torch.softmax(logits / 0.8, -1, dtype=torch.float32), 1)


# name: (what a call does, whether a graph can hold it)
WAYS = {
    "argmax": (lambda logits: logits.argmax(-1), True),
    "greedy.log_softmax": (log_softmax, True),
    "categorical.multinomial": (multinomial, False),
    "topk": (lambda logits: torch.topk(logits, 50), True),
}


def cold_batches(rows, vocabulary, shape, dtype):
    """As bench::cold_batches makes them: 200 MB, but at most 64 batches."""
    count = min(64, 200_000_000 // (rows * vocabulary * dtype.itemsize) + 1)
    logits = torch.empty(count * rows, vocabulary, dtype=dtype, device="cuda").normal_(0, 2 if shape == "peaky" else 3)
    if shape == "peaky":
        share = 0.57 / 1.231 * torch.arange(1, 301, device="cuda", dtype=torch.float32) ** -1.6
        jitter = 0.1 * torch.randn(count * rows, 300, device="cuda")
        share[0], jitter[:, 0] = 0.4, 0
        raised = (share * vocabulary / 0.03).log() + 2 + jitter
        logits.scatter_(1, torch.randint(vocabulary, raised.shape, device="cuda"), raised.to(dtype))
    return logits.view(count, rows, vocabulary)


class Stopwatch:
    def __init__(self):
        self.zeros = torch.zeros(96 << 20, device="cuda")
        self.start, self.stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def once(self, launch):
        """Microseconds. The untimed reads empty L2, and keep the device busy until the host has launched."""
        self.zeros.amax()
        self.start.record()
        launch()
        self.stop.record()
        self.stop.synchronize()
        return self.start.elapsed_time(self.stop) * 1e3

    def median(self, work, batches, capturable):
        calls = max(len(batches), 4)

        def launch():
            for i in range(calls):
                work(batches[i % len(batches)])

        launch()
        torch.cuda.synchronize()
        if capturable:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                launch()
            launch = graph.replay
        self.once(launch)
        return statistics.median(self.once(launch) for _ in range(REPLAYS)) / calls


def numbers(text):
    return [int(n) for n in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocabularies", type=numbers, default="32000,128256,151936,262144")
    parser.add_argument("--rows", type=numbers, default="1,8,64,256,1024")
    asked = parser.parse_args()
    stopwatch, found = Stopwatch(), []
    setups = [(k, v, b, s) for v in asked.vocabularies for b in asked.rows for s in ("peaky", "flat") for k in TYPES]
    for kind, vocabulary, rows, shape in setups:
        batches = cold_batches(rows, vocabulary, shape, TYPES[kind])
        for way, (work, capturable) in WAYS.items():
            time = stopwatch.median(work, batches, capturable)
            name = f"torch/{way}/{kind}/V{vocabulary}/B{rows}/{shape}"
            found.append({"name": name, "run_type": "iteration", "real_time": time, "time_unit": "us",
                          "label": "graph" if capturable else "eager"})
            torch.cuda.empty_cache()
    json.dump({"context": {"device": torch.cuda.get_device_name(), "torch": torch.__version__}, "benchmarks": found},
              sys.stdout, indent=1)


if __name__ == "__main__":
    main()
