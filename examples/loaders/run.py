"""Runs exported kernels by wgpu-py (pip install numpy wgpu), and compares the cases with their results: run.py EXPORT.json"""

import json, re, sys
import numpy as np, wgpu

USAGE = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.UNIFORM | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST


def open_device(export):
    adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
    features = [name.replace("subgroups", "subgroup") for name in export["required_features"]]
    limits = {re.sub("[A-Z]", lambda c: "-" + c[0].lower(), name): n for name, n in export["required_limits"].items()}
    return adapter.request_device_sync(required_features=features, required_limits=limits)


def prepare(device, export):
    """Compiles the kernels and binds buffers. Returns a function that runs them, from inputs to the bytes of every buffer."""
    buffers, dispatches = [device.create_buffer(size=b["bytes"], usage=USAGE) for b in export["buffers"]], []
    compiled = {}  # one text may have many dispatches
    for d in export["dispatches"]:
        params = device.create_buffer_with_data(data=np.array(d["params"], "<u4"), usage=USAGE)
        kind = lambda b: {"visibility": wgpu.ShaderStage.COMPUTE, "buffer": {"type": b["type"]}}
        of = lambda b: {"buffer": params if b["buffer"] is None else buffers[b["buffer"]], "offset": b["offset"], "size": b["size"]}
        entries = [{"binding": b["binding"], "resource": of(b)} for b in d["bindings"]]
        if d["wgsl"] not in compiled:
            layout = device.create_bind_group_layout(entries=[{"binding": b["binding"], **kind(b)} for b in d["bindings"]])
            module = device.create_shader_module(code=d["wgsl"])
            stage = {"module": module, "entry_point": d["entry_point"], "constants": d["constants"]}
            whole = device.create_pipeline_layout(bind_group_layouts=[layout])
            compiled[d["wgsl"]] = layout, device.create_compute_pipeline(layout=whole, compute=stage)
        layout, pipeline = compiled[d["wgsl"]]
        dispatches.append((pipeline, device.create_bind_group(layout=layout, entries=entries), d["workgroups"]))
    def run(inputs):
        for given in inputs:
            device.queue.write_buffer(buffers[given["buffer"]], 0, np.array(given["words"], "<u4"))
        encoder = device.create_command_encoder()
        compute = encoder.begin_compute_pass()
        for pipeline, group, workgroups in dispatches:
            compute.set_pipeline(pipeline)
            compute.set_bind_group(0, group)
            compute.dispatch_workgroups(*workgroups)
        compute.end()
        device.queue.submit([encoder.finish()])
        return [bytes(device.queue.read_buffer(b)) for b in buffers]
    return run


def judge(export, case, found):
    for e in case["expected"]:
        dtype = export["buffers"][e["buffer"]]["dtype"]
        values, allowed = ([float(v) for v in e[key]] for key in ("values", "tolerances"))
        got = np.frombuffer(found[e["buffer"]], {"f32": "<f4", "f16": "<f2", "bf16": "<u2"}[dtype])[: len(values)]
        got = (got.astype("<u4") << 16).view("<f4") if dtype == "bf16" else got.astype("f4")
        right = np.isclose(got.astype("f8"), values, rtol=0, atol=allowed, equal_nan=True)
        assert right.all(), f"{case['name']}, {e['name']}: {got[~right][0]}, not {np.array(values)[~right][0]}"


if __name__ == "__main__":
    export = json.load(open(sys.argv[1]))
    run = prepare(open_device(export), export)
    for case in export["cases"]:
        judge(export, case, run(case["inputs"]))
    print(f"{export['op']}: {len(export['cases'])} cases within their bounds")
