"""CPython's own tests of managers (test._test_multiprocessing), run with coheld in their place."""

import coheld

coheld.patch()

from test import _test_multiprocessing as theirs  # noqa: E402 - after the patch.

# Tests of what coheld does otherwise on purpose, with the reason.
DIFFERENT = {
    "TestSyncManagerTypes.test_lock": "the lock of a process that ended is free, not held for ever",
}

# Classes that use managers but do not ask for a type of them.
_MORE = (theirs.TestSyncManagerTypes, theirs.TestInitializers)


def install(module, start_method):
    """Add every test class with a manager to a test module, and the set-up of their suite."""
    theirs.install_tests_in_module_dict(module, start_method, only_type="manager")
    for base in _MORE:
        kind = type(base.__name__, (base,), {"__module__": module["__name__"]})
        module[base.__name__] = kind
    for name in DIFFERENT:
        class_name, _, test = name.partition(".")
        setattr(module[class_name], test, None)
