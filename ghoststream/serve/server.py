"""A page from its start to its end."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from ghoststream.config import ServeConfig
from ghoststream.errors import OutputError
from ghoststream.serve.feed import Feed
from ghoststream.serve.media.ids import MediaIds, read_secret
from ghoststream.serve.review import Review
from ghoststream.serve.site import Site
from ghoststream.serve.worker import Worker


@contextmanager
def opened_site(config: ServeConfig) -> Iterator[Site]:
    """What a page is made of, before anything of it runs.

    Raises:
        OutputError: its directory cannot be written.
    """
    data = config.data.absolute()
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        ids = MediaIds(read_secret(data / "secret"))
    except OSError as error:
        raise OutputError(
            f"cannot write into {str(data)!r}: {error.strerror}; choose another with --data"
        ) from error
    with (
        Review(data / "review.db") as review,
        closing(Worker()) as worker,
        closing(Worker()) as converter,
    ):
        yield Site(
            config=config,
            data=data,
            review=review,
            feed=Feed(),
            ids=ids,
            worker=worker,
            converter=converter,
        )
