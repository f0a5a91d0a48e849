"""Data to one HTML file that asks for nothing else."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from ghoststream.report.losses import losses_of, total
from ghoststream.report.reading import Logs
from ghoststream.report.source_log import SourceLog
from ghoststream.sinks.records import HeaderRecord
from ghoststream.sources.file import shown
from ghoststream.version import __version__

SCRIPTS = (
    "data",
    "elements",
    "times",
    "colours",
    "theme",
    "pager",
    "source",
    "player",
    "timeline",
    "drawing",
    "steering",
    "events",
    "sources",
    "page",
)
"""In one scope, each with what stands above it."""
MAX_LISTED = 6
"""Sources whose losses stand on top; the table of sources has all of them."""
MAX_RECIPES = 5
WIDE_LETTERS = 40
"""Values of more of them have a line of their own."""


def page(data: Mapping[str, Any], logs: Logs, notes: Sequence[str]) -> str:
    """The whole text of the page.

    Args:
        data: for its script.
        logs: of which it tells.
        notes: sentences about what is not shown.
    """
    style, script = _asset("page.css"), _script()
    parts = {
        "policy": _policy(style, script),
        "title": escape(title(logs)),
        "style": style,
        "script": script,
        "data": _json_for_html(data),
        "figures": _figures(logs),
        "losses": _losses(logs),
        "notes": _list("notes", notes),
        "provenance": _provenance(logs),
        "version": escape(__version__),
    }
    # One pass, so that nothing that was put in is looked at again.
    return re.sub(r"<!--(\w+)-->", lambda match: parts[match[1]], _asset("page.html"))


def title(logs: Logs) -> str:
    """The name of the only source, or how many there are."""
    if len(logs.sources) == 1:
        return logs.sources[0].name.rpartition("/")[2] or logs.sources[0].name
    kinds = {source.is_live for source in logs.sources}
    noun = {True: "cameras", False: "videos"}[kinds.pop()] if len(kinds) == 1 else "sources"
    return f"{len(logs.sources):,} {noun}"


def _asset(name: str) -> str:
    return (files("ghoststream.report") / "assets" / name).read_text("utf-8")


def _script() -> str:
    return "\n".join(_asset(f"{name}.js") for name in SCRIPTS)


def _policy(style: str, script: str) -> str:
    """Nothing runs or is styled but what stands here, and nothing is fetched but videos nearby."""
    rules = [
        "default-src 'none'",
        "img-src data:",
        "media-src 'self' file:",
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return escape("; ".join(rules))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json_for_html(data: Mapping[str, Any]) -> str:
    """JSON in which no tag, comment or entity of HTML can begin."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _figures(logs: Logs) -> str:
    """What the log does not tell, as where its run goes on, is left out."""
    sources = logs.sources
    figures = {
        "of time" if _has_live(sources) else "of video": _length(sources),
        "events": f"{sum(source.begun for source in sources):,}",
        "clips": f"{sum(max(source.clips, total(source, 'clips')) for source in sources):,}",
        "frames": f"{sum(total(source, 'frames') for source in sources):,}",
        "looked at": f"{sum(total(source, 'sampled') for source in sources):,}",
    }
    return "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd></div>"
        for name, value in figures.items()
        if value != "0" or name == "events"
    )


def _has_live(sources: Sequence[SourceLog]) -> bool:
    return any(source.is_live for source in sources)


def _length(sources: Sequence[SourceLog]) -> str:
    seconds = sum(map(_seconds, sources))
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:,.1f} h"


def _seconds(source: SourceLog) -> float:
    if source.first_seconds is None or source.last_seconds is None:
        return 0.0
    seen = source.last_seconds - source.first_seconds
    if source.is_live or source.header is None:
        return seen
    return max(seen, source.header.stream.duration or 0.0)


def _losses(logs: Logs) -> str:
    lost = [(source.name, losses_of(source)) for source in logs.sources]
    lost = [(name, sentences) for name, sentences in lost if sentences]
    if not lost:
        return '<p class="whole">Nothing was lost: every source was read to its end.</p>'
    is_only_one = len(logs.sources) == 1
    listed = [
        f"<li>{'' if is_only_one else _name(name)}{' '.join(map(_text, sentences))}</li>"
        for name, sentences in lost[:MAX_LISTED]
    ]
    if len(lost) > MAX_LISTED:
        listed.append(f"<li>and {len(lost) - MAX_LISTED:,} more, in the table of sources</li>")
    of = "it" if is_only_one else f"{len(lost):,} of {len(logs.sources):,} sources"
    return f'<h2>What was lost of {of}</h2><ul class="lost">{"".join(listed)}</ul>'


def _name(source: str) -> str:
    return f"<b>{_text(source)}</b> "


def _text(sentence: str) -> str:
    return f"<bdi>{escape(sentence)}</bdi>"


def _list(name: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
    return f'<ul class="{name}">{items}</ul>'


def _provenance(logs: Logs) -> str:
    """Each way in which results were made, once, however many sources share it."""
    made: dict[str, tuple[HeaderRecord, list[str]]] = {}
    for source in logs.sources:
        if source.header is not None:
            shared = _shared(source.header)
            made.setdefault(json.dumps(shared), (source.header, []))[1].append(source.name)
    recipes = [_recipe(header, names) for header, names in list(made.values())[:MAX_RECIPES]]
    if len(made) > MAX_RECIPES:
        recipes.append(f"<p>and {len(made) - MAX_RECIPES:,} other ways, in the logs</p>")
    logs_read = ", ".join(shown(path) for path in logs.files[:MAX_LISTED])
    more = len(logs.files) - MAX_LISTED
    logs_read += f" and {more:,} more" if more > 0 else ""
    origin = [("made from", logs_read), ("page by", f"GhostStream {__version__}")]
    return "".join(recipes) + _table(origin)


def _shared(header: HeaderRecord) -> dict[str, Any]:
    data = header.model_dump(mode="json", by_alias=True)
    own = ("source", "start_time", "stream", "region", "segment", "segment_cause")
    return {key: value for key, value in data.items() if key not in own}


def _recipe(header: HeaderRecord, names: Sequence[str]) -> str:
    model = header.model
    groups: dict[str, list[tuple[str, object]]] = {
        "Made with": [
            ("model", model.name),
            ("weights", model.weights),
            ("runtime", model.runtime),
            ("version", f"GhostStream {header.version}"),
            ("schema", header.schema_),
            ("clock", header.clock),
            ("sha256 of weights", model.sha256),
        ],
        "Preprocessing": [*header.preprocessing.items()],
        "Settings": [
            *((key, value) for key, value in header.configuration.items() if value is not None),
            ("sha256 of settings", header.configuration_sha256),
        ],
    }
    of = names[0] if len(names) == 1 else f"{len(names):,} sources"
    tables = (f"<h4>{name}</h4>{_table(rows)}" for name, rows in groups.items())
    return f"<h3><bdi>{escape(of)}</bdi></h3>{''.join(tables)}"


def _table(rows: Iterable[tuple[str, object]]) -> str:
    items = "".join(_fact(name, _value(value)) for name, value in rows)
    return f'<dl class="facts">{items}</dl>'


def _fact(name: str, value: str) -> str:
    wide = ' class="wide"' if len(value) > WIDE_LETTERS else ""
    return f"<div{wide}><dt>{escape(_words(name))}</dt><dd><bdi>{escape(value)}</bdi></dd></div>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list():
            return ", ".join(map(_value, value))
    return json.dumps(value, ensure_ascii=False)
