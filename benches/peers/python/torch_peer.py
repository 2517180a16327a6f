"""PyTorch on the CPU: `eager` or `compiled`. Outputs are fresh, as users write it; `copy` is a yardstick for the machine's memory."""

import sys

import torch
import torch.nn.functional as F

import peer

OPERATIONS = {
    "copy": lambda x, _: x.clone(),
    "softmax": lambda x, _: F.softmax(x, -1),
    "log-softmax": lambda x, _: F.log_softmax(x, -1),
    "cross-entropy": F.cross_entropy,
    "cross-entropy-fused": F.cross_entropy,
}


def prepare(op, logits, targets):
    logits, targets = torch.from_numpy(logits), torch.from_numpy(targets)
    function = OPERATIONS[op]
    if sys.argv[1] == "compiled":
        if op == "copy":
            return None
        torch._dynamo.reset()
        function = torch.compile(function, dynamic=False)
    if op == "cross-entropy-fused":
        return lambda: gradient(function, logits, targets)
    return torch.no_grad()(lambda: function(logits, targets))


def gradient(loss, logits, targets):
    logits = logits.detach().requires_grad_(True)
    loss(logits, targets).backward()
    return logits.grad


peer.serve(prepare)
