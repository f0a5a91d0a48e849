"""What a distillation leaves on the disk: a checkpoint to go on from, and weights to use.

write_checkpoint(path, state)
write_student(path, model, name="ghostnet_100", temperature=0.6, about={"samples": "473216"})
"""

import pickle
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from ghoststream.errors import WeightsError
from ghoststream.models.backbone import Backbone
from ghoststream.models.checkpoint import save_checkpoint
from ghoststream.models.factory import load_model
from ghoststream.models.weights import Weights

TEMPERATURE = "temperature"
"""In the metadata of weights: what their classifier has been divided by."""


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Numbers, texts and tensors, by name."""
    torch.save(dict(state), path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `write_checkpoint` has written; no code in it is run.

    Raises:
        WeightsError: damaged, or something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path} is no checkpoint of a distillation, or damaged; delete it to begin anew"
        ) from error
    return dict(state)


@torch.no_grad()
def load_student(weights: Weights) -> Backbone:
    """A network to go on training: its classifier as training left it, before calibration.

    Raises:
        WeightsError: damaged, of another network, or of a temperature that is none.
    """
    model = load_model(weights)
    stated = weights.metadata.get(TEMPERATURE, "1")
    try:
        temperature = float(stated)
    except ValueError:
        raise WeightsError(f"{weights.path} states a temperature of {stated!r}") from None
    for parameter in model.classifier.parameters():
        parameter.mul_(temperature)
    return model


@torch.no_grad()
def write_student(
    path: Path, model: Backbone, *, name: str, temperature: float, about: Mapping[str, str]
) -> None:
    """Weights in half precision, as `--weights FILE` takes them.

    Args:
        path: of a .safetensors file.
        model: as training left it.
        name: of the network.
        temperature: by which the classifier is divided.
        about: what else the file is to say of itself.
    """
    calibrated = deepcopy(model)
    for parameter in calibrated.classifier.parameters():
        parameter.div_(temperature)
    classes = str(model.classifier.out_features)
    save_checkpoint(
        calibrated,
        path,
        architecture=name,
        preprocessing=model.preprocessing,
        about={**about, "num_classes": classes, TEMPERATURE: repr(temperature)},
    )
