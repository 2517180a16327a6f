"""Runs every export of a folder by examples/loaders/run.py, and compares the words with those of the crate."""

import json, sys
from pathlib import Path

import jsonschema
import numpy as np

loaders = Path(__file__).parent.parent.parent / "examples" / "loaders"
sys.path.insert(0, str(loaders))
import run

schema = jsonschema.Draft202012Validator(json.loads((loaders / "schema.json").read_text()))
devices, equal, wrong, left_out = {}, 0, [], []
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    export = json.loads(path.read_text())
    schema.validate(export)
    needs = json.dumps([export["required_features"], export["required_limits"]])
    try:
        device = devices[needs] = devices.get(needs) or run.open_device(export)
    except Exception as error:
        left_out.append(f"{path.stem}: {error}".splitlines()[0])
        continue
    results = []
    runs = run.prepare(device, export)
    for case in export["cases"]:
        found = runs(case["inputs"])
        run.judge(export, case, found)
        outputs = [(b["name"], f) for b, f in zip(export["buffers"], found) if b["role"] in ("output", "inout")]
        results.append({name: np.frombuffer(data, "<u4").tolist() for name, data in outputs})
    same = results == json.loads(path.with_suffix(".results").read_text())
    equal += same
    wrong += [] if same else [path.stem]
names = {device.adapter.info["device"] for device in devices.values()}
print(f"wgpu-py on {', '.join(names)}: {equal} exports with the same bits, {len(left_out)} that it cannot run")
print(*left_out[:3], sep="\n")
sys.exit(f"other bits in {len(wrong)}: {', '.join(wrong[:10])}" if wrong or not equal else 0)
