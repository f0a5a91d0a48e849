"""What all groups of settings have in common."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A group of settings, which takes no others than its own."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        # A command uses one or two of these, and would wait for all of them.
        defer_build=True,
        # It may be an address with a password; `make_config` shows what may be shown.
        hide_input_in_errors=True,
    )


def refuse_alone(config: BaseModel, names: Sequence[str], *, need: str) -> None:
    """Settings that would be ignored without another one are refused where they were chosen."""
    defaults = type(config).model_fields
    chosen = [name for name in names if getattr(config, name) != defaults[name].default]
    if chosen:
        raise ValueError(f"{' and '.join(chosen)} without {need} would do nothing; set it too")
