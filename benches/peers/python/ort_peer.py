"""ONNX Runtime: `cpu`, or `webgpu`, whose times include the copies to the device and back, since Python cannot keep tensors there."""

import sys

import onnxruntime
from onnx import TensorProto, helper

import peer

NODES = {"softmax": "Softmax", "log-softmax": "LogSoftmax", "cross-entropy": "SoftmaxCrossEntropyLoss"}
PROVIDER = {"cpu": "CPUExecutionProvider", "webgpu": "WebGpuExecutionProvider"}[sys.argv[1]]


def model(op):
    has_targets = op == "cross-entropy"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", "cols"])]
    if has_targets:
        inputs.append(helper.make_tensor_value_info("t", TensorProto.INT64, ["rows"]))
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [] if has_targets else ["rows", "cols"])
    options = {} if has_targets else {"axis": -1}
    node = helper.make_node(NODES[op], [input.name for input in inputs], ["y"], **options)
    graph = helper.make_graph([node], op, inputs, [output])
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def prepare(op, logits, targets):
    # The WebGPU provider leaves the others to the CPU.
    if op not in NODES or (sys.argv[1] == "webgpu" and op != "softmax"):
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(model(op), options, providers=[PROVIDER])
    except Exception:  # no adapter
        return None
    if PROVIDER not in session.get_providers():
        return None
    inputs = {"x": logits, "t": targets} if op == "cross-entropy" else {"x": logits}
    return lambda: session.run(None, inputs)[0]


peer.serve(prepare)
