"""Settings that stand in a file.

config = load_config(Path("pipelines/alarm.yaml"), RunConfig, source="clip.mp4")
"""

import re
from pathlib import Path

import yaml

from ghoststream.config.analysis import SAMPLINGS
from ghoststream.config.checked import C, make_config
from ghoststream.config.placeholders import filled_in
from ghoststream.errors import ConfigError


def load_config(path: Path, kind: type[C], **overrides: object) -> C:
    """Reads a pipeline file; `overrides` (flags) win over it.

    Raises:
        ConfigError: no such file, not YAML, or settings that do not hold.
    """
    values = _read_yaml(path)
    replaced = {"cameras"} if "source" in overrides else set()
    if any(name in overrides for name in SAMPLINGS):
        replaced |= set(SAMPLINGS)
    kept = {key: value for key, value in values.items() if key not in replaced}
    return make_config(kind, {**kept, **overrides})


def _read_yaml(path: Path) -> dict[str, object]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the pipeline {str(path)!r}: {error}") from error
    except yaml.YAMLError as error:
        # Without a cause: its message quotes lines that may hold a password.
        raise ConfigError(f"{str(path)!r} is not YAML: {_yaml_problem(error)}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{str(path)!r} must hold `key: value` lines, such as `fps: 2`")
    return {key: _all_filled_in(value) for key, value in values.items()}


def _yaml_problem(error: yaml.YAMLError) -> str:
    """What is wrong and where, without what stands there."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "it holds a character that is not allowed; save it as plain text in UTF-8"
    mark, problem = error.problem_mark, _QUOTED.sub("", error.problem or "")
    return (
        f"{problem} in line {mark.line + 1}, column {mark.column + 1}; text with signs such as "
        "* & ! @ % : # stands in quotes"
    )


_QUOTED = re.compile(r""" *('[^'<]{2,}'|"[^"]*")""")
"""Names of tokens, such as '<scalar>', stay."""


def _all_filled_in(value: object) -> object:
    if isinstance(value, list):
        return [_all_filled_in(item) for item in value]
    if isinstance(value, dict):
        return {key: _all_filled_in(item) for key, item in value.items()}
    return filled_in(value) if isinstance(value, str) else value
