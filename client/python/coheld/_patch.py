"""Put coheld in the place of multiprocessing's managers, under programs that do not know of it."""

from __future__ import annotations

import multiprocessing
from typing import Any

from coheld import _manager
from coheld._stdlib import context, forkserver, managers, spawn

_replaced: list[tuple[Any, str, Any]] = []
_PRELOADED = "coheld._patched"


class _PatchedParent:
    """Travel to spawned children, and patch them before they import the program."""

    def __reduce__(self) -> tuple[Any, ...]:
        return patch, ()


def patch() -> None:
    """Make multiprocessing.Manager(), and the managers that it exports, those of coheld.

    Call it before other modules import names from multiprocessing: what they hold already stays.
    Children are patched too, in every start method. A second call does nothing.
    """
    if _replaced:
        return
    _replace(managers, "BaseManager", _manager.BaseManager)
    _replace(managers, "SyncManager", _manager.SyncManager)
    _replace(context.BaseContext, "Manager", _context_manager)
    _replace(multiprocessing, "Manager", context._default_context.Manager)
    _replace(spawn, "get_preparation_data", _preparation_data)
    _replace(forkserver.ForkServer, "ensure_running", _ensure_fork_server)


def unpatch() -> None:
    """Undo patch(): what was made meanwhile stays coheld's."""
    while _replaced:
        owner, name, original = _replaced.pop()
        setattr(owner, name, original)


def _replace(owner: Any, name: str, replacement: Any) -> None:
    _replaced.append((owner, name, getattr(owner, name)))
    setattr(owner, name, replacement)


def _context_manager(self: Any) -> _manager.SyncManager:
    """Return a started manager, whose processes are of this context."""
    manager = _manager.SyncManager(ctx=self.get_context())
    manager.start()
    return manager


_original_preparation_data = spawn.get_preparation_data


def _preparation_data(name: str) -> dict[str, Any]:
    data: dict[str, Any] = _original_preparation_data(name)
    data["coheld"] = _PatchedParent()
    return data


_original_ensure_running = forkserver.ForkServer.ensure_running


def _ensure_fork_server(self: Any) -> None:
    # What it preloads must find it patched. The program's main module always comes first, so that
    # is left to the children.
    others = [module for module in self._preload_modules if module not in ("__main__", _PRELOADED)]
    self._preload_modules = [_PRELOADED, *others]
    _original_ensure_running(self)
