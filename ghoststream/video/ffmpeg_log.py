"""Keeps addresses out of what FFmpeg writes into Python's log, for those who ask to see that.

    hide_addresses()
    av.logging.set_level(av.logging.DEBUG)

FFmpeg logs addresses and requests as they are, with user name, password and tokens.
"""

import logging
import re

HIDDEN = "(not shown: it may hold an address)"

_TELLING = re.compile(r"(?i)://|@|authorization|(HTTP|RTSP)/\d|(GET|POST|DESCRIBE|SETUP|PLAY) ")
"""An address, or a request: its first line holds the path, and the others who asks."""


class _Hiding(logging.Handler):
    """Passes records on to where they would have gone without it."""

    def emit(self, record: logging.LogRecord) -> None:
        if _TELLING.search(record.getMessage()):
            record.msg, record.args = HIDDEN, ()
        logging.getLogger().handle(record)


_HIDING = _Hiding()


def hide_addresses() -> None:
    """From now on, in this process.

    A handler that somebody else has put on one of the loggers below `libav` is not reached.
    """
    logger = logging.getLogger("libav")
    if _HIDING not in logger.handlers:
        # A filter would see nothing of the loggers below: PyAV has one for each part of FFmpeg. In
        # front, so that all other handlers get what it leaves.
        logger.handlers.insert(0, _HIDING)
        logger.propagate = False
