"""The processes of a data-parallel run: who this one is, and sums over all of them."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch import distributed as dist


class Distributed:
    """This process among those of the run, as torchrun and accelerate announce them (RANK, WORLD_SIZE, LOCAL_RANK).

    Without these variables the run is this process alone. Every process has one GPU if there are any.
    """

    def __init__(self) -> None:
        self.rank, self.world_size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(self.device)

    @contextmanager
    def process_group(self) -> Iterator[None]:
        """Within it, the processes are connected: by nccl between GPUs, by gloo between CPUs."""
        if self.world_size == 1:
            yield
            return
        dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
        try:
            yield
        finally:
            dist.destroy_process_group()

    def all_reduce(self, tensors: list[Tensor]) -> None:
        """Each tensor becomes its sum over all processes, in place."""
        if self.world_size > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)


def peak_memory(device: torch.device) -> str:
    """The most memory that was in use, in words."""
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB on {torch.cuda.get_device_name(device)}"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
