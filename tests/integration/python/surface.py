"""Write client/python/SURFACE.md: every method of the stdlib's proxies and of what they stand for.

`python surface.py --write` writes it; test_surface.py compares it and expects nothing missing.
"""

import multiprocessing.managers as stdlib
import pathlib
import queue
import sys

import coheld

PATH = pathlib.Path(__file__).resolve().parents[3] / "client/python/SURFACE.md"

# Per type: the manager's method, the stdlib's proxy, the plain class, ours.
TYPES = [
    ("SyncManager", stdlib.SyncManager, None, coheld.SyncManager),
    ("list", stdlib.ListProxy, list, coheld.ListProxy),
    ("dict", stdlib.DictProxy, dict, coheld.DictProxy),
    ("set", None, set, coheld.SetProxy),
    ("Value", stdlib.ValueProxy, None, coheld.ValueProxy),
    ("Array", stdlib.ArrayProxy, None, coheld.ArrayProxy),
    ("Namespace", stdlib.NamespaceProxy, None, coheld.NamespaceProxy),
    ("Queue, JoinableQueue", None, queue.Queue, coheld.QueueProxy),
    ("Lock", stdlib.AcquirerProxy, None, coheld.LockProxy),
    ("RLock", stdlib.AcquirerProxy, None, coheld.RLockProxy),
    ("Semaphore", stdlib.AcquirerProxy, None, coheld.SemaphoreProxy),
    ("BoundedSemaphore", stdlib.AcquirerProxy, None, coheld.BoundedSemaphoreProxy),
    ("Condition", stdlib.ConditionProxy, None, coheld.ConditionProxy),
    ("Event", stdlib.EventProxy, None, coheld.EventProxy),
    ("Barrier", stdlib.BarrierProxy, None, coheld.BarrierProxy),
]

# What proxies got after CPython 3.11, wherever this program runs.
LATER = {
    "SyncManager": {"set": "3.14"},
    "list": dict.fromkeys(["clear", "copy", "__class_getitem__"], "3.14"),
    "dict": dict.fromkeys(
        ["fromkeys", "__or__", "__ror__", "__ior__", "__reversed__", "__class_getitem__"], "3.14"
    ),
    "set": {
        name: "3.14"
        for name in dir(set)
        if name not in dir(object) and name not in ("__init_subclass__",)
    },
    "Queue, JoinableQueue": {"shutdown": "3.13"},
    "Lock": {"locked": "3.14"},
    "RLock": {"locked": "3.14"},
}

# Parts of the stdlib proxies' own machinery that programs use.
PRIVATE = ("_callmethod", "_getvalue")


def methods(owner):
    """Return the names that a class adds to those of every object."""
    if owner is None:
        return set()
    return {
        name
        for name in set(dir(owner)) - set(dir(object))
        if name in PRIVATE
        or not name.startswith("_")
        or (name.startswith("__") and callable(getattr(owner, name)))
    } - {"__weakref__"}


def is_own(ours, name):
    """Say whether a class of coheld has a method, rather than a class of the stdlib below it."""
    return any(name in vars(base) for base in ours.__mro__ if base.__module__[:6] == "coheld")


def rows(kind, proxy, plain, ours):
    """Return (method, in the stdlib's proxy, in the plain class, in ours) for every method."""
    later = LATER.get(kind, {})
    in_proxy, in_plain = methods(proxy), methods(plain)
    if plain is queue.Queue:  # Exposed as it is.
        in_proxy, in_plain = in_plain - {"__class_getitem__"}, set()
    for name in sorted(in_proxy | in_plain | set(later)):
        since = later.get(name) or ("3.11" if name in in_proxy else "")
        yield name, since, name in in_plain, is_own(ours, name)


def missing():
    """Return what ours lack."""
    return [
        (kind, name)
        for kind, proxy, plain, ours in TYPES
        for name, _, _, there in rows(kind, proxy, plain, ours)
        if not there
    ]


def beyond(kind, proxy, plain, ours):
    """Return the public methods that only ours have."""
    known = {name for name, *_ in rows(kind, proxy, plain, ours)}
    return sorted(
        name for name in methods(ours) - known if not name.startswith("_") and name != "name"
    )


def page():
    """Return the whole page."""
    lines = [
        "# The surface",
        "",
        "Every method that CPython's proxies, and `list`, `dict` and `set`, add to those of every",
        "object. *proxy* is the version since which the stdlib's proxy has it (3.11 or before, or",
        "later), *class* whether the plain class does, *coheld* whether the proxy here has it,",
        "whatever the Python version.",
        "",
        "Pools, their results and iterators have the stdlib's own proxies.",
        "",
        "Written by `tests/integration/python/surface.py --write`; a test keeps it true.",
    ]
    for entry in TYPES:
        kind, _, _, ours = entry
        lines += ["", f"## {kind}", "", "| method | proxy | class | coheld |", "|---|---|---|---|"]
        for name, since, in_plain, there in rows(*entry):
            mark = "yes" if there else "**missing**"
            lines.append(f"| `{name}` | {since} | {'yes' if in_plain else ''} | {mark} |")
        more = ", ".join(f"`{name}`" for name in beyond(*entry))
        if more:
            lines += ["", f"Beyond the stdlib, `{ours.__name__}`: {more}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PATH.write_text(page())
    else:
        sys.stdout.write(page())
