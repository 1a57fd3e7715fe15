"""The tables: which file holds which rows."""

from __future__ import annotations

from envspec.catalog.model import AmdGpu, Architecture, BackendRow, CudaLine, CudaRelease, Index, NvidiaGpu
from envspec.catalog.packages import (
    LeftOut,
    LlamaEra,
    LlamaOption,
    LlamaRelease,
    LlamaRewrite,
    LlamaUnbuildable,
    LlamaWheel,
    RocmIndex,
    RocmMinimum,
    TorchGap,
    TorchRelease,
    TorchWheel,
)
from envspec.frozen import Frozen


class Tables(Frozen):
    """All rows; each field is a table of one of the files."""

    # backends.yaml
    backends: tuple[BackendRow, ...]
    indexes: tuple[Index, ...]
    # cuda.yaml
    cuda_lines: tuple[CudaLine, ...]
    cuda_releases: tuple[CudaRelease, ...]
    architectures: tuple[Architecture, ...]
    # gpus.yaml
    nvidia_gpus: tuple[NvidiaGpu, ...]
    amd_gpus: tuple[AmdGpu, ...]
    # torch.yaml
    torch_releases: tuple[TorchRelease, ...]
    torch_wheels: tuple[TorchWheel, ...]
    torch_gaps: tuple[TorchGap, ...]
    rocm_indexes: tuple[RocmIndex, ...]
    # llama_cpp_python.yaml
    llama_eras: tuple[LlamaEra, ...]
    llama_releases: tuple[LlamaRelease, ...]
    llama_left_out: tuple[LeftOut, ...]
    llama_unbuildable: tuple[LlamaUnbuildable, ...]
    llama_rewrites: tuple[LlamaRewrite, ...]
    llama_rocm: tuple[RocmMinimum, ...]
    # llama_wheels.yaml
    llama_wheels: tuple[LlamaWheel, ...]
    # llama_options.yaml
    llama_options: tuple[LlamaOption, ...]
