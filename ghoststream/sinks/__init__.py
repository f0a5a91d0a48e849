"""Everything that writes results, by the name of its option.

sink = SINKS["jsonl"]("events.jsonl")

Each entry imports its module when it is called: a run pays only for what it writes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ghoststream.sinks.sink import EmbeddingSink, Sink


def _jsonl(path: Path | str, **options: Any) -> "Sink":
    from ghoststream.sinks.jsonl import JsonLines

    return JsonLines(path, **options)


def _csv(path: Path | str) -> "Sink":
    from ghoststream.sinks.csv import EventTable

    return EventTable(path)


def _vtt(path: Path | str) -> "Sink":
    from ghoststream.sinks.webvtt import Subtitles

    return Subtitles(path)


def _annotate(path: Path | str, **options: Any) -> "Sink":
    from ghoststream.sinks.annotate import AnnotatedVideo

    return AnnotatedVideo(path, **options)


def _memory() -> "Sink":
    from ghoststream.sinks.memory import Memory

    return Memory()


def _parquet(path: Path | str, **options: Any) -> "EmbeddingSink":
    from ghoststream.sinks.parquet import ParquetEmbeddings

    return ParquetEmbeddings(path, **options)


def _npz(path: Path | str, **options: Any) -> "EmbeddingSink":
    from ghoststream.sinks.npz import NpzEmbeddings

    return NpzEmbeddings(path, **options)


SINKS: dict[str, Callable[..., "Sink"]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "vtt": _vtt,
    "annotate": _annotate,
    "memory": _memory,
}

EMBEDDING_SINKS: dict[str, Callable[..., "EmbeddingSink"]] = {
    "parquet": _parquet,
    "npz": _npz,
}
