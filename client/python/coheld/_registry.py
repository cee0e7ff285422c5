"""The registry of a manager's types in the stdlib's form, and what of it the daemon holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional

from coheld._base import BaseProxy
from coheld._stdlib import managers

#: (callable, exposed, method_to_typeid, proxytype), as in the stdlib.
Entry = tuple[Optional[Callable[..., Any]], Any, Optional[dict[str, str]], Any]
Registry = dict[str, Entry]

#: Types that the stdlib's SyncManager has.
STANDARD: Registry = dict(managers.SyncManager._registry)

# The proxy type of a typeid in this process, whichever manager class registered it.
_proxy_types: dict[str, Any] = {typeid: entry[-1] for typeid, entry in STANDARD.items()}


def make_entry(
    callable: Callable[..., Any] | None,
    proxytype: Any,
    exposed: Any,
    method_to_typeid: Mapping[str, str] | None,
) -> Entry:
    """Return the entry that BaseManager.register() makes of its arguments."""
    proxytype = _stdlib_class(proxytype) if proxytype is not None else managers.AutoProxy
    exposed = exposed or getattr(proxytype, "_exposed_", None)
    method_to_typeid = method_to_typeid or getattr(proxytype, "_method_to_typeid_", None)
    for key, value in (method_to_typeid or {}).items():
        assert type(key) is str, f"{key!r} is not a string"
        assert type(value) is str, f"{value!r} is not a string"
    return callable, exposed, dict(method_to_typeid) if method_to_typeid else None, proxytype


def remember(typeid: str, entry: Entry) -> None:
    """Use an entry's proxy type for objects that come without a manager."""
    _proxy_types[typeid] = entry[-1]


def proxy_type(typeid: str, registry: Registry | None) -> Any:
    """Return what makes proxies of a hosted object."""
    if registry and typeid in registry:
        return registry[typeid][-1]
    return _proxy_types.get(typeid, managers.AutoProxy)


def standard_typeid(entry: Entry) -> str | None:
    """Return the standard type that an entry is the same as, such as "dict"."""
    for typeid, standard in STANDARD.items():
        if entry[0] is not None and entry == standard:
            return typeid
    return None


def _stdlib_class(proxytype: Any) -> Any:
    """Return the stdlib's class in place of one of this package's, which know only the daemon."""
    if not isinstance(proxytype, type) or not issubclass(proxytype, BaseProxy):
        return proxytype
    if not proxytype.__module__.startswith("coheld."):
        raise TypeError(
            f"{proxytype.__qualname__} is derived from a proxy of what the daemon holds: derive "
            "proxies of registered classes from those in coheld.managers"
        )
    base = next(kind for kind in proxytype.__mro__ if kind.__module__ == managers.__name__)
    return managers.AutoProxy if base is managers.BaseProxy else base
