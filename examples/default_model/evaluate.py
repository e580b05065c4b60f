"""Bits per byte on the held-out parts of the corpus, and samples, through transformers.

    python evaluate.py --model . --corpus shakespeare_complete.txt
"""

import argparse
import pathlib

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

import corpus
import train


def largest_difference(model, folder, ids):
    """Between the logits of transformers' model and those of the code that trained it."""
    return (model(ids).logits - train.load(folder)(ids)).abs().max().item()


def sample(model, tokenizer, prompt, seed, length):
    """The prompt and text after it, at temperature 0.8 and top_p 0.95; an empty prompt is the end token."""
    torch.manual_seed(seed)
    ids = tokenizer.encode(prompt or corpus.END).ids
    length = min(length, model.config.max_position_embeddings - len(ids))
    ids = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), do_sample=True, temperature=0.8,
                         top_p=0.95, top_k=0, max_new_tokens=length, pad_token_id=model.config.eos_token_id)
    return tokenizer.decode(ids[0].tolist(), skip_special_tokens=False)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, type=pathlib.Path, help="folder of the model and its tokenizer.json")
    parser.add_argument("--corpus", help="shakespeare_complete.txt; without it, samples alone")
    parser.add_argument("--prompts", nargs="*", default=["", "ROMEO\t", "First Witch\t", "\tTHE TEMPEST\n\n\nACT III\n\n\n\nSCENE I\t"])
    parser.add_argument("--length", type=int, default=300, help="tokens of a sample, at most")
    parser.add_argument("--seed", type=int, default=1)
    o = parser.parse_args()

    tokenizer = Tokenizer.from_file(str(o.model / "tokenizer.json"))
    model, loading = LlamaForCausalLM.from_pretrained(o.model, dtype=torch.float32, output_loading_info=True)
    assert not any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), loading
    model.eval()
    context = model.config.max_position_embeddings
    ids = torch.randint(model.config.vocab_size, (2, context), generator=torch.Generator().manual_seed(o.seed))
    print(f"{model.num_parameters()} parameters, largest difference of logits from train.py's model:",
          f"{largest_difference(model, o.model, ids):.2g}")
    if o.corpus:
        parts = corpus.split(o.corpus)
        for part in ("validation", "test"):
            bits = corpus.bits_per_byte(lambda x: model(x).logits, tokenizer, parts[part], context, "cpu")
            size = sum(len(document) for document in parts[part])
            print(f"{part}: {bits:.4f} bits/byte on {size} bytes of {len(parts[part])} documents")
    for prompt in o.prompts:
        print(f"--- {prompt!r}\n{sample(model, tokenizer, prompt, o.seed, o.length)}")


if __name__ == "__main__":
    main()
