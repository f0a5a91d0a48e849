"""Flags, in the words of the settings: each has the name of its field in `ghoststream.config`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

PATH = click.Path(path_type=Path)
POOLINGS = ["mean", "max", "gem", "mean_std", "mean_change"]


def _option(name: str, kind: Any = str, metavar: str | None = None, *, help: str) -> Decorator[Any]:
    return click.option(name, type=kind, metavar=metavar, default=None, help=help)


def _flag(name: str, *, help: str) -> Decorator[Any]:
    # None where it is not given, so that it does not overrule a pipeline file.
    return click.option(name, is_flag=True, default=None, help=help)


def _several(name: str, metavar: str = "GLOB", *, help: str) -> Decorator[Any]:
    return click.option(
        name,
        metavar=metavar,
        multiple=True,
        callback=lambda _context, _option, values: values or None,
        help=help,
    )


INSTEAD = [
    _option("--source", metavar="SOURCE", help="What to read, where the argument is a pipeline."),
]
SOURCE = [
    *INSTEAD,
    _option(
        "--rtsp-transport",
        click.Choice(["tcp", "udp"]),
        help="How an RTSP camera sends.  [default: tcp]",
    ),
    _option(
        "--open-timeout",
        metavar="SECONDS",
        help="Wait so long for an address to answer.  [default: 10]",
    ),
    _option(
        "--read-timeout",
        metavar="SECONDS",
        help="A live source silent for so long is lost.  [default: 20]",
    ),
    _option(
        "--image-rate", metavar="RATE", help="Pictures a second of image sequences.  [default: 25]"
    ),
]
NETWORK = [
    _option(
        "--model",
        metavar="NAME",
        help="The network, or another library's: timm:NAME, torchvision:NAME.  "
        "[default: ghostnet_100]",
    ),
    _option(
        "--weights",
        metavar="WEIGHTS",
        help="auto, bundled, package, hub, or a file; see `ghoststream weights list`.  "
        "[default: auto]",
    ),
    _option(
        "--device",
        click.Choice(["auto", "cpu", "cuda", "mps", "xpu", "reference"]),
        help="auto takes a CUDA or Apple card where there is one.  [default: auto]",
    ),
    _option(
        "--precision",
        click.Choice(["auto", "fp32", "bf16"]),
        help="auto takes bf16 where the device computes in it.  [default: auto]",
    ),
    _option("--batch", int, "N", help="Frames a forward pass.  [default: 16; of cameras, up to 8]"),
]
FRAMING = [
    _option(
        "--framing",
        click.Choice(["center", "squash", "pad"]),
        help="See the middle of a picture, or the whole: squashed, or padded.  [default: center]",
    ),
]
WORKERS = [
    _option("--workers", int, "N", help="Processes for several videos.  [default: one a core]"),
]
MODEL = [*NETWORK, *FRAMING, *WORKERS]
SAMPLING = [
    _option("--fps", metavar="RATE", help="Look at so many frames a second.  [default: 4]"),
    _option("--stride", int, "N", help="Look at every N-th frame."),
    _flag("--every-frame", help="Look at every frame."),
    _flag("--keyframes", help="Look at keyframes only."),
]
CLIPS = [
    _option("--window", metavar="SECONDS", help="Length of a clip.  [default: 2]"),
    _option("--hop", metavar="SECONDS", help="From the start of a clip to the next.  [default: 1]"),
    _option(
        "--pool",
        click.Choice(POOLINGS),
        help="How a clip's vectors become one.  [default: the head's own, or mean]",
    ),
    _option("--head", PATH, "FILE", help="A head of your own labels instead of ImageNet's."),
    _option("--top-k", int, "N", help="Labels a clip.  [default: 5]"),
]
EVENTS = [
    _option("--enter", float, "SCORE", help="An event begins at this score.  [default: 0.15]"),
    _option("--leave", float, "SCORE", help="It is out of sight below this.  [default: 0.1]"),
    _option("--min-duration", metavar="SECONDS", help="Shorter ones are not told.  [default: 0]"),
    _option("--gap", metavar="SECONDS", help="It may be out of sight so long.  [default: 1]"),
]
REPORT = [
    _option("--report", PATH, "FILE.html", help="A page of what was found, for a browser."),
]
OUTPUTS = [
    _option("--jsonl", metavar="FILE", help="Event log as JSON lines; - for standard output."),
    _option("--csv", PATH, "FILE", help="Table of events."),
    _option("--vtt", PATH, "FILE", help="Events as WebVTT subtitles."),
    _option("--annotate", PATH, "FILE", help="H.264 video with the labels drawn on it."),
    _flag("--heatmap", help="Draw where the winning class lies, too."),
    *REPORT,
    _option(
        "--out", PATH, "DIR", help="Directory for events.jsonl.  [default without output: runs/N]"
    ),
    _flag("--exist-ok", help="Write into --out even if it is there; otherwise a number is added."),
]
CAMERAS = [
    _several(
        "--roi",
        "NAME=X,Y,W,H",
        help="Look at this part of the picture, in fractions of it, not at the whole; may be given "
        "several times.",
    ),
    _option(
        "--drop-policy",
        click.Choice(["latest", "oldest"]),
        help="Where a camera gives more than can be looked at, take its newest frame, or frames in "
        "their order, but for the oldest beyond 16 MB.  [default: latest]",
    ),
    _option(
        "--retry-initial",
        metavar="SECONDS",
        help="Wait so long before reconnecting, then twice as long, and so on.  [default: 1]",
    ),
    _option("--retry-max", metavar="SECONDS", help="Wait so long at most.  [default: 30]"),
    _option(
        "--max-retries",
        int,
        "N",
        help="Give a camera up after so many attempts without a frame.  [default: -1, never]",
    ),
    _flag("--realtime", help="Play files at their own speed, as if they were cameras."),
    _flag("--loop", help="Begin such a file again at its end."),
    _flag("--log-clips", help="Write each clip of a camera to the event log, too."),
    _option(
        "--metrics-port",
        int,
        "PORT",
        help="Serve /metrics (Prometheus) and /healthz on this port, to this machine only.",
    ),
]
EVIDENCE = [
    _option("--evidence", PATH, "DIR", help="Keep a clip and a picture of each event there."),
    _option("--pre-roll", metavar="SECONDS", help="Of a clip before its event.  [default: 5]"),
    _option("--post-roll", metavar="SECONDS", help="Of a clip after its event.  [default: 5]"),
    _option(
        "--clip-max",
        metavar="SECONDS",
        help="Longer events get several files.  [default: 60]",
    ),
    _option(
        "--evidence-budget",
        metavar="GB",
        help="Beyond this the oldest evidence goes.  [default: 10]",
    ),
    _option("--evidence-days", metavar="DAYS", help="Older evidence goes.  [default: 14]"),
]
DELIVERY = [
    _option(
        "--mqtt",
        metavar="ADDRESS",
        help="Tell a broker of events: mqtt://host, or mqtts://user:{GHOSTSTREAM_NAME}@host with "
        "the password from the environment.",
    ),
    _option("--mqtt-prefix", metavar="TOPIC", help="Start of topics.  [default: ghoststream]"),
    _option("--mqtt-ca", PATH, "FILE", help="Certificates to trust instead of the system's."),
    _flag("--mqtt-insecure", help="Do not check the broker's certificate."),
    _flag("--home-assistant", help="Announce the cameras to Home Assistant."),
    _several("--webhook", "ADDRESS", help="Post events there; may be given several times."),
    _option(
        "--webhook-secret",
        metavar="SECRET",
        help="Sign them; {GHOSTSTREAM_NAME} takes it from the environment, where no other user "
        "sees it.",
    ),
    _option(
        "--spool",
        PATH,
        "DIR",
        help="Events wait there while a receiver is away.  [default: ghoststream-spool]",
    ),
    _option(
        "--spool-budget",
        metavar="MB",
        help="Beyond this the oldest of them are given up.  [default: 64]",
    ),
]
FAILURES = [
    _option(
        "--file-timeout",
        metavar="SECONDS",
        help="Give a file up that does not come forward for so long.  [default: 300]",
    ),
    _flag("--retry-failed", help="Try files again that have failed before."),
]
ARCHIVE = [
    _option(
        "--store",
        metavar="DIR",
        help="Where the vectors go; also an address such as s3://bucket/archive.  "
        "[default: ghoststream-store]",
    ),
    _several("--include", help="Only files that match; may be given several times."),
    _several("--exclude", help="Leave out files and directories that match."),
    *FAILURES,
    _flag("--dry-run", help="Only say what would be done."),
    _flag("--watch", help="Go on with files that come in later, once they stop growing."),
    _option(
        "--engine",
        click.Choice(["local", "ray"]),
        help="Processes here, or a Ray cluster (extra: ray).  [default: local]",
    ),
    _option("--address", metavar="ADDRESS", help="Of the Ray cluster.  [default: a new one here]"),
]
LABELLED = [
    _option(
        "--store",
        metavar="DIR",
        help="Embeddings, also those that `ghoststream embed` made; what is missing is added.  "
        "[default: one in your cache]",
    ),
    *FAILURES,
]
JSON = [click.option("--json", "as_json", is_flag=True, help="Print for machines.")]


def options(*groups: list[Decorator[Any]]) -> Decorator[Any]:
    """All flags of the groups, in their order."""

    def decorate(command: F) -> F:
        for group in reversed(groups):
            for option in reversed(group):
                command = option(command)
        return command

    return decorate
