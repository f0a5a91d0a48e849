"""What came of a training, as the API tells it.

report = report_of(folder, training)
report.confusion
"""

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict

from ghoststream.errors import NotThere
from ghoststream.serve.teach.plan import REPORT
from ghoststream.serve.teach.trainer import Training

PictureName: TypeAlias = Literal[
    "confusion", "precision_recall", "calibration", "learning_curve", "mistakes"
]


class ShareItem(BaseModel):
    """A part of some clips, with the interval in which its true value lies in 19 of 20 cases."""

    value: float | None
    low: float
    high: float
    of: int


class ClassReport(BaseModel):
    """How one class did."""

    label: str
    precision: ShareItem
    recall: ShareItem
    average_precision: float | None


class Report(BaseModel):
    """How well a head does on clips of groups that it does not know."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    basis: str
    clips: int
    groups: int
    pooling: str
    labels: list[str]
    accuracy: ShareItem
    mean_recall: float
    classes: list[ClassReport]
    confusion: list[list[int]]
    """Clips by true class (rows) and given one (columns)."""
    calibration_error: float
    learning_curve_says: str
    lost: list[str]
    pictures: dict[PictureName, str] = {}
    """Addresses of figures, by what they show."""


def report_of(folder: Path, training: Training) -> Report | None:
    """The report of a training; None of one that has none.

    Args:
        folder: of the training.
        training: whose it is.
    """
    path = folder / REPORT / "report.json"
    if training.state != "done" or not path.is_file():
        return None
    report = Report.model_validate_json(path.read_bytes())
    names: tuple[PictureName, ...] = get_args(PictureName)
    there = [name for name in names if _picture(folder, name) is not None]
    address = f"/api/trainings/{training.id}/pictures"
    return report.model_copy(update={"pictures": {name: f"{address}/{name}" for name in there}})


def picture_of(folder: Path, name: PictureName) -> Path:
    """File of a figure.

    Raises:
        NotThere: the training has no such figure.
    """
    path = _picture(folder, name)
    if path is None:
        raise NotThere(f"this training has no figure of {name}")
    return path


def _picture(folder: Path, name: PictureName) -> Path | None:
    path = folder / REPORT / f"{name}.{'jpg' if name == 'mistakes' else 'png'}"
    return path if path.is_file() else None
