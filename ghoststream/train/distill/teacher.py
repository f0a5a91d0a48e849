"""What the student is to answer: a network whose parameters stay as they are.

teacher = load_teacher(resolve_weights("efficientnet_lite0"), side=192)
teacher(pixels)  # embeddings N x D, logits N x C
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from ghoststream.models.backbone import Backbone
from ghoststream.models.factory import load_model
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.runtime import Runtime, load_runtime
from ghoststream.models.segments import segments, stage_channels
from ghoststream.models.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What a network says of N pictures."""

    embeddings: Tensor
    """N x D."""
    logits: Tensor
    """N x C."""


class Teacher:
    """Embeds by whatever runs the network, and names by its last layer.

    Args:
        runtime: of any network.
        device: where its answers are to be.
    """

    def __init__(self, runtime: Runtime, *, device: str = "cpu") -> None:
        self._runtime, self._device = runtime, device
        self.side = runtime.preprocessing.input_size
        self.num_features, self.info = runtime.num_features, runtime.info
        self._classifier = [torch.from_numpy(part).to(device) for part in self.classifier()]

    def classifier(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight C x D and bias C of the last layer."""
        weight, bias = self._runtime.classifier()
        return weight.copy(), bias.copy()

    def __call__(self, pixels: NDArray[np.uint8]) -> Answers:
        """Answers to pictures N x side x side x 3."""
        embeddings = torch.from_numpy(self._runtime.embed(pixels)).to(self._device)
        return Answers(embeddings=embeddings, logits=linear(embeddings, *self._classifier))


def load_teacher(weights: Weights, *, side: int, device: Literal["cpu", "cuda"] = "cpu") -> Teacher:
    """A teacher that OpenVINO runs on the CPU, and torch on a card.

    Args:
        weights: of any network.
        side: of the pictures that it is shown, in pixels.
        device: where it runs, and where its answers are.

    Raises:
        ConfigError: a network that does not take pictures of that size.
        WeightsError: damaged weights, or weights of another network.
    """
    preprocessing = replace(weights.preprocessing, input_size=side)
    resized = replace(weights, preprocessing=preprocessing)
    return Teacher(load_runtime(weights.model, resized, device), device=device)


class TeacherStages:
    """The features within the teacher, at the student's size of pictures."""

    def __init__(self, model: Backbone, device: str) -> None:
        model.requires_grad_(False)
        model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._stages = segments(model)[:-1]
        self._preprocessing = model.preprocessing

    @torch.no_grad()
    def __call__(self, pixels: Tensor) -> list[Tensor]:
        """The end of each of the five stages, of pixels N x 3 x S x S, 0 to 255."""
        x, features = normalised(pixels, self._preprocessing), []
        for stage in self._stages:
            x = stage(x)
            features.append(x)
        return features


def teacher_stages(weights: Weights, student: Backbone, device: str) -> TeacherStages | None:
    """The teacher's stages; None where they and the student's have other channels.

    Args:
        weights: of the teacher.
        student: in evaluation mode, on the CPU.
        device: where they are to run.
    """
    model = load_model(weights)
    channels = stage_channels(student)
    if not channels or stage_channels(model) != channels:
        return None
    return TeacherStages(model, device)


def normalised(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Pixels N x 3 x H x W, 0 to 255, as a network wants them."""
    mean, std = (
        255 * torch.tensor(values, device=pixels.device).view(1, 3, 1, 1)
        for values in (preprocessing.mean, preprocessing.std)
    )
    return (pixels.float() - mean) / std


def as_tensor(pixels: NDArray[np.uint8], device: str) -> Tensor:
    """Pixels N x S x S x 3 as N x 3 x S x S; nothing is moved: torch calls this channels last."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)
