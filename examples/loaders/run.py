"""Runs exported kernels by wgpu-py (pip install numpy wgpu), and compares the cases with their results: run.py EXPORT.json"""

import json, sys
import numpy as np, wgpu

DTYPES = {"f32": "<f4", "f16": "<f2", "bf16": "<u2"}
USAGE = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.UNIFORM | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST


def open_device(export):
    adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
    features = [name.replace("subgroups", "subgroup") for name in export["required_features"]]
    dashed = lambda name: "".join("-" + c.lower() if c.isupper() else c for c in name)
    limits = {dashed(name): least for name, least in export["required_limits"].items()}
    return adapter.request_device_sync(required_features=features, required_limits=limits)


def run(device, export, inputs):
    """Returns the bytes of every buffer after the dispatches."""
    buffers = [device.create_buffer(size=b["bytes"], usage=USAGE) for b in export["buffers"]]
    for given in inputs:
        device.queue.write_buffer(buffers[given["buffer"]], 0, np.array(given["words"], "<u4"))
    encoder = device.create_command_encoder()
    compute = encoder.begin_compute_pass()
    for d in export["dispatches"]:
        params = device.create_buffer_with_data(data=np.array(d["params"], "<u4"), usage=USAGE)
        kinds, entries = [], []
        for b in d["bindings"]:
            buffer = params if b["buffer"] is None else buffers[b["buffer"]]
            kinds.append({"binding": b["binding"], "visibility": wgpu.ShaderStage.COMPUTE, "buffer": {"type": b["type"]}})
            entries.append({"binding": b["binding"], "resource": {"buffer": buffer, "offset": b["offset"], "size": b["size"]}})
        layout = device.create_bind_group_layout(entries=kinds)
        stage = {"module": device.create_shader_module(code=d["wgsl"]), "entry_point": d["entry_point"], "constants": d["constants"]}
        pipeline_layout = device.create_pipeline_layout(bind_group_layouts=[layout])
        compute.set_pipeline(device.create_compute_pipeline(layout=pipeline_layout, compute=stage))
        compute.set_bind_group(0, device.create_bind_group(layout=layout, entries=entries))
        compute.dispatch_workgroups(*d["workgroups"])
    compute.end()
    device.queue.submit([encoder.finish()])
    return [bytes(device.queue.read_buffer(b)) for b in buffers]


def judge(export, case, found):
    """Fails where a value is further from the expected one than is allowed."""
    for e in case["expected"]:
        dtype = export["buffers"][e["buffer"]]["dtype"]
        values, allowed = ([float(v) for v in e[key]] for key in ("values", "tolerances"))
        got = np.frombuffer(found[e["buffer"]], DTYPES[dtype])[: len(values)]
        got = (got.astype("<u4") << 16).view("<f4") if dtype == "bf16" else got.astype("f4")
        right = np.isclose(got.astype("f8"), values, rtol=0, atol=allowed, equal_nan=True)
        assert right.all(), f"{case['name']}, {e['name']}: {got[~right][0]}, not {np.array(values)[~right][0]}"


if __name__ == "__main__":
    export = json.load(open(sys.argv[1]))
    device = open_device(export)
    for case in export["cases"]:
        judge(export, case, run(device, export, case["inputs"]))
    print(f"{export['op']}: {len(export['cases'])} cases within their bounds on {device.adapter.info['device']}")
