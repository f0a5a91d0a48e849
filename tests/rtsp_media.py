"""Serves clips over RTSP at their own speed; run with the system's Python, which has GStreamer's.

    python rtsp_media.py < settings.json    # {"port": 0, "mounts": {"cam0": {...}}}

Says `ready PORT` when it listens. Nothing is encoded here, so a camera costs next to nothing. Each
client gets the clip from its start. `rtsp_server.py` starts this, and kills it.

    python rtsp_media.py --check    # fails, and names what is not installed
"""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PAYLOADERS = {
    "h264": "h264parse ! rtph264pay config-interval=0",
    "hevc": "h265parse ! rtph265pay config-interval=-1",
    "mjpeg": "rtpjpegpay",
}
DEMUXERS = {"mkv": "matroskademux", "mp4": "qtdemux", "mov": "qtdemux"}
ELEMENTS = [
    *DEMUXERS.values(),
    *(part.split()[0] for line in PAYLOADERS.values() for part in line.split(" ! ")),
]
ROLE = "viewer"
HOUR_NANOSECONDS = 3_600_000_000_000


def main():
    Gst.init(None)
    if sys.argv[1:] == ["--check"]:
        sys.exit(", ".join(name for name in ELEMENTS if not Gst.ElementFactory.find(name)) or 0)
    serve(json.load(sys.stdin))


def serve(settings):
    """Until it is killed."""
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=str(settings["port"]))
    # One thread for each client: one that does not read holds up nobody.
    server.get_thread_pool().set_max_threads(-1)
    if settings.get("password") is not None:
        server.set_auth(auth(settings))
    for name, mount in settings["mounts"].items():
        server.get_mount_points().add_factory(f"/{name}", factory(**mount))
    if server.attach(None) == 0:
        sys.exit(f"port {settings['port']} is taken")
    GLib.timeout_add_seconds(5, lambda: server.get_session_pool().cleanup() >= 0)
    sys.stdout.write(f"ready {server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def factory(clip, codec, clock):
    """One camera, and when and how it tells its wall clock."""
    made = GstRtspServer.RTSPMediaFactory()
    demuxer = DEMUXERS[clip.rpartition(".")[2]]
    made.set_launch(
        f'( filesrc location="{clip}" ! {demuxer} ! {PAYLOADERS[codec]} name=pay0 pt=96 )'
    )
    made.set_shared(False)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(ROLE, "media.factory.access", True)
    permissions.add_permission_for_role(ROLE, "media.factory.construct", True)
    made.set_permissions(permissions)
    made.connect("media-configure", lambda _, media: media.connect("prepared", set_clock, clock))
    return made


def set_clock(media, clock):
    """`right`, `wrong` (it began at 1900 when the machine started), or `none` is told."""
    rtpbin = element(media.get_element().get_parent(), "rtpbin")
    if clock == "wrong":
        rtpbin.set_property("ntp-time-source", "clock-time")
    if clock == "none":
        session = rtpbin.emit("get-internal-session", 0)
        session.set_property("rtcp-min-interval", HOUR_NANOSECONDS)


def element(pipeline, factory_name):
    """The first element of a kind."""
    found = [each for each in pipeline.children if each.get_factory().get_name() == factory_name]
    return found[0]


def auth(settings):
    """Lets in one user, by one password."""
    made, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    if settings["auth"] == "digest":
        made.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        made.add_digest(settings["user"], settings["password"], token)
    else:
        made.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        basic = GstRtspServer.RTSPAuth.make_basic(settings["user"], settings["password"])
        made.add_basic(basic, token)
    return made


if __name__ == "__main__":
    main()
