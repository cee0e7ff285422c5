"""CPython's own tests of managers (test._test_multiprocessing), run with coheld in their place."""

import coheld

coheld.patch()

from test import _test_multiprocessing as theirs  # noqa: E402 - after the patch.

# Tests of what coheld does otherwise on purpose, with the reason.
DIFFERENT = {
    "TestSyncManagerTypes.test_lock": "the lock of a process that ended is free, not held for ever",
    "TestSyncManagerTypes.test_bounded_semaphore": "the permit of a process that ended is back",
}

# Classes that use managers but do not ask for a type of them.
_MORE = ("TestInitializers", "TestSyncManagerTypes")


def install(module, start_method):
    """Add every test class with a manager to a test module, and the set-up of their suite."""
    everything = {"__name__": module["__name__"]}
    theirs.install_tests_in_module_dict(everything, start_method)
    for name, value in everything.items():
        if name.startswith("WithManager") or name in (*_MORE, "setUpModule", "tearDownModule"):
            module[name] = value
    for name in DIFFERENT:
        class_name, _, test = name.partition(".")
        setattr(module[class_name], test, None)
