"""real_classes.py <program> <engine>: the engine's own classes take what urn writes for them.

Each engine's Python package says of arguments for random parameters whether it takes them, and what it holds
then; urn reads that back. What an object of the class holds by default must be known to urn, and no loss.
Where the package is not installed the first line says "skipped: ..." and how to install it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

COUNT = 300


def skip(package, problem):
    print(f"skipped: {problem} (pip install {package})")
    sys.exit(0)


class Conversions:
    """urn's side: the program of tests/convert, which speaks JSON."""

    def __init__(self, program, engine):
        self.program, self.engine = program, engine

    def written(self):
        text = subprocess.run([self.program, "write", self.engine, str(COUNT)],
                              capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in text.splitlines()]

    def read(self, several):
        lines = "".join(json.dumps(arguments) + "\n" for arguments in several)
        text = subprocess.run([self.program, "read", self.engine],
                              input=lines, capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in text.splitlines()]


def same(urn, asked, held):
    """What the objects hold means what urn asked for."""
    for arguments, said, got in zip(asked, urn.read(asked), urn.read(held)):
        assert "error" not in got, (arguments, got)
        assert got["unknown"] == [], got
        assert got["params"] == said["params"], (arguments, said["params"], got["params"])


def defaults(urn, held, lost=()):
    """What an object holds by default is known, and nothing of it is lost."""
    [got] = urn.read([held])
    assert "error" not in got, got
    assert got["unknown"] == [], got
    assert set(got["losses"]) <= set(lost), got


def plain(value):
    """As JSON has it."""
    if isinstance(value, (set, tuple)):
        return sorted(value)
    if hasattr(value, "max_pattern_size"):  # vLLM's RepetitionDetectionParams
        names = ("max_pattern_size", "min_pattern_size", "min_count")
        return {name: getattr(value, name) for name in names}
    if isinstance(value, dict):
        return {str(k): v for k, v in value.items()}
    return value if isinstance(value, (bool, int, float, str, list, type(None))) else str(value)


def vllm(urn):
    try:
        from vllm.sampling_params import RepetitionDetectionParams, SamplingParams
    except ImportError as problem:
        skip("vllm", problem)
    internal = ("output_text_buffer_length", "output_kind")  # made of the others; an enumeration
    fields = [f for f in SamplingParams.__struct_fields__ if not f.startswith("_") and f not in internal]

    def held(params):
        return {f: plain(getattr(params, f)) for f in fields}

    defaults(urn, held(SamplingParams()))
    def make(arguments):
        limits = arguments.get("repetition_detection")
        detection = {} if limits is None else {"repetition_detection": RepetitionDetectionParams(**limits)}
        return SamplingParams.from_optional(**{**arguments, **detection})

    asked = [line["arguments"] for line in urn.written()]
    for arguments in asked:
        params = make(arguments)
        for name, value in arguments.items():
            got = plain(getattr(params, name))
            if name in ("top_p", "top_k", "min_p") and arguments["temperature"] == 0:
                continue  # greedy needs none of them
            if name == "stop" and isinstance(value, str):
                value = [value]
            if name == "bad_words":
                value = list(dict.fromkeys(value))
            assert got == value, (name, value, got)
    drawn = [a for a in asked if a["temperature"] > 0 and not isinstance(a.get("stop"), str)
             and len(set(a.get("bad_words", []))) == len(a.get("bad_words", []))]
    same(urn, drawn, [held(make(a)) for a in drawn])


def transformers(urn):
    try:
        from transformers import GenerationConfig
    except ImportError as problem:
        skip("transformers", problem)
    defaults(urn, {k: plain(v) for k, v in GenerationConfig().to_dict().items()}, lost=["max_length"])
    asked = [line["arguments"] for line in urn.written()]
    for arguments in asked:
        config = GenerationConfig(**arguments)
        config.validate(strict=True)
        for name, value in arguments.items():
            assert getattr(config, name) == value, (name, value, getattr(config, name))
    same(urn, asked, [{k: plain(getattr(GenerationConfig(**a), k)) for k in a} for a in asked])


