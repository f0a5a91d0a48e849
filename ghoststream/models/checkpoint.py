"""Tensors from a weights file into a network, or one sentence saying why they do not fit.

load_checkpoint(model, Path("ghostnet_100.safetensors"))
"""

import pickle
from collections.abc import Container, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ghoststream.errors import WeightsError
from ghoststream.models.preprocessing import Preprocessing

# Counts batches seen while training; inference has no use for it, and small files leave it out.
COUNTER = "num_batches_tracked"
# What a profiler of multiply-adds left in some files of the authors.
PROFILE = ("total_ops", "total_params")


def load_checkpoint(model: nn.Module, path: Path) -> None:
    """Copies every tensor of a file into the network of the same names and shapes.

    Args:
        model: keeps its own number format; a file of half precision is widened.
        path: .safetensors, or what `torch.save` wrote, of which only tensors are read.

    Raises:
        WeightsError: damaged, holding more than tensors, or of another network.
    """
    wanted = {name: t for name, t in model.state_dict().items() if not name.endswith(COUNTER)}
    tensors = {_own_name(name, wanted): tensor for name, tensor in read_checkpoint(path).items()}
    _check_fit(tensors, wanted, path)
    model.load_state_dict(tensors, strict=False)


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, without the wrappings that training tools add.

    Raises:
        WeightsError: damaged, or holding something other than named tensors.
    """
    loaded = _load_safetensors(path) if path.suffix == ".safetensors" else _load_pickled(path)
    tensors = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else None
    if not isinstance(tensors, Mapping) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise WeightsError(f"{path} holds something other than tensors with names")
    return {
        # DataParallel puts `module.` in front.
        str(name).removeprefix("module."): tensor
        for name, tensor in tensors.items()
        if not str(name).endswith((COUNTER, *PROFILE))
    }


def save_checkpoint(
    model: nn.Module,
    path: Path,
    *,
    architecture: str,
    preprocessing: Preprocessing,
    about: Mapping[str, str],
) -> None:
    """Writes tensors in half precision, and what `resolve_weights` wants to know of them.

    Args:
        model: whose parameters have the published names.
        path: of a .safetensors file.
        architecture: name of the network, as `find_model` takes it.
        preprocessing: that pictures want.
        about: what else the file is to say of itself.

    Raises:
        OSError: it cannot be written.
    """
    tensors = {
        name: _narrowed(tensor)
        for name, tensor in model.state_dict().items()
        if not name.endswith(COUNTER)
    }
    metadata = {
        **about,
        "format": "pt",
        "architecture": architecture,
        "input_size": str(preprocessing.input_size),
        "crop_pct": repr(preprocessing.crop),
        "interpolation": preprocessing.interpolation,
        "mean": ",".join(map(repr, preprocessing.mean)),
        "std": ",".join(map(repr, preprocessing.std)),
    }
    save_file(tensors, path, metadata=metadata)


def _narrowed(tensor: Tensor) -> Tensor:
    whole = tensor.detach().cpu().contiguous()
    if not whole.is_floating_point():
        return whole.clone()
    halves = whole.half()
    # A variance can be larger than halves hold.
    return halves if halves.isfinite().all() else whole.clone()


def _own_name(name: str, wanted: Container[str]) -> str:
    # GhostNetV3's authors call bn what timm calls bn1; in other networks bn is right.
    return name if name in wanted else name.replace(".bn.", ".bn1.")


def _load_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path} is damaged, or no safetensors file: {error}") from error


def _load_pickled(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path} is damaged, or holds code beside its tensors; nothing in it was run. "
            f"A .safetensors file holds tensors only"
        ) from error


def _check_fit(tensors: dict[str, Tensor], wanted: dict[str, Tensor], path: Path) -> None:
    for name, tensor in wanted.items():
        found = tensors.get(name)
        if found is None:
            raise WeightsError(f"{path} is of another network: it has no tensor {name}")
        if found.shape != tensor.shape:
            raise WeightsError(
                f"{path} is of another network: {name} is {tuple(found.shape)} there, "
                f"and {tuple(tensor.shape)} here"
            )
        if not found.isfinite().all():
            raise WeightsError(f"{path} is damaged: {name} holds numbers that are not finite")
    for name in tensors:
        if name not in wanted:
            raise WeightsError(f"{path} is of another network: no place for its tensor {name}")
