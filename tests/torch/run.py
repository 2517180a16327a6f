#!/usr/bin/env python3
"""The loss of a linear layer and its gradients, beside PyTorch's in f64, through the command line.

    pip install torch numpy          # PyTorch 2.14 or later, for the CPU
    cargo build --release --features cli
    python tests/torch/run.py target/release/wgpu-softmax [--adapter software | --reference]

What stands after the program goes to each of its calls. Every case is torch.nn.functional.linear_cross_entropy in float64 on
the same stored inputs, with bias, class weights, an ignored id, smoothing and each reduction in turn; a softcap, a z-loss and a
scale are not its own, so cases with them multiply the logits out.

Passed: the loss within 1e-5 (1 + abs(loss)), each gradient within 1e-5 of the largest of its kind, and its type's rounding. That is a
comparison of meanings; `wgpu-softmax check` measures errors. The exit code is 0 if no case has failed.
"""

import itertools
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F

SHAPES = [(1, 1, 1), (5, 3, 7), (64, 33, 100), (3, 257, 1000), (130, 16, 77), (2, 5, 50257)]
ROUNDING = {"float32": 0.0, "float16": 2.0**-10}
IGNORED = -100


def main():
    if len(sys.argv) < 2 or not shutil.which(sys.argv[1]):
        sys.exit("usage: run.py PROGRAM [FLAGS OF THE PROGRAM]")
    failed = total = 0
    reductions = itertools.cycle(["mean", "sum", "none"])
    for number, (shape, dtype) in enumerate(itertools.product(SHAPES, ROUNDING)):
        for own in (False, True):
            total += 1
            wrong = case(number, shape, dtype, next(reductions), own)
            failed += bool(wrong)
            print(f"{'FAILED' if wrong else 'ok':6} {shape} {dtype} {'other options' if own else ''} {wrong}")
    print(f"PyTorch {torch.__version__}: {total - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def case(number, shape, dtype, reduction, own):
    """Returns what differs, in words."""
    rows, features, classes = shape
    rng = np.random.default_rng(number)
    arrays = {
        "hidden": rng.standard_normal((rows, features)).astype(dtype),
        "layer": (rng.standard_normal((classes, features)) * 2 / features**0.5).astype(dtype),
        "bias": rng.standard_normal(classes).astype("float32"),
        "weight": rng.uniform(0.5, 2, classes).astype("float32"),
        "upstream": rng.standard_normal(rows if reduction == "none" else 1).astype("float32"),
    }
    ids = rng.integers(0, classes, rows)
    ids[3::4] = IGNORED
    smoothing = float(np.float32([0.0, 0.1][number % 2]))
    flags = ["--reduction", reduction, "--ignore-index", str(IGNORED), "--label-smoothing", str(smoothing)]
    if own:
        flags += ["--softcap", "3", "--z-loss", "0.01", "--scale", "0.5"]
    found = run(arrays, ids, flags)
    expected = torch_case(arrays, ids, reduction, smoothing, own)
    for name, value in expected.items():
        rounding = ROUNDING[dtype] if name == "grad_hidden" else 0
        allowed = (1e-5 + rounding) * (np.abs(value).max(initial=0) + (name == "loss"))
        error = np.abs(found[name].astype("float64").reshape(value.shape) - value).max(initial=0)
        if not error <= allowed:
            return f"{name} is off by {error:.3g}, allowed {allowed:.3g}"
    return ""


def run(arrays, ids, flags):
    names = ["loss", "grad_hidden", "grad_weight", "grad_bias"]
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: str(pathlib.Path(folder) / f"{name}.npy")
        for name, values in {**arrays, "ids": ids}.items():
            np.save(path(name), values)
        command = [sys.argv[1], "linear-cross-entropy", path("hidden"), path("layer"), path("ids"), *flags, *sys.argv[2:]]
        command += ["--bias", path("bias"), "--weight", path("weight"), "--grad-losses", path("upstream"), "-o", path("loss")]
        for name in names[1:]:
            command += ["--" + name.replace("_", "-"), path(name)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return {name: np.load(path(name)) for name in names}


def torch_case(arrays, ids, reduction, smoothing, own):
    wide = {name: torch.tensor(values.astype("float64")) for name, values in arrays.items()}
    inputs = [wide[name].requires_grad_() for name in ("hidden", "layer", "bias")]
    options = dict(weight=wide["weight"], ignore_index=IGNORED, label_smoothing=smoothing, reduction=reduction)
    targets = torch.tensor(ids)
    if own:
        logits = 3 * torch.tanh(0.5 * F.linear(*inputs) / 3)
        loss = F.cross_entropy(logits, targets, **options)
        squares = 0.01 * torch.logsumexp(logits, 1) ** 2 * (targets != IGNORED)
        loss = loss + {"none": squares, "sum": squares.sum(), "mean": squares.sum() / (targets != IGNORED).sum()}[reduction]
    else:
        loss = F.linear_cross_entropy(inputs[0], inputs[1], targets, linear_bias=inputs[2], **options)
    loss.backward(wide["upstream"].reshape(loss.shape))
    gradients = [tensor.grad.numpy() for tensor in inputs]
    return dict(zip(["loss", "grad_hidden", "grad_weight", "grad_bias"], [loss.detach().numpy(), *gradients]))


if __name__ == "__main__":
    main()
