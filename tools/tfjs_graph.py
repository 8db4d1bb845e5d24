"""Run a TF.js graph model in torch: a list of nodes, each an op with its inputs' names, evaluated once all of these have their values.

It knows the ops of one detector (tools/record_real_specialists.py). Pictures stay [N, H, W, C], as TensorFlow has them.
"""

import base64
import json
from collections.abc import Callable
from graphlib import TopologicalSorter
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


class Graph:
    """A graph model: NAME.json says what its nodes are, and where in the weight files beside it each constant lies."""

    def __init__(self, file: Path) -> None:
        model = json.loads(file.read_text(encoding="utf-8"))
        self.nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
        self.constants: dict[str, Tensor] = {}
        for group in model["weightsManifest"]:
            data = b"".join((file.parent / path).read_bytes() for path in group["paths"])
            self.constants |= constants(data, group["weights"])
        needs = {name: [i.split(":")[0] for i in node.get("input", ())] for name, node in self.nodes.items()}
        self.order = tuple(TopologicalSorter(needs).static_order())

    @torch.inference_mode()
    def __call__(self, output: str, fed: dict[str, Tensor]) -> Tensor:
        """The value of the node `output`; `fed` are the values of the placeholders, by name."""
        values = self.constants | fed
        for name in self.order:
            if name not in values:
                node = self.nodes[name]
                if node["op"] not in OPS:
                    raise NotImplementedError(f"{name}: the op {node['op']} is not among OPS of tools/tfjs_graph.py")
                result = OPS[node["op"]](node["attr"], *[values[i] for i in node.get("input", ())])
                several = result if isinstance(result, tuple) else (result,)
                values |= zip((name, f"{name}:1"), several, strict=False)  # "a:1" is the second output of a
        return values[output]


def constants(data: bytes, entries: list[dict]) -> dict[str, Tensor]:
    """name → value; they lie in `data` one behind the other, some in fewer bits than they are used with."""
    found, start = {}, 0
    for one in entries:
        stored, count = np.dtype(one.get("quantization", one)["dtype"]), prod(one["shape"])
        value = np.frombuffer(data, stored, count, start).astype(one["dtype"])
        found[one["name"]] = torch.from_numpy(value.reshape(one["shape"]))
        start += count * stored.itemsize
    return found


def padded(attr: dict, x: Tensor, size: list[int], value: float = 0.0) -> tuple[Tensor, list[int]]:
    """[N, H, W, C] → [N, C, H + …, W + …], and the steps; "SAME" pads so that H / step windows fit, an odd row at the end."""
    step, around = [int(i) for i in attr["strides"]["list"]["i"][1:3]], []
    for n, k, s in zip(x.shape[1:3], size, step, strict=True):
        extra = max((-(-n // s) - 1) * s + k - n, 0) if base64.b64decode(attr["padding"]["s"]) == b"SAME" else 0
        around = [extra // 2, extra - extra // 2, *around]  # torch wants left, right, top, bottom
    return functional.pad(x.permute(0, 3, 1, 2), around, value=value), step


def convolved(attr: dict, x: Tensor, weight: Tensor, bias: Tensor | None = None, groups: int = 1) -> Tensor:
    """x [N, H, W, C], weight [h, w, C / groups, D] → [N, H', W', D]"""
    x, step = padded(attr, x, list(weight.shape[:2]))
    x = functional.conv2d(x, weight.permute(3, 2, 0, 1), bias, step, groups=groups).permute(0, 2, 3, 1)
    for name in attr.get("fused_ops", {"list": {"s": []}})["list"]["s"][1:]:  # the first is the bias
        x = OPS[base64.b64decode(name).decode()]({}, x)
    return x


def depthwise(attr: dict, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x [N, H, W, C], weight [h, w, C, D]: D filters for each channel → [N, H', W', C · D]"""
    return convolved(attr, x, weight.flatten(2)[:, :, None], bias, groups=x.shape[3])


def largest(attr: dict, x: Tensor) -> Tensor:
    """[N, H, W, C] → [N, H', W', C]: the largest value of each window."""
    size = [int(i) for i in attr["ksize"]["list"]["i"][1:3]]
    x, step = padded(attr, x, size, -torch.inf)
    return functional.max_pool2d(x, size, step).permute(0, 2, 3, 1)


def resized(attr: dict, x: Tensor, size: Tensor) -> Tensor:
    """[N, H, W, C] → [N, H', W', C], bilinear as in TensorFlow 1: pixel i of H' lies at i · H / H'."""
    for dim, new in enumerate(size.tolist(), start=1):
        at = torch.arange(new) * (x.shape[dim] / new)
        after = (at.long() + 1).clamp(max=x.shape[dim] - 1)
        share = (at % 1).view(-1, *[1] * (3 - dim))
        x = torch.lerp(x.index_select(dim, at.long()), x.index_select(dim, after), share)
    return x


def sliced(attr: dict, x: Tensor, *limits: Tensor) -> Tensor:
    """x[begin:end:step] in each dimension; a bit of a mask opens a side."""
    first, last = (int(attr[f"{side}_mask"]["i"]) for side in ("begin", "end"))
    rows = enumerate(zip(*(limit.tolist() for limit in limits), strict=True))
    return x[tuple(slice(None if first >> d & 1 else a, None if last >> d & 1 else b, s) for d, (a, b, s) in rows)]


TYPES = {"DT_FLOAT": torch.float32, "DT_INT32": torch.int32}
OPS: dict[str, Callable] = {  # each takes a node's attributes and its inputs; axes, sizes and counts are inputs, too
    "Add": lambda attr, x, y: x + y,
    "Sub": lambda attr, x, y: x - y,
    "Mul": lambda attr, x, y: x * y,
    "Equal": lambda attr, x, y: x == y,
    "FloorDiv": lambda attr, x, y: x // y,
    "FloorMod": lambda attr, x, y: x % y,
    "Relu": lambda attr, x: x.relu(),
    "Relu6": lambda attr, x: x.clamp(0, 6),
    "Sigmoid": lambda attr, x: x.sigmoid(),
    "Identity": lambda attr, x: x,
    "Cast": lambda attr, x: x.to(TYPES[attr["DstT"]["type"]]),
    "Mean": lambda attr, x, axes: x.mean(axes.tolist(), keepdim=attr["keep_dims"]["b"]),
    "Reshape": lambda attr, x, shape: x.reshape(shape.tolist()),
    "ExpandDims": lambda attr, x, axis: x.unsqueeze(int(axis)),
    "ConcatV2": lambda attr, *x: torch.cat(x[:-1], dim=int(x[-1])),
    "GatherV2": lambda attr, x, places, axis: x.index_select(int(axis), places),
    "TopKV2": lambda attr, x, k: tuple(x.topk(int(k))),
    "StridedSlice": sliced,
    "ResizeBilinear": resized,
    "MaxPool": largest,
    **dict.fromkeys(("Conv2D", "_FusedConv2D"), convolved),
    **dict.fromkeys(("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"), depthwise),
}
