"""Which packets must be decoded for the wanted moments, from packet headers alone.

    pictures = coded_pictures(packets, role_of, time_base)
    for step in plan(groups(pictures), sampling.sampler()):
        step.packets   # to decode, in order
        step.expected  # what must come of it, and which of that is wanted

Of a group of pictures, the tail behind its last wanted one is dropped, and before it those that
nobody wants and nothing is predicted from; a group without a wanted picture is dropped whole.
"""

from __future__ import annotations  # av.Packet takes no parameter at run time

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from typing import NamedTuple

from av.packet import Packet
from av.video.stream import VideoStream

from ghoststream.types import Sampler
from ghoststream.video.bitstream import Role, RoleReader

MIN_PICTURES = 16
"""Of a group that another closed entry ends: of intra-only video, many entries make one group."""
MAX_PICTURES = 256
MAX_BYTES = 16 << 20
"""Of a group; where no entry comes, the rest of the pictures follow as a continuation."""


class Unplannable(Exception):
    """Headers cannot tell, or did not tell, what decoding gives."""


class Damaged(Unplannable):
    """Something is broken, and only a full decode shows what can still be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedPicture:
    """A packet, and what its headers say of the picture in it."""

    packet: Packet[VideoStream]
    pts: int
    time: Fraction
    end: Fraction
    is_keyframe: bool
    is_shown: bool
    """False for what an edit list cuts away."""
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Pictures in decoding order; after an entry, which may be that of an earlier group."""

    pictures: tuple[CodedPicture, ...]


class Expected(NamedTuple):
    """What must come out of the decoder."""

    pts: int
    is_keyframe: bool
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a group holds."""

    shown: int
    """Pictures that a full decode would show."""
    skipped: int
    """Of those, not to be decoded."""
    end: Fraction
    """When the last of its pictures ends, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do with one group."""

    packets: tuple[Packet[VideoStream], ...]
    """To be decoded, in order."""
    expected: tuple[Expected, ...]
    """The pictures that come of it, in order of time."""
    extent: Extent
    is_fresh: bool
    """Whether decoding starts anew; otherwise it goes on from the step before."""
    continues: bool
    """Whether the step after goes on from this one."""


def coded_pictures(
    packets: Iterable[Packet[VideoStream]], role_of: RoleReader, time_base: Fraction
) -> Iterator[CodedPicture]:
    """Reads the headers.

    Raises:
        Unplannable: a packet that says too little of itself.
    """
    for packet in packets:
        if packet.is_corrupt:
            raise Damaged
        role = role_of(bytes(packet))
        if role is None or packet.pts is None:
            raise Unplannable
        yield CodedPicture(
            packet=packet,
            pts=packet.pts,
            time=packet.pts * time_base,
            end=(packet.pts + (packet.duration or 0)) * time_base,
            is_keyframe=packet.is_keyframe,
            is_shown=not packet.is_discard,
            role=role,
        )


def groups(pictures: Iterable[CodedPicture]) -> Iterator[Group]:
    """Cuts a stream at its entries.

    Raises:
        Unplannable: the stream does not begin with an entry.
    """
    group: list[CodedPicture] = []
    size_bytes = 0
    for picture in pictures:
        if group and _begins_group(picture, group, size_bytes):
            yield Group(pictures=tuple(group))
            group, size_bytes = [], 0
        elif not group and not picture.role.entry:
            raise Unplannable
        group.append(picture)
        size_bytes += picture.packet.size
    if group:
        yield Group(pictures=tuple(group))


def _begins_group(picture: CodedPicture, group: list[CodedPicture], size_bytes: int) -> bool:
    if picture.role.entry == "open":
        return True
    if picture.role.entry == "closed" and len(group) >= MIN_PICTURES:
        return True
    if len(group) < MAX_PICTURES and size_bytes < MAX_BYTES:
        return False
    # Pictures are not in order of time: cut only where all before are also shown before.
    return picture.pts > max(earlier.pts for earlier in group)


def plan(groups: Iterable[Group], sampler: Sampler) -> Iterator[Step]:
    """Decides for each group, one group later than it comes: what follows has a say.

    Args:
        groups: of one stream, in order.
        sampler: asked about each picture that a full decode would show, in order of time.

    Raises:
        Unplannable: times that do not rise from group to group.
    """
    for choice, following in pairwise(chain(_choices(groups, sampler), [None])):
        assert choice is not None
        continues = following is not None and not following.is_fresh
        decoded = _decoded(choice, continues)
        yield Step(
            packets=tuple(picture.packet for picture in decoded),
            expected=_expected(decoded, choice.wanted),
            extent=Extent(
                shown=choice.shown,
                skipped=choice.shown - sum(picture.is_shown for picture in decoded),
                end=max(picture.end for picture in choice.group.pictures),
            ),
            is_fresh=choice.is_fresh,
            continues=continues,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    group: Group
    needed: frozenset[int]
    """By their pts, as below."""
    wanted: frozenset[int]
    shown: int
    is_fresh: bool


def _choices(groups: Iterable[Group], sampler: Sampler) -> Iterator[_Choice]:
    last: int | None = None
    for index, group in enumerate(groups):
        # What leads the very first entry is predicted from what is not there, and never shown.
        shown = _in_order_of_time(group, last, with_leading=index > 0)
        wanted = [picture for picture in shown if sampler.wants(picture)]
        needed = wanted
        if last is None:
            needed = [*wanted, *shown[:1]]  # what a stream is like, its first picture tells
        if sampler.is_counting:
            needed = shown  # a header counts what may turn out to be damaged
        last = shown[-1].pts if shown else last
        yield _Choice(
            group=group,
            needed=frozenset(picture.pts for picture in needed),
            wanted=frozenset(picture.pts for picture in wanted),
            shown=len(shown),
            is_fresh=_is_fresh(group, needed),
        )


def _in_order_of_time(group: Group, last: int | None, *, with_leading: bool) -> list[CodedPicture]:
    shown = [p for p in group.pictures if p.is_shown and (with_leading or not p.role.is_leading)]
    shown.sort(key=lambda picture: picture.pts)
    times = [picture.pts for picture in shown]
    if last is not None:
        times.insert(0, last)
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise Unplannable
    return shown


def _is_fresh(group: Group, needed: list[CodedPicture]) -> bool:
    entry = group.pictures[0].role.entry
    return entry == "closed" or (
        entry == "open" and not any(picture.role.is_leading for picture in needed)
    )


def _decoded(choice: _Choice, continues: bool) -> list[CodedPicture]:
    """Backwards: what comes later says what is predicted from."""
    decoded: list[CodedPicture] = []
    is_predicted_from = continues
    for picture in reversed(choice.group.pictures):
        if choice.is_fresh and picture.role.is_leading:
            continue
        is_needed = picture.is_shown and picture.pts in choice.needed
        is_predicted_from = is_predicted_from or is_needed
        if is_needed or (is_predicted_from and picture.role.is_reference):
            decoded.append(picture)
        if picture.role.entry == "closed":
            is_predicted_from = False
    return decoded[::-1]


def _expected(decoded: list[CodedPicture], wanted: frozenset[int]) -> tuple[Expected, ...]:
    return tuple(
        sorted(Expected(p.pts, p.is_keyframe, p.pts in wanted) for p in decoded if p.is_shown)
    )
