"""Labelled clips as people give them: a folder a class, or a table.

examples = read_examples(Path("clips.csv"), suffixes={".mp4"})
check_examples(examples)
"""

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghoststream.errors import DataError

TABLE = "clips.csv"
"""A folder that holds one is read by it, since it may say which clips belong together."""
REQUIRED = ("path", "label")
OPTIONAL = ("start", "end", "group", "split")
SPLITS = ("", "train", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled clip: a file, or a span of one."""

    path: Path
    label: str
    group: str
    """What it shares with others, such as its camera; a group is never on two sides of a split."""
    start_seconds: float | None = None
    """On the video's own clock; None for its beginning."""
    end_seconds: float | None = None
    """None for its end."""
    split: str = ""
    """train, test, or nothing."""

    @property
    def is_named_group(self) -> bool:
        """Whether somebody named the group; otherwise a file is its own."""
        return self.group != str(self.path)


def read_examples(data: Path, *, suffixes: Collection[str]) -> list[Example]:
    """Reads what there is to learn from.

    Args:
        data: a folder that holds a folder a class or a `clips.csv`, or a CSV file with the columns
            path (relative to the file) and label, and, where wanted, start, end, group and split.
        suffixes: endings of files that count as videos, in small letters.

    Raises:
        DataError: nothing there, or rows that do not hold.

    Example:
        >>> len(read_examples(Path("gestures"), suffixes={".mp4"}))
        120
    """
    if data.is_dir() and not (data / TABLE).is_file():
        return _from_folders(data, suffixes)
    table = data / TABLE if data.is_dir() else data
    examples = list(_from_table(table))
    missing = [example.path for example in examples if not example.path.is_file()]
    if missing:
        raise DataError(
            f"{table} names {len(missing)} files that are not there, such as {missing[0]}; paths "
            "are relative to the table's folder"
        )
    return examples


def _from_folders(data: Path, suffixes: Collection[str]) -> list[Example]:
    folders = sorted(f for f in data.iterdir() if f.is_dir() and not f.name.startswith("."))
    return [
        Example(path=path, label=folder.name, group=str(path))
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in suffixes and path.is_file() and not path.name.startswith(".")
    ]


def _from_table(table: Path) -> Iterator[Example]:
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"cannot read {table}: {error}; give a folder a class, or a CSV file in UTF-8"
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    _check_columns(table, reader.fieldnames or ())
    try:
        for row in reader:
            yield _example(table.parent, row)
    except (ValueError, csv.Error) as error:
        raise DataError(f"{table}, line {reader.line_num}: {error}") from None


def _check_columns(table: Path, columns: Sequence[str]) -> None:
    unknown = [name for name in columns if name not in REQUIRED + OPTIONAL]
    if unknown or not set(REQUIRED) <= set(columns):
        raise DataError(
            f"{table} has the columns {', '.join(columns) or 'none at all'}; it needs path and "
            f"label, and may have {', '.join(OPTIONAL)}"
        )


def _example(folder: Path, row: Mapping[str, str | None]) -> Example:
    cells = {name: (row.get(name) or "").strip() for name in REQUIRED + OPTIONAL}
    if row.get(None) is not None:  # type: ignore[call-overload]  # where DictReader puts the rest
        raise ValueError("more cells than columns; put names with commas in quotes")
    if not cells["path"] or not cells["label"]:
        raise ValueError("needs a path and a label")
    if not cells["label"].isprintable():
        raise ValueError(f"the label {cells['label']!r} must be printable, in one line")
    if cells["split"] not in SPLITS:
        raise ValueError(f"split is {cells['split']!r}; it is train, test, or empty")
    start, end = (_seconds(name, cells[name]) for name in ("start", "end"))
    if start is not None and end is not None and end <= start:
        raise ValueError(f"end ({end:g}) must come after start ({start:g})")
    path = folder / cells["path"]
    return Example(
        path=path,
        label=cells["label"],
        group=cells["group"] or str(path),
        start_seconds=start,
        end_seconds=end,
        split=cells["split"],
    )


def _seconds(name: str, text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ValueError(f"{name} is {text!r}; it is a number of seconds")
    return seconds


def classes_of(examples: Sequence[Example]) -> tuple[str, ...]:
    """Names of the classes, sorted."""
    return tuple(sorted({example.label for example in examples}))


def check_examples(examples: Sequence[Example]) -> None:
    """Refuses what nothing can be learnt from, or nothing honest be said of.

    Raises:
        DataError: no class or one only, a class of one clip or one group, or a group in two splits.
    """
    clips = Counter(example.label for example in examples)
    if len(clips) < 2:
        found = f"is only the class {next(iter(clips))!r}" if clips else "are no clips"
        raise DataError(f"there {found}; it takes two classes to tell apart, with clips in each")
    groups = {label: {e.group for e in examples if e.label == label} for label in clips}
    for label in sorted(clips):
        if clips[label] < 2:
            raise DataError(
                f"class {label!r} has one clip; it takes two, one to learn and one to check"
            )
        if len(groups[label]) < 2:
            raise DataError(
                f"all clips of class {label!r} are of one group; add some of another one, so that "
                "it can be checked on what it was not trained on"
            )


def check_splits(examples: Sequence[Example]) -> None:
    """Refuses a group that is on both sides.

    Raises:
        DataError: names the group.
    """
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        splits[example.group].add(example.split)
    for group, sides in sorted(splits.items()):
        if "test" in sides and len(sides) > 1:
            raise DataError(
                f"group {group!r} is in split test and in another one; what clips of a group share "
                "would be learnt and then tested"
            )


def check_duplicates(examples: Sequence[Example], contents: Mapping[Path, str]) -> None:
    """Refuses one clip in two classes, and one content under two names on two sides of a split.

    Args:
        examples: all of them.
        contents: what is the same for files that hold the same, by path.

    Raises:
        DataError: names both files.
    """
    clips: dict[tuple[str, float | None, float | None], Example] = {}
    files: dict[str, Example] = {}
    for example in examples:
        content = contents[example.path]
        key = (content, example.start_seconds, example.end_seconds)
        _require_alike(example, clips.setdefault(key, example), ("label", "group", "split"))
        other = files.setdefault(content, example)
        if other.path != example.path:
            _require_alike(example, other, ("group", "split"))


def _require_alike(example: Example, other: Example, names: Sequence[str]) -> None:
    for name in names:
        if getattr(other, name) != getattr(example, name):
            raise DataError(
                f"{example.path} is the same clip as {other.path}, with another {name}; remove one "
                "of them, or give both the same group, split and label"
            )
