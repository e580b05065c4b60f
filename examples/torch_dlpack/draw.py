"""Draws tokens from PyTorch's tensors with urn, in place: draw.py <library of draw.cpp> [<library of draw.cu>].

The second is for a machine with a GPU. Without CMake, from the repository:
    headers=$(python3 -c 'import torch; print(torch.__path__[0])')/include
    g++ -std=c++20 -O2 -shared -fPIC -Iinclude -isystem $headers examples/torch_dlpack/draw.cpp -o liburn_torch.so
    nvcc -std=c++20 --expt-relaxed-constexpr -arch=native -O3 -shared -Xcompiler -fPIC -Iinclude -isystem $headers \
        examples/torch_dlpack/draw.cu -o liburn_torch_cuda.so
    python3 examples/torch_dlpack/draw.py ./liburn_torch.so ./liburn_torch_cuda.so
"""

import ctypes
import sys

try:
    import torch
    from torch.utils.dlpack import to_dlpack
except ImportError:
    print("skipped: there is no PyTorch")
    sys.exit(0)


# [capsule]
def dlpack(tensor):
    """The address of the tensor's DLManagedTensor, and its owner, which must live as long as the address is used."""
    owner = to_dlpack(tensor)
    address = ctypes.pythonapi.PyCapsule_GetPointer
    address.restype, address.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return ctypes.c_void_p(address(owner, b"dltensor")), owner


# [/capsule]


class Urn:
    def __init__(self, path, cuda_path=None):
        self.cpu = ctypes.CDLL(path).urn_draw
        self.cpu.restype = ctypes.c_char_p
        if cuda_path:
            library = ctypes.CDLL(cuda_path)
            self.cuda, self.cuda_bytes = library.urn_draw_cuda, library.urn_cuda_bytes
            self.cuda.restype, self.cuda_bytes.restype = ctypes.c_char_p, ctypes.c_size_t

    def draw(self, logits, allowed=None, temperature=1.0, top_p=1.0, seed=0, step=0):
        """A token for each row of `logits`, on the tensor's device; ValueError for what urn cannot read in place."""
        tokens = torch.empty(logits.shape[0], dtype=torch.int32, device=logits.device)
        row, owner = dlpack(logits.detach())
        common = ctypes.c_float(temperature), ctypes.c_float(top_p), ctypes.c_uint64(seed), ctypes.c_uint32(step)
        out = ctypes.c_void_p(tokens.data_ptr())
        if logits.is_cuda:
            bytes_ = self.cuda_bytes(ctypes.c_size_t(logits.shape[0]), ctypes.c_size_t(logits.shape[-1]))
            memory = torch.empty(bytes_, dtype=torch.uint8, device=logits.device)
            stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
            wrong = self.cuda(row, *common, out, ctypes.c_void_p(memory.data_ptr()), ctypes.c_size_t(bytes_), stream)
        else:
            mask, mask_owner = dlpack(allowed) if allowed is not None else (None, None)
            wrong = self.cpu(row, mask, *common, out)
        if wrong:
            raise ValueError(wrong.decode())
        return tokens


def refused(call):
    try:
        call()
    except ValueError as wrong:
        return str(wrong)
    raise AssertionError("not refused")


def check_cpu(urn):
    torch.manual_seed(1)
    logits = torch.randn(8, 5000) * 3
    for kind in torch.float32, torch.bfloat16, torch.float16:
        row = logits.to(kind)
        assert torch.equal(urn.draw(row, temperature=0.0).long(), row.float().argmax(-1)), kind
        assert torch.equal(urn.draw(row, seed=7), urn.draw(row.float(), seed=7)), kind

    places = torch.randn(4, 3, 5000)  # (batch, sequence, vocabulary): the last places, by strides alone
    last = places[:, -1, :]
    assert not last.is_contiguous()
    assert torch.equal(urn.draw(last, seed=7), urn.draw(last.contiguous(), seed=7))
    assert torch.equal(urn.draw(places, seed=7), urn.draw(last, seed=7))

    before = urn.draw(logits, temperature=0.0)
    logits[0, 17] = 99  # in place: the next draw sees it, since nothing was copied
    assert urn.draw(logits, temperature=0.0)[0] == 17 and before[0] != 17

    mask = torch.zeros(8, (5000 + 31) // 32, dtype=torch.int32)
    mask[:, 3] = 1 << 4  # token 100 alone
    assert urn.draw(logits, allowed=mask).tolist() == [100] * 8
    check_xgrammar(urn, logits)
    check_outlines(urn, logits)

    assert "elements" in refused(lambda: urn.draw(logits.double()))
    assert "side by side" in refused(lambda: urn.draw(logits.T))
    assert "shape" in refused(lambda: urn.draw(logits[None, None]))
    assert "int32" in refused(lambda: urn.draw(logits, allowed=mask.float()))
    print("CPU tensors: drawn in place")


def check_xgrammar(urn, logits):
    """A mask by xgrammar itself, where it is installed."""
    try:
        import xgrammar
    except ImportError:
        print("without xgrammar")
        return
    words = [chr(i) for i in range(128)] + ["word%d" % i for i in range(5000 - 128)]
    info = xgrammar.TokenizerInfo(words, vocab_size=5000)
    digits = xgrammar.GrammarCompiler(info).compile_grammar("root ::= [0-9]+")
    mask = xgrammar.allocate_token_bitmask(8, 5000)
    for row in range(8):
        xgrammar.GrammarMatcher(digits).fill_next_token_bitmask(mask, row)
    tokens = urn.draw(logits, allowed=mask, seed=3).tolist()
    assert all(words[t].isdigit() for t in tokens), tokens
    print("with xgrammar:", "".join(words[t] for t in tokens))


def check_outlines(urn, logits):
    """The same by outlines-core."""
    try:
        from outlines_core import Guide, Index, Vocabulary
    except ImportError:
        print("without outlines-core")
        return
    digits = Vocabulary(0, {str(digit): [100 + digit] for digit in range(10)})
    mask = torch.zeros(1, (5000 + 31) // 32, dtype=torch.int32)
    Guide(Index("[0-9]+", digits)).write_mask_into(mask.data_ptr(), mask.numel(), mask.element_size())
    tokens = [urn.draw(logits[:1], allowed=mask, temperature=5.0, seed=seed).item() for seed in range(200)]
    assert set(tokens) == set(range(100, 110)), tokens
    print("with outlines-core:", "".join(str(t - 100) for t in tokens[:8]))


def check_cuda(urn):
    torch.manual_seed(2)
    for kind in torch.float32, torch.bfloat16, torch.float16:
        for rows, vocabulary in (1, 128256), (64, 32000), (300, 5001):
            here = (torch.randn(rows, vocabulary) * 3).to(kind)
            there = here.cuda()
            for step in range(4):
                how = dict(temperature=0.8, top_p=0.95, seed=7, step=step)
                assert torch.equal(urn.draw(here, **how), urn.draw(there, **how).cpu()), (kind, rows, vocabulary, step)
    before = urn.draw(there, temperature=0.0)
    there[0, 17] = 99
    assert urn.draw(there, temperature=0.0)[0] == 17 and before[0] != 17
    print("CUDA tensors: drawn in place, the tokens of the CPU")


if __name__ == "__main__":
    sampler = Urn(*sys.argv[1:3])
    check_cpu(sampler)
    if len(sys.argv) > 2:
        check_cuda(sampler)
