"""What is known of a network before it is built.

ModelEntry(network="ghostnet", width=1.0).preprocessing.input_size  # 224
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ghoststream.models.preprocessing import Preprocessing

Family: TypeAlias = Literal[
    "ghostnet", "ghostnetv2", "ghostnetv3", "efficientnet_lite0", "timm", "torchvision"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """How to build a network, and where trained weights for it are."""

    network: Family = "ghostnet"
    """Which generation, or whose."""
    width: float = 1.0
    """Factor on the number of channels of a GhostNet."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """What pictures are made like, where the weights say nothing."""
    bundled: str | None = None
    """File name in the package, where weights come with it."""
    package: str | None = None
    """Distribution that brings weights, where one does."""
    package_about: str = ""
    """How good that package's weights are, in a few words."""
    hub: str | None = None
    """Where somebody published weights: a repository on the Hugging Face hub, or the web address
    of a file."""
    hub_about: str = ""
    """How good the hub's weights are, in a few words."""
