"""The corpus as documents, its split, and bits per byte on a part of it."""

import math
import re

import torch

END = "<|endoftext|>"  # stands before, between and after documents


def documents(path):
    """The scenes, poems and cast lists of the corpus: the text between runs of four or more empty lines."""
    with open(path, encoding="ascii") as file:
        text = file.read()
    return [part.strip("\n") + "\n" for part in re.split(r"\n{5,}", text)]


def split(path):
    """Documents by part: of every 40, the 20th is validation, the 40th is test and the others are training."""
    parts = {"train": [], "validation": [], "test": []}
    for index, document in enumerate(documents(path)):
        parts[{19: "validation", 39: "test"}.get(index % 40, "train")].append(document)
    return parts


def encode(tokenizer, documents):
    """One tensor of token ids a document, each with the end token on both sides."""
    end = tokenizer.token_to_id(END)
    return [torch.tensor([end, *encoding.ids, end]) for encoding in tokenizer.encode_batch(documents)]


@torch.no_grad()
def bits_per_byte(logits_of, tokenizer, documents, context, device):
    """Mean code length of the documents and their ends, in bits per byte of text.

    Windows of `context` tokens slide by half: past a document's first window every token is predicted from at least
    `context / 2` tokens before it. Each token counts once.
    """
    inputs, targets = [], []
    for ids in encode(tokenizer, documents):
        scored = 1
        for start in range(0, max(1, len(ids) - 1 - context // 2), context // 2):
            window = ids[start : start + context + 1]
            target = window[1:].clone()
            target[: scored - start - 1] = -100
            scored = start + len(window)
            padding = (0, context - len(target))
            inputs.append(torch.nn.functional.pad(window[:-1], padding))
            targets.append(torch.nn.functional.pad(target, padding, value=-100))
    nats = 0.0
    for x, y in zip(torch.stack(inputs).to(device).split(32), torch.stack(targets).to(device).split(32)):
        logits = logits_of(x).float().flatten(0, 1)
        nats += torch.nn.functional.cross_entropy(logits, y.flatten(), reduction="sum").item()
    return nats / math.log(2) / sum(len(document.encode()) for document in documents)
