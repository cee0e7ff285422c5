"""The shared namespace: attributes by name."""

from __future__ import annotations

from multiprocessing.managers import Namespace
from typing import Any

from coheld import _core
from coheld._base import BaseProxy, guard, unguard
from coheld._stdlib import managers

_get = _core.method("Namespace.Get", "value")
_set = _core.method("Namespace.Set")
_delete = _core.method("Namespace.Delete")
_items = _core.method("Namespace.Items", "attributes")


class NamespaceProxy(BaseProxy, managers.NamespaceProxy):  # type: ignore[misc]
    """Stand for a namespace in the daemon: every public attribute is one of its own.

    Names that begin with an underscore belong to the proxy.
    """

    _type_word = "namespace"
    _exposed_ = ("__getattribute__", "__setattr__", "__delattr__")

    def __getattr__(self, key: str) -> Any:
        if key[:1] == "_":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}")
        return _get(self._client, self._name, key)

    @property
    def name(self) -> Any:
        """Return the attribute of this name; the object's own name is _name."""
        return _get(self._client, self._name, "name")

    def __setattr__(self, key: str, value: Any) -> None:
        if key[:1] == "_":
            object.__setattr__(self, key, value)
        else:
            _set(self._client, self._name, key, value)

    def __delattr__(self, key: str) -> None:
        if key[:1] == "_":
            object.__delattr__(self, key)
        else:
            _delete(self._client, self._name, key)

    def __dir__(self) -> list[str]:
        own = [name for name in object.__dir__(self) if name[:1] == "_"]
        return [*own, *self._attributes()]

    def _callmethod(
        self, methodname: str, args: tuple[Any, ...] = (), kwds: dict[str, Any] | None = None
    ) -> Any:
        """Call an exposed method by its name."""
        if methodname == "__getattribute__":
            return _get(self._client, self._name, *args)
        return super()._callmethod(methodname, args, kwds)

    def _guarded_by(self, lock: BaseProxy) -> None:
        """Let only the holder of a lock change the attributes: as DataProxy.guarded_by()."""
        guard(self, lock)

    def _unguard(self) -> bool:
        """Let everybody change the attributes again; return whether they were guarded."""
        return unguard(self)

    def _attributes(self) -> dict[str, Any]:
        """Return all attributes as a plain dict."""
        return {item["attribute"]: item["value"] for item in _items(self._client, self._name)}

    def _getvalue(self) -> Namespace:
        """Return a plain namespace with the same attributes."""
        return Namespace(**self._attributes())
