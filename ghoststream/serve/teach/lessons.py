"""Examples as the table that a training reads, with what belongs together kept together.

lesson = write_lesson(folder / "examples.csv", examples, contents)
lesson.notices
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghoststream.errors import DataError
from ghoststream.serve.teach.examples import Example
from ghoststream.sinks.atomic import output_errors

COLUMNS = ("path", "label", "start", "end", "group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A table that was written."""

    path: Path
    examples: int
    notices: tuple[str, ...]
    """Sentences about what the figures of the training rest on."""


def write_lesson(path: Path, examples: Sequence[Example], contents: Mapping[str, str]) -> Lesson:
    """Writes the examples that a head is to be trained from.

    Args:
        path: of a CSV file.
        examples: of all classes.
        contents: SHA-256 of videos by their id in the store: copies of one video are one group.

    Raises:
        DataError: nothing can be learnt from them; says what is missing.
        OutputError: the file cannot be written.
    """
    writable = [example for example in examples if _is_writable(example.path)]
    _check_classes(writable)
    groups, notice = grouped(writable, contents)
    _check_groups(writable, groups)
    with output_errors(path), path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(_row(example, groups[example.id]) for example in writable)
    left_out = len(examples) - len(writable)
    odd = f"{left_out} examples are left out, since the names of their files are not UTF-8"
    notices = tuple(filter(None, [notice, odd if left_out else None]))
    return Lesson(path=path, examples=len(writable), notices=notices)


def grouped(
    examples: Sequence[Example], contents: Mapping[str, str]
) -> tuple[dict[str, str], str | None]:
    """What is never on both sides of a check: a video, or all that a camera has seen.

    Where a class is known from one camera only, days are kept apart instead.

    Args:
        examples: of all classes.
        contents: as for `write_lesson`.

    Returns:
        Groups by the id of the example, and a sentence, where it had to be days.
    """
    groups = {each.id: _group(each, contents, by_day=False) for each in examples}
    lonely = [
        label
        for label in _of_one_group(examples, groups)
        if any(each.label == label and each.kind == "camera" for each in examples)
    ]
    if not lonely:
        return groups, None
    by_day = {each.id: _group(each, contents, by_day=True) for each in examples}
    notice = (
        f"all examples of {_named(lonely)} are of one camera, so days were kept apart instead of "
        "cameras: the figures say nothing of another camera; add examples of one to know"
    )
    return by_day, notice


def _group(example: Example, contents: Mapping[str, str], *, by_day: bool) -> str:
    if example.kind == "archive":
        video = example.video or str(example.path)
        return f"video {contents.get(video, video)}"
    day = f" {example.day}" if by_day else ""
    return f"camera {example.source}{day}"


def _of_one_group(examples: Sequence[Example], groups: Mapping[str, str]) -> list[str]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        found[example.label].add(groups[example.id])
    return sorted(label for label, those in found.items() if len(those) == 1)


def _check_classes(examples: Sequence[Example]) -> None:
    counts = Counter(example.label for example in examples)
    if len(counts) < 2:
        there = (
            f"only the class {next(iter(counts))!r} has examples"
            if counts
            else ("there are no examples")
        )
        raise DataError(
            f"{there}; it takes two classes to tell apart, so mark examples of what else is seen, "
            "such as a class background"
        )


def _check_groups(examples: Sequence[Example], groups: Mapping[str, str]) -> None:
    lonely = _of_one_group(examples, groups)
    if lonely:
        raise DataError(
            f"all examples of {_named(lonely)} are of one video, or of one camera and day; add "
            "some of another one, so that the head can be checked on what it was not trained on"
        )


def _named(labels: Sequence[str]) -> str:
    return ("class " if len(labels) == 1 else "classes ") + ", ".join(map(repr, labels))


def _is_writable(path: Path) -> bool:
    """A table in UTF-8 holds it, and its reader gets it back."""
    text = str(path)
    return text == text.strip() and text.encode(errors="replace").decode() == text


def _row(example: Example, group: str) -> tuple[str, ...]:
    start, end = repr(example.start_seconds), repr(example.end_seconds)
    return str(example.path), example.label, start, end, group
