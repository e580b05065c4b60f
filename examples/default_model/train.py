"""Train the default model: a small Llama, in plain PyTorch, written out in the Hugging Face format.

    python train.py --corpus shakespeare_complete.txt --tokenizer tokenizer.json --out .
"""

import argparse
import json
import math
import pathlib
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

import corpus

# --- The model. Module names are those of transformers' LlamaForCausalLM, so its state dict is the file's. ---


def rotate(x, cos, sin):
    """Rotary position embedding: dimension i is paired with dimension i + head_dim / 2."""
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-high, low), dim=-1) * sin


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.head_dim = c["head_dim"]
        queries, keys = c["num_attention_heads"] * self.head_dim, c["num_key_value_heads"] * self.head_dim
        self.repeats = queries // keys
        self.q_proj = nn.Linear(c["hidden_size"], queries, bias=False)
        self.k_proj = nn.Linear(c["hidden_size"], keys, bias=False)
        self.v_proj = nn.Linear(c["hidden_size"], keys, bias=False)
        self.o_proj = nn.Linear(queries, c["hidden_size"], bias=False)

    def forward(self, x, cos, sin):
        q, k, v = (
            project(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        cos, sin = cos.to(q.dtype), sin.to(q.dtype)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = k.repeat_interleave(self.repeats, dim=1), v.repeat_interleave(self.repeats, dim=1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(c["intermediate_size"], c["hidden_size"], bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c, dropout):
        super().__init__()
        self.input_layernorm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.mlp = MLP(c)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, cos, sin):
        x = x + self.dropout(self.self_attn(self.input_layernorm(x), cos, sin))
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x)))


class Llama(nn.Module):
    def __init__(self, c, dropout=0.0):
        super().__init__()
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.model.layers = nn.ModuleList(Layer(c, dropout) for _ in range(c["num_hidden_layers"]))
        self.model.norm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.dropout = nn.Dropout(dropout)
        frequency = c["rope_theta"] ** (-torch.arange(0, c["head_dim"], 2) / c["head_dim"])
        angle = torch.arange(c["max_position_embeddings"])[:, None] * frequency.repeat(2)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * c["num_hidden_layers"]) if residual else 0.02)

    def forward(self, ids):
        x = self.dropout(self.model.embed_tokens(ids))
        for layer in self.model.layers:
            x = layer(x, self.cos[: ids.shape[1]], self.sin[: ids.shape[1]])
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)


def load(folder):
    """The model in a folder that `save` wrote, in float32."""
    c = json.loads((folder / "config.json").read_text())
    model = Llama(c)
    model.load_state_dict({name: t.float() for name, t in load_file(folder / "model.safetensors").items()})
    return model.eval()


def save(folder, model, c):
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.detach().to("cpu", torch.bfloat16).contiguous() for name, t in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    generation = {"bos_token_id": c["bos_token_id"], "eos_token_id": c["eos_token_id"],
                  "do_sample": True, "temperature": 0.8, "top_p": 0.95, "top_k": 0}
    (folder / "config.json").write_text(json.dumps(c, indent=2) + "\n")
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")


# --- The optimizer: Muon for the matrices of the layers, AdamW for the embedding and the norms. ---


