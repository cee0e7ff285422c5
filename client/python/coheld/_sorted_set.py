"""The shared sorted set: members in order of their scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from coheld import _core
from coheld._base import DataProxy, milliseconds
from coheld._core import ABSENT

_len = _core.method("SortedSet.Len", "length")
_add = _core.method("SortedSet.Add", "added", "changed")
_increment = _core.method("SortedSet.Increment", "score")
_remove = _core.method("SortedSet.Remove", "removed")
_remove_by_score = _core.method("SortedSet.RemoveByScore", "removed")
_score = _core.method("SortedSet.Score", "scores")
_rank = _core.method("SortedSet.Rank", "rank")
_range = _core.method("SortedSet.Range", "members", "done", "version")
_range_by_score = _core.method("SortedSet.RangeByScore", "members", "done")
_count = _core.method("SortedSet.Count", "count")
_pop_min = _core.method("SortedSet.PopMin", "members")
_pop_max = _core.method("SortedSet.PopMax", "members")

Pair = tuple[Any, float]


class SortedSetProxy(DataProxy):
    """Stand for a sorted set in the daemon: hashable members, each with a score.

    The lowest score is first. Members with equal scores are in the order in which they came. As a
    priority map: add() with the priority as the score, pop_min() waits for the most urgent one.
    """

    _type_word = "sorted_set"
    _exposed_ = (
        "__len__", "__contains__", "__getitem__", "__setitem__", "__delitem__", "add", "get",
        "increment", "discard", "rank", "range", "range_by_score", "remove_by_score", "count",
        "pop_min", "pop_max", "items",
    )  # fmt: skip

    def __len__(self) -> int:
        length: int = _len(self._client, self._name)
        return length

    def __contains__(self, member: Any) -> bool:
        return self.get(member) is not None

    def __getitem__(self, member: Any) -> float:
        score = self.get(member)
        if score is None:
            raise KeyError(member)
        return score

    def __setitem__(self, member: Any, score: float) -> None:
        self.add(member, score)

    def __delitem__(self, member: Any) -> None:
        if not self.discard(member):
            raise KeyError(member)

    def __iter__(self) -> Iterator[Any]:
        return (member for member, _ in self.items())

    def add(
        self,
        member: Any,
        score: float,
        *,
        only_new: bool = False,
        only_existing: bool = False,
        only_greater: bool = False,
        only_less: bool = False,
    ) -> bool:
        """Add a member or change its score, as the conditions allow; say whether that was done."""
        added, changed = _add(
            self._client, self._name, [(member, score)],
            only_new, only_existing, only_greater, only_less,
        )  # fmt: skip
        return bool(added or changed)

    def update(self, scores: Mapping[Any, float] | Iterable[Pair]) -> None:
        """Add many members, or change their scores, as one op."""
        pairs = scores.items() if isinstance(scores, Mapping) else scores
        _add(self._client, self._name, [tuple(pair) for pair in pairs])

    def get(self, member: Any, default: float | None = None) -> float | None:
        """Return a member's score, or the default."""
        score = _score(self._client, self._name, [member])[0]["score"]
        return default if score is ABSENT else score

    def increment(self, member: Any, amount: float = 1.0) -> float:
        """Add to a member's score, a missing one counting as 0; return the sum."""
        score: float = _increment(self._client, self._name, member, amount)
        return score

    def discard(self, *members: Any) -> int:
        """Remove members; return how many were there."""
        removed: int = _remove(self._client, self._name, list(members))
        return removed

    def rank(self, member: Any, *, reverse: bool = False) -> int | None:
        """Return a member's place in the order, from 0; None if it is not there."""
        rank = _rank(self._client, self._name, member, reverse)
        return None if rank is ABSENT else rank

    def range(
        self, start: int | None = None, stop: int | None = None, *, reverse: bool = False
    ) -> list[Pair]:
        """Return the members at these places, as of a slice, with their scores."""
        while True:
            members, done, version = _range(self._client, self._name, start, stop, reverse)
            while not done:
                # Places count from the start of the order, whatever its direction.
                first = _resolved(start, len(self)) + len(members)
                page, done, now = _range(self._client, self._name, first, stop, reverse)
                if now != version:
                    break
                members += page
            else:
                return _pairs(members)

    def range_by_score(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        include: tuple[bool, bool] = (True, True),
        reverse: bool = False,
        offset: int = 0,
        limit: int = 0,
    ) -> list[Pair]:
        """Return the members with scores from low to high; limit 0 is all.

        ``include`` says whether those that equal low, and high, belong to them.
        """
        bounds = _bounds(low, high, include)
        found: list[Pair] = []
        while True:
            left = limit - len(found) if limit else 0
            members, done = _range_by_score(
                self._client, self._name, bounds, reverse, offset + len(found), left
            )
            found += _pairs(members)
            if done or not members or (limit and len(found) >= limit):
                return found

    def remove_by_score(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        include: tuple[bool, bool] = (True, True),
    ) -> int:
        """Remove the members with scores from low to high; return how many they were."""
        bounds = _bounds(low, high, include)
        removed: int = _remove_by_score(self._client, self._name, bounds)
        return removed

    def count(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        include: tuple[bool, bool] = (True, True),
    ) -> int:
        """Return how many members have a score from low to high."""
        counted: int = _count(self._client, self._name, _bounds(low, high, include))
        return counted

    def pop_min(self, block: bool = True, timeout: float | None = None) -> Pair | None:
        """Remove and return the member with the lowest score, and that; None if none in time."""
        return _first(_pop_min(self._client, self._name, 1, milliseconds(timeout) if block else 0))

    def pop_max(self, block: bool = True, timeout: float | None = None) -> Pair | None:
        """Remove and return the member with the highest score, and that; None if none in time."""
        return _first(_pop_max(self._client, self._name, 1, milliseconds(timeout) if block else 0))

    def items(self) -> list[Pair]:
        """Return all members with their scores, lowest first."""
        return self.range()

    def _getvalue(self) -> dict[Any, float]:
        """Return the members and scores as a plain dict, lowest first."""
        return dict(self.range())


def _pairs(members: list[dict[str, Any]]) -> list[Pair]:
    return [(member["member"], member["score"]) for member in members]


def _first(members: list[dict[str, Any]]) -> Pair | None:
    return _pairs(members)[0] if members else None


def _bounds(
    low: float | None, high: float | None, include: tuple[bool, bool]
) -> tuple[float | None, float | None, bool, bool]:
    return low, high, not include[0], not include[1]


def _resolved(start: int | None, length: int) -> int:
    if start is None:
        return 0
    return max(0, start + length) if start < 0 else start
