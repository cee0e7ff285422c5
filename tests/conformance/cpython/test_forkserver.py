"""CPython's tests of managers, with children made by forkserver."""

from stdlib_tests import install

install(globals(), "forkserver")
