"""Train the byte-level BPE tokenizer on the training part of the corpus.

    python train_tokenizer.py --corpus shakespeare_complete.txt --out . --vocab-size 1024
"""

import argparse
import json
import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import END, split


def train(documents, vocab_size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="shakespeare_complete.txt")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for tokenizer.json")
    parser.add_argument("--vocab-size", type=int, default=1024)
    arguments = parser.parse_args()

    parts = split(arguments.corpus)
    tokenizer = train(parts["train"], arguments.vocab_size)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    loader = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END, "eos_token": END,
              "clean_up_tokenization_spaces": False}
    (arguments.out / "tokenizer_config.json").write_text(json.dumps(loader, indent=2) + "\n")

    anything = "".join(map(chr, range(1, 0x250))) + "\U0001f3ad"
    for text in [*parts["validation"], anything]:
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    text = "".join(parts["validation"])
    print(f"{tokenizer.get_vocab_size()} tokens, {len(text) / len(tokenizer.encode(text).ids):.3f} bytes a token on validation")


if __name__ == "__main__":
    main()
