"""Where frames come from: files, pictures, networks, devices.

for source in open_sources("camera.rtsp"):
    with source.open() as stream:
        for frame in stream.frames(): ...
"""

from ghoststream.sources.device import DeviceSource
from ghoststream.sources.file import FileSource
from ghoststream.sources.grammar import open_sources
from ghoststream.sources.images import ImagesSource
from ghoststream.sources.network import NetworkSource
from ghoststream.sources.source import Source, SourceOptions, Stream

SOURCES: dict[str, type[Source]] = {
    "file": FileSource,
    "images": ImagesSource,
    "network": NetworkSource,
    "device": DeviceSource,
}

__all__ = [
    "SOURCES",
    "DeviceSource",
    "FileSource",
    "ImagesSource",
    "NetworkSource",
    "Source",
    "SourceOptions",
    "Stream",
    "open_sources",
]
