"""Runs the peers in turns, compares what they give with NumPy in f64, and writes a table in Markdown and JSON. See `run`."""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import time

import numpy as np

SHAPES = [(8192, 1024), (16384, 128), (256, 32768), (128, 50257), (65536, 10)]
# The fewest bytes of an element: each input read once, each output written once. The ids of the targets are left out.
BYTES = {"copy": 8, "softmax": 8, "log-softmax": 8, "cross-entropy": 4, "cross-entropy-fused": 8}
HERE = pathlib.Path(__file__).parent


def peers(build):
    python, webgpu = f"{build}/venv/bin/python", f"{build}/webgpu/bin/python"
    return {
        "wgpu-softmax": [f"{build}/target/release/peer-ours"],
        "burn (wgpu)": [f"{build}/target/release/peer-burn"],
        "candle (CPU)": [f"{build}/native/release/peer-candle"],
        "PyTorch eager (CPU)": [python, HERE / "python/torch_peer.py", "eager"],
        "PyTorch compiled (CPU)": [python, HERE / "python/torch_peer.py", "compiled"],
        "ONNX Runtime (CPU)": [python, HERE / "python/ort_peer.py", "cpu"],
        "ONNX Runtime (WebGPU)": [webgpu, HERE / "python/ort_peer.py", "webgpu"],
    }


class Peer:
    """A peer as a process. One that dies is started again for the next case."""

    def __init__(self, command):
        self.command, self.process = command, None

    def ask(self, *words):
        """Returns the probe and the times in seconds; None where the peer lacks the operation, or fails."""
        if self.process is None:
            pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.process = subprocess.Popen(self.command, **pipes)
        try:
            print(*words, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass
        for line in self.process.stdout:
            if line.startswith("answer "):
                answer = line.split()[1:]
                if answer == ["none"]:
                    return None
                return float(answer[0]), [int(ns) / 1e9 for ns in answer[1:]]
        self.stop()
        return None

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
        self.process = None


def draw(folder, rows, cols):
    """Writes the inputs, and returns what each operation must give at the target of the last row, or as loss."""
    generator = np.random.default_rng(rows)
    logits = 4 * generator.standard_normal((rows, cols), dtype=np.float32)
    targets = generator.integers(0, cols, rows, dtype=np.int32)
    logits.tofile(folder / f"logits.{rows}x{cols}")
    targets.tofile(folder / f"targets.{rows}x{cols}")
    shifted = logits - logits.max(1, keepdims=True).astype(np.float64)
    log_sum = np.log(np.exp(shifted).sum(1))
    log_probs = shifted[np.arange(rows), targets] - log_sum
    prob = np.exp(log_probs[-1])
    return {
        "copy": logits[-1, targets[-1]],
        "softmax": prob,
        "log-softmax": log_probs[-1],
        "cross-entropy": -log_probs.mean(),
        "cross-entropy-fused": (prob - 1) / rows,
    }


def measure(peers, op, rows, cols, expected, folder, seconds, rounds):
    """Returns the times of every peer that has the operation: in each round all take turns, each time from another one on."""
    found, names = {}, list(peers)
    for turn in range(rounds):
        order = [names[(turn + index) % len(names)] for index in range(len(names))]
        for name in order:
            if turn > 0 and name not in found:
                continue
            answer = peers[name].ask(op, rows, cols, seconds / rounds, folder)
            if answer is None:
                found.pop(name, None)
                continue
            probe, times = answer
            if not np.isclose(probe, expected, rtol=1e-3, atol=1e-12):
                print(f"{name} gives {probe} for {op} {rows} x {cols}, expected {expected}: left out")
                found.pop(name, None)
                continue
            found.setdefault(name, []).append(statistics.median(times))
    return found


def result(op, rows, cols, name, times):
    quartiles = statistics.quantiles(times, n=4) if len(times) > 1 else times * 3
    size = rows * cols * BYTES[op]
    return {
        "peer": name,
        "op": op,
        "rows": rows,
        "cols": cols,
        "bytes": size,
        "time_ns": round(quartiles[1] * 1e9),
        "quartiles_ns": [round(quartiles[0] * 1e9), round(quartiles[2] * 1e9)],
        "rounds": len(times),
        "gb_per_s": round(size / quartiles[1] / 1e9, 3),
    }


def table(results, names):
    """Returns tables of milliseconds, one an operation, the fastest of a shape in bold."""
    text = ""
    for op in BYTES:
        shapes = [shape for shape in SHAPES if any((r["op"], r["rows"], r["cols"]) == (op, *shape) for r in results)]
        if not shapes:
            continue
        text += f"\n| {op}, ms | " + " | ".join(f"{rows:,} x {cols:,}" for rows, cols in shapes) + " |\n"
        text += "| --- |" + " ---: |" * len(shapes) + "\n"
        for name in names:
            cells = []
            for rows, cols in shapes:
                of = {r["peer"]: r["time_ns"] / 1e6 for r in results if (r["op"], r["rows"], r["cols"]) == (op, rows, cols)}
                cell = f"{of[name]:.2f}" if name in of else "-"
                cells.append(f"**{cell}**" if name in of and of[name] == min(of.values()) else cell)
            if set(cells) != {"-"}:
                text += f"| {name} | " + " | ".join(cells) + " |\n"
    return text


def versions(build):
    found = {name: importlib.metadata.version(name) for name in ("torch", "onnxruntime")}
    pinned = [(name, HERE / name / "Cargo.toml", name + "(?:-core)?") for name in ("burn", "candle")]
    pinned.append(("onnxruntime-webgpu", HERE / "requirements-webgpu.txt", "onnxruntime-webgpu"))
    for name, file, pattern in pinned:
        found[name] = re.search(rf'{pattern}\s*=.*?=([\d.]+)', file.read_text())[1]
    return found


def processor():
    if platform.system() == "Linux":
        found = re.search("model name.*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        return found[1] if found else platform.machine()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("build", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=240, help="time to measure [default: 240]; preparing comes in addition")
    parser.add_argument("--rounds", type=int, default=7, help="turns of every peer in a case [default: 7]")
    parser.add_argument("--op", nargs="+", choices=BYTES, default=list(BYTES))
    parser.add_argument("--only", nargs="+", metavar="WORD", help="peers whose names contain one of these")
    parser.add_argument("--json", default="results.json", help="[default: results.json]")
    options = parser.parse_args()
    folder = pathlib.Path(options.build) / "inputs"
    folder.mkdir(exist_ok=True)
    wanted = lambda name: not options.only or any(word in name for word in options.only)
    running = {name: Peer(command) for name, command in peers(options.build).items() if wanted(name)}
    report = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {processor()}",
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "versions": versions(options.build),
        "results": [],
    }
    seconds = options.seconds / len(SHAPES) / len(options.op) / len(running)
    for rows, cols in SHAPES:
        expected = draw(folder, rows, cols)
        for op in options.op:
            found = measure(running, op, rows, cols, expected[op], folder, seconds, options.rounds)
            report["results"] += [result(op, rows, cols, name, times) for name, times in found.items()]
            pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    for peer in running.values():
        peer.stop()
    print(table(report["results"], running))


main()