def sglang(urn):
    try:
        from sglang.srt.sampling.sampling_params import SamplingParams
    except ImportError as problem:
        skip("sglang", problem)

    def held(params):
        internal = ("stop_strs", "stop_regex_strs")
        return {f: plain(getattr(params, f)) for f in params.__struct_fields__ if f not in internal}

    defaults(urn, {"sampling_params": held(SamplingParams())})
    asked = [line["arguments"] for line in urn.written()]
    objects = []
    for arguments in asked:
        params = SamplingParams(**arguments["sampling_params"])
        params.verify(50)
        objects.append({**arguments, "sampling_params": held(params)})
    drawn = [i for i, a in enumerate(asked) if a["sampling_params"]["temperature"] > 0]  # greedy is top_k 1
    same(urn, [asked[i] for i in drawn], [objects[i] for i in drawn])
    try:
        from sglang.srt.managers.io_struct import GenerateReqInput
    except (ImportError, RuntimeError) as problem:  # it imports the kernels too
        print(f"the request around them is not tried: {problem}")
        return
    for arguments in asked:
        GenerateReqInput(text="x", **arguments).normalize_batch_and_arguments()
    defaults(urn, {k: plain(v) for k, v in vars(GenerateReqInput(text="x")).items()})


def tensorrt_llm(urn):
    try:
        from tensorrt_llm import SamplingParams
    except ImportError as problem:
        skip("tensorrt_llm", problem)
    import dataclasses
    names = [f.name for f in dataclasses.fields(SamplingParams) if not f.name.startswith("_")]
    default = SamplingParams()
    defaults(urn, {n: None if n == "logprobs_mode" else plain(getattr(default, n)) for n in names})
    for line in urn.written():
        arguments = line["arguments"]
        params = SamplingParams(**arguments)
        for name, value in arguments.items():
            if name != "embedding_bias":
                assert getattr(params, name) == value, (name, value, getattr(params, name))


def ort_genai(urn):
    try:
        import onnxruntime_genai as og
    except ImportError as problem:
        skip("onnxruntime-genai", problem)
    decoder = {"filename": "none.onnx", "head_size": 8, "hidden_size": 8, "num_attention_heads": 1,
               "num_hidden_layers": 1, "num_key_value_heads": 1, "session_options": {"provider_options": []},
               "inputs": {}, "outputs": {}}
    model = {"type": "llama", "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "vocab_size": 50,
             "context_length": 2048, "decoder": decoder}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "genai_config.json").write_text(json.dumps({"model": model, "search": {}}))
        config = og.Config(folder)

        def takes(search):
            config.overlay(json.dumps({"search": search}))

        for line in urn.written():
            takes(line["arguments"])
        neutral = {"num_return_sequences": 1, "num_beams": 1, "no_repeat_ngram_size": 0, "diversity_penalty": 0.0,
                   "blank_penalty": 0.0, "batch_size": 1, "early_stopping": True, "length_penalty": 1.0,
                   "past_present_share_buffer": False, "chunk_size": 1}
        takes(neutral)
        defaults(urn, neutral)
        for name in ("min_p", "frequency_penalty", "presence_penalty", "stop", "min_tokens", "logprobs"):
            try:
                takes({name: 1})
            except Exception:  # pybind's translation of a C++ exception
                continue
            raise AssertionError(f"{name} is no loss any more")


def openai(urn):
    try:
        from openai.types import completion_create_params, chat
    except ImportError as problem:
        skip("openai", problem)
    from typing import get_type_hints
    from pydantic import ConfigDict, TypeAdapter
    completions = urn.engine == "openai_completions"
    params = (completion_create_params if completions else chat.completion_create_params)
    hints = get_type_hints(params.CompletionCreateParamsNonStreaming)
    of = {n: TypeAdapter(hints[n]) for n in hints
          if n in ("temperature", "top_p", "n", "seed", "logit_bias", "max_tokens", "max_completion_tokens",
                   "logprobs", "top_logprobs", "frequency_penalty", "presence_penalty")}
    for line in urn.written():
        for name, value in line["arguments"].items():
            assert name in hints, name
            if name == "stop":  # a union with a protocol, which pydantic cannot check
                assert isinstance(value, str) or (isinstance(value, list) and len(value) <= 4), value
            elif name == "logit_bias":
                assert all(isinstance(b, (int, float)) and b == int(b) for b in value.values()), value
            else:
                of[name].validate_python(value, strict=True)
    defaults(urn, {name: None for name in hints})


def main():
    program, engine = sys.argv[1:]
    check = openai if engine.startswith("openai_") else globals()[engine]
    check(Conversions(program, engine))
    print(f"{COUNT} requests are taken by the classes of {engine}")


main()
