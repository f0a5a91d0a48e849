"""What made a file of embeddings: enough to know which vectors may be compared.

provenance([(header, summary)])["model"]["sha256"]
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from ghoststream.errors import OutputError
from ghoststream.sinks.records import end_record, header_record
from ghoststream.types import Header, Summary

SCHEMA = "ghoststream.embeddings/1"

SHARED = ("version", "model", "preprocessing", "configuration", "configuration_sha256")
"""Equal for all sources in a file."""


def provenance(sources: Sequence[tuple[Header, Summary | None]]) -> dict[str, JsonValue]:
    """Network, weights, preprocessing and settings, and clock and counts of each source.

    Args:
        sources: in the order of their rows; a summary is None where the run broke off.
    """
    headers = [header_record(header).model_dump(mode="json") for header, _ in sources]
    shared = {key: headers[0][key] for key in SHARED} if headers else {}
    return {"schema": SCHEMA, **shared, "sources": [_source(*source) for source in sources]}


def require_same_model(first: Header, other: Header) -> None:
    """Vectors of different networks lie in different spaces, so they never share a file.

    Raises:
        OutputError: the weights differ.
    """
    if first.model.sha256 != other.model.sha256:
        raise OutputError(
            f"embeddings of {first.source} and {other.source} come from different weights "
            f"({first.model.sha256[:12]} and {other.model.sha256[:12]}); write them to two files"
        )


def same_dimension(held: int, dimension: int, path: Path) -> int:
    """Length of the vectors in a file; 0 is held by one that has none yet.

    Raises:
        OutputError: the new vector is of another length.
    """
    if held not in (0, dimension):
        raise OutputError(
            f"{path} holds vectors of {held} numbers, got one of {dimension}; "
            f"write them to two files"
        )
    return dimension


def _source(header: Header, summary: Summary | None) -> dict[str, JsonValue]:
    data = header_record(header).model_dump(mode="json")
    kept = {key: data[key] for key in ("source", "clock", "start_time", "stream")}
    if summary is None:
        return kept
    end = end_record(summary, header.source).model_dump(mode="json")
    counts = ("frames", "skipped", "sampled", "dropped", "decode_errors", "reason", "error")
    return {**kept, **{key: end[key] for key in counts}}
