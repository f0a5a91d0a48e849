"""Packages that cost much to load, and of which only some modules are needed."""

import sys
from importlib.util import find_spec, module_from_spec


def load_when_used(package: str) -> None:
    """Lets a package be imported without its own code, which runs once somebody asks for a name.

    Its modules are imported as ever. A package that is loaded already, or not installed, stays so.

    Example:
        >>> load_when_used("lance_namespace_urllib3_client")
        >>> from lance_namespace_urllib3_client.models import JsonArrowSchema  # no more than that
    """
    spec = None if package in sys.modules else find_spec(package)
    if spec is None or spec.loader is None:
        return
    loader, module = spec.loader, module_from_spec(spec)

    def load(name: str) -> object:
        module.__dict__.pop("__getattr__", None)
        loader.exec_module(module)
        return getattr(module, name)

    module.__dict__["__getattr__"] = load
    sys.modules[package] = module
