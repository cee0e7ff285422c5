"""Watching an object: its changes in order."""

import coheld
import pytest


def test_an_object_is_watched(manager):
    held = manager.dict()
    watch = coheld.watch(held)
    assert watch.next(0.01) is None
    held["a"] = 1
    held.update(b=2)
    del held["a"]
    changes = [watch.next(30) for _ in range(3)]
    assert [change.op for change in changes] == ["Dict.Set", "Dict.SetMany", "Dict.Delete"]
    assert changes[0].fields["key"] == "a"
    assert changes[0].fields["value"] == 1
    assert changes[0].session == held._client.session()["id"]
    assert changes[0].version < changes[1].version < changes[2].version == watch.version


def test_a_watch_goes_on_from_where_another_stood(manager):
    held = manager.list()
    first = coheld.watch(held)
    held.extend([1, 2])
    held.append(3)
    assert next(first).op == "List.Extend"
    again = coheld.watch(held, from_version=first.version)
    assert next(again).fields["value"] == 3
    held[0:1] = [9]
    change = next(again)
    assert (change.op, change.fields["slice"]) == ("List.SetSlice", slice(0, 1))


def test_a_watch_ends_with_its_object(manager):
    watch = coheld.watch(manager.list(name="watched"))
    coheld._core.method("Admin.Delete")(manager._client, "watched")
    with pytest.raises(coheld.ObjectNotFound):
        next(watch)


def test_a_version_that_is_gone_is_compacted(manager):
    held = manager.list([1])
    held.append(2)
    with pytest.raises(coheld.Compacted):
        next(coheld.watch(held, from_version=0))
