"""Pooled embeddings to labels.

head = load_head("my_labels.safetensors")
predictions = predict(embeddings, head=head, top_k=5, floor=0.1)
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ghoststream.errors import HeadError
from ghoststream.types import Embedding, Framing, Label, Prediction, Vector

FORMAT = "ghoststream.head/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a head was trained: clips have to be made alike when it is used."""

    fps: Fraction
    """Frames a second that were looked at."""
    window: Fraction
    """Seconds that a clip spanned at most."""
    framing: Framing
    enter: float
    """Score at which an event is to begin."""
    leave: float
    """Score below which it is no longer seen."""
    model: str | None = None
    """Name of the network whose embeddings it learnt from; None where nobody wrote it down."""
    background: str | None = None
    """The class of which no events are told."""
    files: tuple[str, ...] = ()
    """Sha256 of each file that it was trained on."""
    groups: tuple[str, ...] = ()
    """Sha256 of the name of each group that it was trained on, where somebody named it."""
    figures: Mapping[str, object] = field(default_factory=dict)
    """How well it did in cross-validation, ready for JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBackbone:
    """Weights that learnt together with a head, in a file that lies beside it."""

    model: str
    """Name of the network."""
    file: str
    """Name of the file of weights."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearHead:
    """A fully connected layer and a softmax over named classes."""

    weight: NDArray[np.float32]
    """C x D."""
    bias: NDArray[np.float32]
    """C numbers."""
    labels: tuple[str, ...]
    pooling: str
    """The pooling that it was trained on."""
    backbone_sha256: str
    """Of the weights whose embeddings it was trained on."""
    query: Vector | None = None
    """Of pooling by attention: D numbers."""
    training: Training | None = None
    """None where nobody wrote it down."""
    backbone: OwnBackbone | None = None
    """None where the network is one that others use, too."""

    def __post_init__(self) -> None:
        classes = len(self.labels)
        if self.weight.ndim != 2 or len(self.weight) != classes or self.bias.shape != (classes,):
            raise HeadError(
                f"a head of {classes} labels needs a weight of {classes} x D and a bias of "
                f"{classes}, got {self.weight.shape = } and {self.bias.shape = }"
            )
        if self.query is not None and self.query.shape != self.weight.shape[1:]:
            raise HeadError(
                f"the query of a head is as long as its vectors, got {self.query.shape = } and "
                f"{self.weight.shape = }"
            )

    def scores(self, vector: Vector) -> NDArray[np.float32]:
        """Softmax of the logits: C numbers that sum to 1."""
        # Not by BLAS: its threads spin while they wait, and take cores from decoders.
        logits = np.einsum("cd,d->c", self.weight, vector) + self.bias
        exponentials = np.exp(logits - logits.max())
        return np.asarray(exponentials / exponentials.sum(), dtype=np.float32)


def predict(
    embeddings: Iterable[Embedding], *, head: LinearHead, top_k: int, floor: float
) -> Iterator[Prediction]:
    """Names each embedding.

    Args:
        embeddings: pooled as `head.pooling` says.
        head: weight C x D.
        top_k: labels to keep, best first.
        floor: labels that score at least as much are kept beyond `top_k`, so that an event which
            still holds is never cut short by the length of a list.
    """
    for embedding in embeddings:
        scores = head.scores(embedding.vector)
        # A stable order, so that equal scores give the same list on every machine.
        order = np.argsort(-scores, kind="stable")
        kept = order[: max(top_k, int((scores >= floor).sum()))]
        yield Prediction(span=embedding.span, labels=tuple(_label(head, scores, i) for i in kept))


def _label(head: LinearHead, scores: NDArray[np.float32], index: np.intp) -> Label:
    return Label(label=head.labels[index], label_id=int(index), score=float(scores[index]))


def check_head(head: LinearHead, *, features: int, pooling: str, backbone_sha256: str) -> None:
    """Refuses a head that was trained on other embeddings than the pipeline's.

    Raises:
        HeadError: another pooling, length of vector, or backbone.
    """
    if head.pooling != pooling:
        raise HeadError(f"the head was trained on pool {head.pooling!r}, not {pooling!r}; set pool")
    if head.backbone_sha256 != backbone_sha256:
        raise HeadError(
            f"the head belongs to backbone weights {head.backbone_sha256[:12]}, but "
            f"{backbone_sha256[:12]} are loaded; choose {_its_weights(head)}, or train it again"
        )
    if head.weight.shape[1] != features:
        raise HeadError(
            f"the head takes vectors of {head.weight.shape[1]} numbers, but pool {pooling!r} gives "
            f"{features}; train it on this pooling"
        )


def _its_weights(head: LinearHead) -> str:
    if head.training is None or head.training.model is None:
        return "the right weights"
    return f"model {head.training.model} and the right weights"


def load_head(path: Path) -> LinearHead:
    """Reads a head from a safetensors file.

    Raises:
        HeadError: no such file, damaged, or not a head.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise HeadError(
            f"cannot read the head {str(path)!r}: {error}; it must be a safetensors file"
        ) from error
    if metadata.get("format") != FORMAT or not {"weight", "bias"} <= tensors.keys():
        raise HeadError(
            f"{str(path)!r} is not a head: it needs the tensors weight and bias, and metadata "
            f"format {FORMAT!r}, but has {sorted(tensors)} and {metadata.get('format')!r}"
        )
    return LinearHead(
        weight=tensors["weight"].astype(np.float32),
        bias=tensors["bias"].astype(np.float32),
        labels=tuple(json.loads(metadata["labels"])),
        pooling=metadata["pooling"],
        backbone_sha256=metadata["backbone_sha256"],
        query=tensors["query"].astype(np.float32) if "query" in tensors else None,
        training=_training(path, metadata.get("training")),
        backbone=_backbone(path, metadata.get("backbone")),
    )


def save_head(head: LinearHead, path: Path) -> None:
    """Writes a head to a safetensors file that `load_head` reads."""
    metadata = {
        "format": FORMAT,
        "labels": json.dumps(head.labels, ensure_ascii=False),
        "pooling": head.pooling,
        "backbone_sha256": head.backbone_sha256,
    }
    if head.training is not None:
        metadata["training"] = json.dumps(asdict(head.training), default=str, ensure_ascii=False)
    if head.backbone is not None:
        metadata["backbone"] = json.dumps(asdict(head.backbone), ensure_ascii=False)
    tensors = {"weight": head.weight, "bias": head.bias}
    if head.query is not None:
        tensors["query"] = head.query
    save_file(tensors, path, metadata=metadata)


def _training(path: Path, text: str | None) -> Training | None:
    if text is None:
        return None
    try:
        values = json.loads(text)
        rates = {name: Fraction(values[name]) for name in ("fps", "window")}
        known = {"files": tuple(values["files"]), "groups": tuple(values.get("groups", ()))}
        return Training(**{**values, **rates, **known})
    except (ValueError, TypeError, KeyError, ZeroDivisionError) as error:
        raise HeadError(
            f"{str(path)!r} says in a way that is not understood how it was trained ({error}); "
            "train it again"
        ) from error


def _backbone(path: Path, text: str | None) -> OwnBackbone | None:
    if text is None:
        return None
    try:
        own = OwnBackbone(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise HeadError(
            f"{str(path)!r} says in a way that is not understood which network it belongs to "
            f"({error}); train it again"
        ) from error
    if Path(own.file).name != own.file:
        raise HeadError(
            f"{str(path)!r} names {own.file!r} as its network, which is not a file beside it; "
            "train it again"
        )
    return own
