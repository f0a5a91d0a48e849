"""What a coded picture is to the others of its stream, read from its first bytes.

    role_of = role_reader("h264", extradata)
    role_of(bytes(packet))  # Role(entry='closed', is_reference=True, is_leading=False)

Only what a codec's specification promises is used; of other codecs nothing is known. MPEG-4 Part 2
is left out on purpose: its decoder conceals damage from the pictures before, and does not tell.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

Entry: TypeAlias = Literal["closed", "open"]
"""Where decoding can begin: all that follows is whole, or all but the leading pictures."""


class Role(NamedTuple):
    """One coded picture among others."""

    entry: Entry | None = None
    is_reference: bool = True
    """Whether others may be predicted from it."""
    is_leading: bool = False
    """Shown before the entry that it follows, and perhaps predicted from before it."""


RoleReader: TypeAlias = Callable[[bytes], Role | None]
"""None: not one whole picture, or not understood."""

_CLOSED_ENTRY = Role(entry="closed")
_ALONE = Role(entry="closed", is_reference=False)
_REFERENCE = Role()
_NOT_REFERENCE = Role(is_reference=False)


def role_reader(codec: str, extradata: bytes) -> RoleReader | None:
    """Reads the packets of one stream; None where nothing is known of the codec.

    Args:
        codec: by FFmpeg's name.
        extradata: the stream's headers, as its container holds them.

    Example:
        >>> role_reader("mjpeg", b"")(b"...")
        Role(entry='closed', is_reference=False, is_leading=False)
    """
    make = CODECS.get(codec)
    return make(extradata) if make else None


def _h264(extradata: bytes) -> RoleReader:
    """ITU-T H.264, 7.3.1 and 7.4.1: nal_ref_idc 0 is never predicted from; type 5 is an IDR."""
    length_size = (extradata[4] & 3) + 1 if len(extradata) > 6 and extradata[0] == 1 else 0

    def role_of(packet: bytes) -> Role | None:
        slices = [packet[start] for start in _nal_units(packet, length_size)]
        slices = [header for header in slices if 1 <= header & 31 <= 5]
        if not slices:
            return None
        if any(header & 31 == 5 for header in slices):
            return _CLOSED_ENTRY
        return _REFERENCE if any(header & 0x60 for header in slices) else _NOT_REFERENCE

    return role_of


_HEVC_RASL = (8, 9)
_HEVC_IDR = (19, 20)
_HEVC_OPEN = (16, 17, 18, 21)
_HEVC_SPS = 33


def _hevc(extradata: bytes) -> RoleReader:
    """ITU-T H.265, table 7-1 and 7.4.2.2.

    Even types below 15 are not predicted from within their temporal layer; in the highest layer
    that means not at all. No output of what came before an IDR (7.4.7.1) makes it no entry.
    """
    is_hvcc = len(extradata) > 22 and extradata[0] == 1
    length_size = (extradata[21] & 3) + 1 if is_hvcc else 0
    layers = extradata[21] >> 3 & 7 if is_hvcc else _hevc_layers(extradata)

    def role_of(packet: bytes) -> Role | None:
        units = [packet[start : start + 3] for start in _nal_units(packet, length_size)]
        pictures = [unit for unit in units if len(unit) == 3 and unit[0] >> 1 < 32]
        if not pictures:
            return None
        kind, layer, flags = pictures[0][0] >> 1, pictures[0][1] & 7, pictures[0][2]
        if kind in _HEVC_IDR:
            return _REFERENCE if flags & 0x40 else _CLOSED_ENTRY
        if kind in _HEVC_OPEN:
            return Role(entry="open")
        is_reference = not (kind < 15 and kind % 2 == 0 and layer == layers)
        return Role(is_reference=is_reference, is_leading=kind in _HEVC_RASL)

    return role_of


def _hevc_layers(extradata: bytes) -> int:
    """Temporal layers, from the first sequence parameter set; 0, which no picture has, if none."""
    for start in _nal_units(extradata, 0):
        if extradata[start] >> 1 & 63 == _HEVC_SPS and start + 2 < len(extradata):
            return (extradata[start + 2] >> 1 & 7) + 1
    return 0


def _vp9(extradata: bytes) -> RoleReader:
    """VP9 bitstream, 6.2: what a picture leaves behind (probabilities, too) is not looked into."""

    def role_of(packet: bytes) -> Role | None:
        if not packet or packet[0] >> 6 != 2:
            return None
        first = packet[0] << 1 if packet[0] & 0x30 == 0x30 else packet[0]
        return _REFERENCE if first & 0x0C else _CLOSED_ENTRY

    return role_of


def _vp8(extradata: bytes) -> RoleReader:
    """RFC 6386, 9.1: the lowest bit is 0 in a keyframe."""
    return lambda packet: (_REFERENCE if packet[0] & 1 else _CLOSED_ENTRY) if packet else None


_AV1_SEQUENCE_HEADER, _AV1_FRAME_HEADER, _AV1_FRAME = 1, 3, 6


def _av1(extradata: bytes) -> RoleReader:
    """AV1 bitstream, 5.9.2 and 7.6.2: a shown key frame behind a sequence header is an entry."""

    def role_of(packet: bytes) -> Role | None:
        has_sequence_header = False
        for kind, payload in _obus(packet):
            has_sequence_header |= kind == _AV1_SEQUENCE_HEADER
            if kind in (_AV1_FRAME_HEADER, _AV1_FRAME):
                # show_existing_frame, two bits of frame_type, show_frame
                is_shown_key = payload[:1] and payload[0] >> 4 == 0b0001
                return _CLOSED_ENTRY if has_sequence_header and is_shown_key else _REFERENCE
        return None

    return role_of


def _intra(extradata: bytes) -> RoleReader:
    """Pictures that know nothing of each other."""
    return lambda packet: _ALONE


CODECS: dict[str, Callable[[bytes], RoleReader]] = {
    "h264": _h264,
    "hevc": _hevc,
    "vp8": _vp8,
    "vp9": _vp9,
    "av1": _av1,
    "mjpeg": _intra,
    "prores": _intra,
    "dnxhd": _intra,
    "rawvideo": _intra,
}


def _nal_units(data: bytes, length_size: int) -> Iterator[int]:
    """Where NAL units start, behind their length or, where `length_size` is 0, start code."""
    return _after_lengths(data, length_size) if length_size else _after_start_codes(data)


def _after_lengths(data: bytes, length_size: int) -> Iterator[int]:
    position = 0
    while position + length_size < len(data):
        size = int.from_bytes(data[position : position + length_size], "big")
        yield position + length_size
        position += length_size + size


def _after_start_codes(data: bytes) -> Iterator[int]:
    position = data.find(b"\0\0\1")
    while 0 <= position < len(data) - 3:
        yield position + 3
        position = data.find(b"\0\0\1", position + 3)


def _obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and first bytes of each open bitstream unit (AV1, 5.3)."""
    position = 0
    while position < len(data):
        header = data[position]
        position += 2 if header & 4 else 1
        size = len(data) - position
        if header & 2:
            size, position = _leb128(data, position)
        yield header >> 3 & 15, data[position : position + 2]
        position += size


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[position : position + 8]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, position + shift + 1
    return len(data), position + 8
