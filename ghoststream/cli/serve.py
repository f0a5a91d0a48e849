"""`ghoststream serve`."""

import webbrowser
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from ghoststream.cli.exit_codes import INTERRUPTED
from ghoststream.cli.options import CLIPS, EVENTS, MODEL, PATH, SAMPLING, options
from ghoststream.cli.settings import given_settings

if TYPE_CHECKING:
    from ghoststream.config import ServeConfig

PACKAGES = ("fastapi", "jinja2", "python_multipart", "uvicorn")


@click.command()
@click.argument("archive", required=False, metavar="[ARCHIVE]")
@click.option(
    "--pipeline", type=PATH, default=None, metavar="FILE", help="Watch the cameras of a pipeline."
)
@click.option(
    "--host",
    default=None,
    metavar="ADDRESS",
    help="Listen on this address; others than this machine need a password.  [default: 127.0.0.1]",
)
@click.option(
    "--port",
    type=int,
    default=None,
    metavar="PORT",
    help="0 takes a free one.  [default: 8008]",
)
@click.option(
    "--allowed-host",
    multiple=True,
    metavar="NAME",
    callback=lambda _context, _option, values: values or None,
    help="A name under which browsers reach it; may be given several times.",
)
@click.option(
    "--data",
    type=PATH,
    default=None,
    metavar="DIR",
    help="What the page keeps: verdicts, classes, heads.  [default: ghoststream-serve]",
)
@click.option(
    "--password-file",
    type=PATH,
    default=None,
    metavar="FILE",
    help="Its first line is the password, or its hash.  [default: GHOSTSTREAM_PASSWORD, or none]",
)
@click.option(
    "--token-file",
    type=PATH,
    default=None,
    metavar="FILE",
    help="A token a line, for programs: `Authorization: Bearer TOKEN`.",
)
@click.option(
    "--https",
    is_flag=True,
    default=None,
    help="Browsers reach it by https, through a proxy; cookies go no other way.",
)
@click.option(
    "--trusted-proxy",
    default=None,
    metavar="ADDRESS",
    help="That proxy, whose X-Forwarded-For and X-Forwarded-Proto are believed.",
)
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@click.option("--hash-password", is_flag=True, help="Ask for a password, print its hash, and end.")
@options(MODEL, SAMPLING, CLIPS, EVENTS)
def serve(archive: str | None, opens: bool, hash_password: bool, **flags: object) -> None:
    """Open a page to watch cameras, look events through, search an ARCHIVE, and teach classes.

    ARCHIVE is a store that `ghoststream label` or `embed` has made, or a directory of videos, which
    is labelled, and watched for more. The page is for this machine alone, unless you choose another
    --host.

    \b
    Examples:
      ghoststream serve sample_videos
      ghoststream serve ghoststream-store --pipeline cameras.yaml
      ghoststream serve ghoststream-store --host 0.0.0.0 --password-file password.txt
    """
    _check_packages()
    if hash_password:
        click.echo(_asked_hash())
        return
    _serve({"archive": archive, **flags}, opens=opens)


def _serve(flags: dict[str, object], *, opens: bool) -> None:
    from ghoststream.cli.stopping import stop_on_signals
    from ghoststream.config import ServeConfig, make_config
    from ghoststream.serve.server import serve as answer

    _, given = given_settings((), flags)
    config = make_config(ServeConfig, given)

    def tell(address: str) -> None:
        click.echo(f"GhostStream is at {address} (Ctrl-C ends it)", err=True)
        _warn_of_eavesdroppers(config)
        if opens:
            webbrowser.open(address)

    with stop_on_signals() as stop:
        answer(config, stop=stop, notice=tell)
    click.get_current_context().exit(INTERRUPTED)


def _warn_of_eavesdroppers(config: "ServeConfig") -> None:
    from ghoststream.serve.security.access import is_loopback

    if not (is_loopback(config.host) or config.https):
        click.echo(
            "Warning: browsers reach it by http, so that others on the way can read what is sent, "
            "the password too; put it behind a proxy that speaks https (--https)",
            err=True,
        )


def _check_packages() -> None:
    from ghoststream.errors import ConfigError

    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"the page needs {', '.join(missing)}; install it with: pip install ghoststream[serve]"
        )


def _asked_hash() -> str:
    from ghoststream.errors import ConfigError
    from ghoststream.serve.security.access import PASSWORD_CHARACTERS
    from ghoststream.serve.security.passwords import hashed

    password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(password) < PASSWORD_CHARACTERS:
        raise ConfigError(f"a password has at least {PASSWORD_CHARACTERS} characters")
    return hashed(password)
