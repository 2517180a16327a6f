#!/usr/bin/env python3
"""ONNX's own test cases of Softmax, LogSoftmax and SoftmaxCrossEntropyLoss, through the command line.

    pip install onnx numpy
    cargo build --release --features cli
    python tests/onnx/run.py target/release/wgpu-softmax [--adapter software | --reference]

What stands after the program goes to each of its calls. The cases, with their inputs and expected outputs, are in the
package onnx: the node tests of the three operators, and the models of one such node that were exported from PyTorch,
which are of operator set 6.

The axis is given as --axis, and arrays go as they are. Only before operator set 13, where the operators made a matrix
of their input at the axis, does the script do that. log_prob, the second output of a loss, is log-softmax.

Passed: outputs of the expected type and shape, within twice the bounds that the README gives for probabilities and
log-probabilities, since ONNX's numbers come from f32 arithmetic too. With N classes and u = 2^-24 that is
2 (8 + 2 |ln p| + 2 ln N) u p for probabilities, and 2 (8 max(1, |w|) + 2 ln N) u for log-probabilities and losses.
Everything else is a failure. The exit code is 0 if there were cases and none has failed.
"""

import math
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

COMMANDS = {"Softmax": "softmax", "LogSoftmax": "log-softmax", "SoftmaxCrossEntropyLoss": "cross-entropy"}


class Failed(Exception):
    """The command line gave something else than what was expected."""


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: run.py PROGRAM [FLAGS OF THE PROGRAM]")
    if not shutil.which(sys.argv[1]):
        sys.exit(f"{sys.argv[1]}: expected the program wgpu-softmax, found nothing that can be run")
    outcomes = [report(case, node, sys.argv[1:]) for case, node in cases()]
    passed, failed = (outcomes.count(word) for word in ("passed", "failed"))
    print(f"onnx {onnx.__version__}: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not outcomes else 0)


def cases():
    """The cases whose model is one node of the three operators, each with that node."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cases of other operators overflow and divide by 0 as they are made
        kinds = [load_model_tests(kind=kind) for kind in ("node", "pytorch-converted", "pytorch-operator")]
    for case in sum(kinds, []):
        nodes = model(case).graph.node
        if len(nodes) == 1 and nodes[0].op_type in COMMANDS:
            yield case, nodes[0]


def model(case):
    return case.model or onnx.load(Path(case.model_dir, "model.onnx"))


def data_sets(case):
    """Pairs of inputs and expected outputs: made with the case, or in files beside its model."""
    if case.data_sets is not None:
        return case.data_sets
    folders = sorted(Path(case.model_dir).glob("test_data_set_*"))
    return [(tensors(folder, "input"), tensors(folder, "output")) for folder in folders]


def tensors(folder, kind):
    count = len(list(folder.glob(f"{kind}_*.pb")))
    return [numpy_helper.to_array(onnx.load_tensor(folder / f"{kind}_{n}.pb")) for n in range(count)]


def report(case, node, program):
    """Runs a case, prints a line about it, and returns the word for its outcome."""
    try:
        worst = max(error(case, node, inputs, expected, program) for inputs, expected in data_sets(case))
        outcome, words = "passed", f"{worst:.2f} of the tolerance"
    except Failed as failure:
        outcome, words = "failed", failure
    print(f"{outcome:6} {case.name}: {words}", flush=True)
    return outcome


def error(case, node, inputs, expected, program):
    """The worst error of a case's outputs, as a share of the tolerance."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type == "SoftmaxCrossEntropyLoss":
        outputs, classes = cross_entropy(program, attributes, len(expected), *inputs)
    else:
        version = next(opset.version for opset in model(case).opset_import if opset.domain in ("", "ai.onnx"))
        outputs, classes = softmax(program, COMMANDS[node.op_type], version, attributes, *inputs)
    tolerance = of_probabilities if node.op_type == "Softmax" else of_logs
    pairs = zip(outputs, expected, strict=True)
    return max(compare(output, wanted, tolerance(np.abs(wanted), classes)) for output, wanted in pairs)


def cross_entropy(program, attributes, count, scores, labels, weights=None):
    """The loss and, where `count` is 2, the log-probabilities; with the number of classes."""
    axis = ["--axis", 1]
    flags = ["--reduction", attributes.get("reduction", b"mean").decode()]
    if "ignore_index" in attributes:
        flags += ["--ignore-index", attributes["ignore_index"]]
    if weights is not None:
        flags += ["--weight", weights]
    outputs = [run(program, "cross-entropy", scores, labels, *axis, *flags)]
    if count == 2:
        outputs.append(run(program, "log-softmax", scores, *axis))
    return outputs, scores.shape[1]


def softmax(program, command, version, attributes, x):
    """The probabilities or their logarithms, with the number of classes."""
    if version >= 13:
        axis = attributes.get("axis", -1)
        return [run(program, command, x, "--axis", axis)], x.shape[axis]
    axis = attributes.get("axis", 1) % x.ndim
    matrix = x.reshape(math.prod(x.shape[:axis]), -1)
    return [run(program, command, matrix, "--axis", 1).reshape(x.shape)], matrix.shape[1]


def run(program, *arguments):
    """The array that the command line writes. Arrays among the arguments become files."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "output.npy")
        words = [word(Path(folder, f"input_{n}.npy"), argument) for n, argument in enumerate(arguments)]
        call = [program[0], *words, "-o", output, *program[1:]]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            complaint = done.stderr.strip().replace(f"{folder}/", "")
            raise Failed(f"{arguments[0]}: exit {done.returncode}: {complaint}")
        return np.load(output)


def word(path, argument):
    if not isinstance(argument, np.ndarray):
        return str(argument)
    np.save(path, argument)
    return str(path)


def compare(output, expected, tolerance):
    """The worst error of an output, as a share of the tolerance."""
    if (output.dtype, output.shape) != (expected.dtype, expected.shape):
        raise Failed(f"expected {expected.dtype} of {expected.shape}, found {output.dtype} of {output.shape}")
    if not (np.isfinite(output) & np.isfinite(expected)).all():
        raise Failed("expected numbers, found NaN or infinities")
    shares = np.abs(output.astype(np.float64) - expected) / tolerance
    worst = np.unravel_index(np.argmax(shares), shares.shape)
    if shares[worst] > 1:
        place = list(map(int, worst))
        share = f"{shares[worst]:.3g} of the tolerance"
        raise Failed(f"expected {expected[worst]}, found {output[worst]} at {place}: {share}")
    return shares[worst]


def of_probabilities(p, classes):
    p = np.maximum(p.astype(np.float64), 1e-30)
    return 2 * (8 - 2 * np.log(p) + 2 * math.log(classes)) * 2**-24 * p


def of_logs(w, classes):
    return 2 * (8 * np.maximum(1, w.astype(np.float64)) + 2 * math.log(classes)) * 2**-24


if __name__ == "__main__":
    main()