def orthogonalize(g):
    """The nearest matrix with equal singular values, roughly: Newton-Schulz steps with Muon's coefficients."""
    wide = g if g.shape[-2] <= g.shape[-1] else g.mT
    x = wide / (wide.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x if g.shape[-2] <= g.shape[-1] else x.mT


class Muon:
    """https://kellerjordan.github.io/posts/muon, its updates scaled to AdamW's size as in arXiv:2502.16982."""

    def __init__(self, parameters, rate, decay, momentum=0.95):
        self.rate, self.decay, self.momentum = rate, decay, momentum
        shapes = {}
        for p in parameters:
            shapes.setdefault(p.shape, []).append(p)
        self.groups = [(group, torch.zeros_like(torch.stack(group))) for group in shapes.values()]

    @torch.no_grad()
    def step(self):
        for group, average in self.groups:
            gradient = torch.stack([p.grad for p in group])
            average.lerp_(gradient, 1 - self.momentum)
            update = orthogonalize(gradient.lerp(average, self.momentum))
            update *= 0.2 * math.sqrt(max(update.shape[-2:])) * self.rate
            for p, u in zip(group, update.unbind()):
                p.mul_(1 - self.rate * self.decay).sub_(u)


def learning_rate(step, o):
    """Linear from 0 to the peak in the warm-up, then linear to 0."""
    return o.rate * min(step / o.warmup, (o.steps - step) / (o.steps - o.warmup))


# --- The training loop. ---


def make_step(model, tokens, rate, o):
    """A function that takes one optimizer step on random windows of the tokens and returns their mean loss."""
    matrices = [p for p in model.model.layers.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    cuda = tokens.is_cuda
    adam = torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=o.adam_decay, fused=cuda, capturable=cuda)
    muon = Muon(matrices, rate, o.decay)
    reach = torch.arange(o.context + 1, device=tokens.device)

    def step():
        start = torch.randint(len(tokens) - o.context, (o.batch, 1), device=tokens.device)
        window = tokens[start + reach]
        with torch.autocast(tokens.device.type, torch.bfloat16, cache_enabled=False):
            logits = model(window[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), window[:, 1:].flatten())
        model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        muon.step()
        return loss.detach()

    return step


def captured(step):
    """The step as one CUDA graph: at this size launching its kernels costs more than running them."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay():
        graph.replay()
        return loss

    replay.captured = step  # keeps alive the tensors that the graph points to
    return replay


def train(c, o, tokenizer, parts):
    device = torch.device(o.device)
    tokens = torch.cat([ids[:-1] for ids in corpus.encode(tokenizer, parts["train"])]).to(device)
    model = Llama(c, o.dropout).to(device)
    size = sum(p.numel() for p in model.parameters())
    epochs = o.steps * o.batch * o.context / len(tokens)
    print(f"{size} parameters, {len(tokens)} training tokens, {epochs:.1f} epochs", flush=True)

    rate = torch.zeros((), device=device)  # the first steps, which warm the graph up, change nothing
    step = make_step(model, tokens, rate, o)
    if device.type == "cuda":
        step = captured(step)
    begin, total = time.time(), torch.zeros((), device=device)
    for index in range(1, o.steps + 1):
        rate.fill_(learning_rate(index, o))
        total += step()
        if index % o.report == 0 or index == o.steps:
            mean = total.item() / (o.report if index % o.report == 0 else index % o.report)
            total.zero_()
            bits = corpus.bits_per_byte(model.eval(), tokenizer, parts["validation"], o.context, device)
            model.train()
            print(f"step {index} loss {mean:.4f} validation {bits:.4f} bits/byte, {time.time() - begin:.1f} s", flush=True)
    return model


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="shakespeare_complete.txt")
    parser.add_argument("--tokenizer", required=True, help="tokenizer.json")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for the model")
    parser.add_argument("--layers", type=int, default=7)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--mlp", type=int, default=352)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--steps", type=int, default=14000)
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--batch", type=int, default=32, help="windows of a step")
    parser.add_argument("--rate", type=float, default=8e-3, help="peak learning rate")
    parser.add_argument("--decay", type=float, default=0.1, help="weight decay of the matrices (Muon)")
    parser.add_argument("--adam-decay", type=float, default=0.0, help="weight decay of embedding and norms (AdamW)")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--report", type=int, default=1000, help="steps between validations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def main():
    o = options()
    torch.manual_seed(o.seed)
    torch.set_float32_matmul_precision("high")
    tokenizer = Tokenizer.from_file(o.tokenizer)
    end = tokenizer.token_to_id(corpus.END)
    c = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": o.width,
        "intermediate_size": o.mlp,
        "num_hidden_layers": o.layers,
        "num_attention_heads": o.heads,
        "num_key_value_heads": o.kv_heads,
        "head_dim": o.width // o.heads,
        "hidden_act": "silu",
        "max_position_embeddings": o.context,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": end,
        "eos_token_id": end,
        "torch_dtype": "bfloat16",
    }
    model = train(c, o, tokenizer, corpus.split(o.corpus))
    save(o.out, model, c)


if __name__ == "__main__":
    main()
