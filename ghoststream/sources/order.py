"""The order that people expect of names."""

import re
from pathlib import PurePath
from typing import TypeAlias

Key: TypeAlias = list[list[tuple[bool, int, str]]]


def natural(path: PurePath) -> Key:
    """A key that sorts 2.png before 10.png, and keeps what lies in one directory together."""
    return [_natural(part) for part in path.parts]


def _natural(name: str) -> list[tuple[bool, int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
