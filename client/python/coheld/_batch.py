"""Many ops with one write and one wait."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from coheld import _core
from coheld._base import BaseProxy
from coheld._core import Client

AnyBatch = TypeVar("AnyBatch", bound="Batch")


class Pending:
    """Stand for what an op of a batch will have returned."""

    def __init__(
        self,
        place: int,
        method: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        """Make the answer to one op; programs get theirs from a batch."""
        # The arguments are kept: what they refer to lives until the op is made.
        self._call = place, method, arguments, keywords
        self._ready = False
        self._value: Any = None
        self._error: Exception | None = None

    @property
    def ready(self) -> bool:
        """Return whether the batch was run."""
        return self._ready

    def get(self) -> Any:
        """Return what the method returned, or raise what it raised; ValueError before the run."""
        if not self._ready:
            raise ValueError("the batch was not run yet: its answers come with the block's end")
        if self._error is not None:
            raise self._error
        return self._value

    def _finish(self, ops: _core.Batch) -> None:
        place, method, arguments, keywords = self._call
        try:
            self._value = ops.finish(place, method, _proxy_of(method)._name, arguments, keywords)
        except Exception as error:
            self._error = error
        self._ready = True


class Batch:
    """Collect ops, and make them with one write and one wait: made by ``manager.batch()``.

    ``with manager.batch() as batch: apples = batch.on(counts).increment("apples")``, and after the
    block ``apples.get()``. The ops happen in order, but those of others may come between them; one
    that fails does not stop the next. The block's end makes them, unless the block raised, and
    raises the error of the first that failed; each has its answer anyway. A method's first op goes
    into the batch; what else it does when it finds its answer, it does at once.
    """

    def __init__(self, client: Client) -> None:
        """Make a batch; programs get theirs from a manager."""
        self._client = client
        self._ops = _core.Batch(client)
        self._pending: list[Pending] = []

    def __len__(self) -> int:
        return len(self._pending)

    def on(self, proxy: BaseProxy) -> _On:
        """Return what has the proxy's methods, and gives a Pending for each call."""
        return _On(self, proxy)

    def call(self, method: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Pending:
        """Add a call of a proxy's method, such as ``batch.call(counts.increment, "apples")``."""
        name = _proxy_of(method)._name
        place = self._ops.note(method, name, arguments, keywords)
        pending = Pending(place, method, arguments, keywords)
        self._pending.append(pending)
        return pending

    def run(self) -> None:
        """Make the ops, and forget them, so that more can be added; raise the first one's error."""
        ops, self._ops = self._ops, _core.Batch(self._client)
        pending, self._pending = self._pending, []
        if not pending:
            return
        ops.run()
        for answer in pending:
            answer._finish(ops)
        for answer in pending:
            if answer._error is not None:
                raise answer._error

    def __enter__(self: AnyBatch) -> AnyBatch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.run()


class _On:
    """Have a proxy's methods, for a batch."""

    def __init__(self, batch: Batch, proxy: BaseProxy) -> None:
        if not isinstance(proxy, BaseProxy):
            raise TypeError(f"a batch is for what the daemon holds, not {proxy!r}")
        self._batch = batch
        self._proxy = proxy

    def __getattr__(self, name: str) -> Callable[..., Pending]:
        method = getattr(type(self._proxy), name, None)
        if not callable(method):
            raise AttributeError(f"{type(self._proxy).__name__} has no method {name!r}")
        bound = getattr(self._proxy, name)

        def call(*arguments: Any, **keywords: Any) -> Pending:
            return self._batch.call(bound, *arguments, **keywords)

        return call

    def __getitem__(self, key: Any) -> Pending:
        return self._batch.call(self._proxy.__getitem__, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._batch.call(self._proxy.__setitem__, key, value)

    def __delitem__(self, key: Any) -> None:
        self._batch.call(self._proxy.__delitem__, key)


def _proxy_of(method: Callable[..., Any]) -> BaseProxy:
    proxy = getattr(method, "__self__", None)
    if not isinstance(proxy, BaseProxy):
        raise TypeError(f"a batch takes methods of what the daemon holds, not {method!r}")
    return proxy
