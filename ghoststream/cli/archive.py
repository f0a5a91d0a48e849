"""What the commands over archives, `label` and `embed`, share."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ghoststream.sources.file import shown

if TYPE_CHECKING:
    from ghoststream.config import ArchiveConfig
    from ghoststream.runners.archive.run import Plan

KINDS = ("new", "changed", "retried", "done", "failed")
"""Of a plan, in the order in which they are told."""


def work_through(config: "ArchiveConfig", *, as_json: bool, report: Path | None = None) -> None:
    """Does what the settings say, or tells of it, and ends the command with its exit code.

    Args:
        config: of the work.
        as_json: for machines.
        report: where a page of all logs goes; they need a directory for that.
    """
    if config.dry_run:
        from ghoststream.runners.archive.run import plan_archive

        tell_plan(plan_archive(config), as_json=as_json)
        return
    from ghoststream.cli.archive_report import ArchiveReport
    from ghoststream.cli.stopping import stop_on_signals
    from ghoststream.runners.archive.run import run_archive
    from ghoststream.runners.outputs import check_writable

    if report is not None:
        check_writable(report)
    with stop_on_signals() as stop, ArchiveReport(as_json=as_json) as display:
        summary = run_archive(config, stop=stop, watcher=display)
        if report is not None:
            assert config.out is not None
            from ghoststream.cli.report import make_report

            display.hide()
            make_report([config.out], report, quiet=as_json)
        display.end(summary)


def tell_plan(plan: "Plan", *, as_json: bool) -> None:
    """What a run would do: a line for each file that it would read, and how many of each kind."""
    named: dict[str, list[str]] = {
        kind: [shown(file.relative) for file in getattr(plan.triage, kind)] for kind in KINDS
    }
    if as_json:
        content: dict[str, Any] = {**named, "problems": plan.problems}
        click.echo(json.dumps(content, ensure_ascii=False))
        return
    for kind in ("new", "changed", "retried"):
        for name in named[kind]:
            click.echo(f"{kind:8} {name}")
    for problem in plan.problems:
        click.echo(f"Note: {problem}", err=True)
    counts = ", ".join(f"{len(named[kind])} {kind}" for kind in KINDS)
    click.echo(f"{counts}; nothing was done (--dry-run)", err=True)
