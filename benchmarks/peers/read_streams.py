"""PyAV reads live streams for some seconds and decodes nothing: what serving them costs."""

import argparse
import threading
import time

import av

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("addresses", nargs="+")
parser.add_argument("--seconds", type=float, default=15)
options = parser.parse_args()


def read(address: str) -> None:
    """Until time is up."""
    with av.open(address, options={"rtsp_transport": "tcp"}) as container:
        for _ in container.demux(video=0):
            if time.monotonic() > end:
                return


end = time.monotonic() + options.seconds
readers = [threading.Thread(target=read, args=(address,)) for address in options.addresses]
for reader in readers:
    reader.start()
for reader in readers:
    reader.join()
