"""A job over an archive as a terminal shows it. Imported where there is one, since rich is slow."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ghoststream.cli.archive_tally import ArchiveTally, AtHand, duration
from ghoststream.sources.file import shown

MAX_SHOWN = 8
"""Files at hand; a machine with many cores has more of them than its screen has lines."""


class ArchiveDisplay:
    """A bar, a line of numbers, and a line for each file at hand."""

    def __init__(self, tally: ArchiveTally, console: Console | None = None) -> None:
        self._tally = tally
        self._live = Live(
            self,
            console=console or Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        """Prints a line above."""
        self._live.console.print(Text(line), soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _bar(self._tally.share)
        yield _line(self._tally.line())
        yield from _files(tuple(self._tally.at_hand.values()), options.max_width)


def _bar(share: float) -> Table:
    row = Table.grid(expand=True, padding=(0, 1))
    row.add_column(ratio=1)
    row.add_column(width=4, justify="right")
    row.add_row(ProgressBar(total=1, completed=share), f"{share:.0%}")
    return row


def _files(files: tuple[AtHand, ...], width: int) -> Iterator[Text]:
    for file in files[:MAX_SHOWN]:
        state = f"{duration(file.seconds)}  {file.frames:>9,} frames" if file.frames else "opening"
        state = f"{state:>27}"
        room = max(width - len(state) - 2, 8)
        yield _line("  " + _padded(_tail(shown(file.path), room), room) + state, style="dim")
    if len(files) > MAX_SHOWN:
        yield _line(f"  and {len(files) - MAX_SHOWN:,} more", style="dim")


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _tail(name: str, cells: int) -> str:
    """The end of a name, which tells more than its beginning, in so many cells of the screen."""
    if cell_len(name) <= cells:
        return name
    while cell_len(name) > cells - 1:
        name = name[1:]
    return f"…{name}"


def _padded(name: str, cells: int) -> str:
    return name + " " * (cells - cell_len(name))
