"""Tables in Markdown, with the machine and the versions that made them."""

import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "ghoststream",
    "av",
    "numpy",
    "openvino",
    "torch",
    "torchvision",
    "timm",
    "opencv-python",
    "lancedb",
    "pyarrow",
    "torchcodec",
    "decord",
)
FLAGS_THAT_MATTER = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A bound on a measured number."""

    about: str
    limit: float
    measured: float | None
    """None where a side of it could not be measured."""
    at_least: bool = False
    """Whether more is better."""

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        is_met = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        return "met" if is_met else "missed"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [header, [":--"] + ["--:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def targets_table(targets: Sequence[Target]) -> str:
    """Measured against wanted; a verdict is made of the unrounded number."""
    rows = [
        [
            target.about,
            f"{'>=' if target.at_least else '<='} {target.limit:g}",
            _against_us(target),
            target.verdict,
        ]
        for target in targets
    ]
    return table(["target", "wanted", "measured", ""], rows)


def document(title: str, sections: Sequence[str]) -> str:
    """Everything that a reader needs to judge the numbers, and to get their own."""
    command = " ".join(["python", *map(str, sys.argv)])
    head = [
        f"# {title}",
        f"Measured on {date.today().isoformat()} with `{command}`; how: docs/benchmarks.md.",
        "\n".join(f"- {line}" for line in [*machine(), *versions()]),
    ]
    return "\n\n".join([*head, *sections]) + "\n"


def save(subject: str, text: str) -> Path:
    """Writes results/YYYY-MM-DD-SUBJECT.md."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{date.today().isoformat()}-{subject}.md"
    path.write_text(text, encoding="utf-8")
    return path


def machine() -> list[str]:
    """Processor, cores, memory, system."""
    facts = _cpuinfo()
    flags = [flag for flag in FLAGS_THAT_MATTER if flag in facts.get("flags", "").split()]
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    family = f"family {facts['cpu family']} model {facts['model']}" if "model" in facts else ""
    return [
        f"processor: {facts.get('model name', platform.processor())} {family}".strip(),
        f"cores: {len(os.sched_getaffinity(0))} of {os.cpu_count()}",
        f"instructions: {' '.join(flags) or 'none of ' + ' '.join(FLAGS_THAT_MATTER)}",
        f"memory: {memory_bytes / 1e9:.1f} GB",
        f"system: {platform.platform()}, Python {platform.python_version()}",
    ]


def versions() -> list[str]:
    """Of everything that was measured."""
    found = [f"{name} {_version(name)}" for name in PACKAGES]
    return ["versions: " + ", ".join([*found, f"ffmpeg {_ffmpeg_version()}"])]


def _against_us(target: Target) -> str:
    """Three digits, rounded to the side that is worse for us."""
    if target.measured is None:
        return "-"
    rounded = math.floor if target.at_least else math.ceil
    return f"{rounded(target.measured * 1000) / 1000:.3f}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _ffmpeg_version() -> str:
    if shutil.which("ffmpeg") is None:
        return "not installed"
    printed = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True)
    return printed.stdout.split()[2]


def _cpuinfo() -> dict[str, str]:
    """Of the first processor; empty where the system has no such file."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text().split("\n\n")[0]
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}
