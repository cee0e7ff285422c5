"""CPython's tests of managers, with children made by spawn."""

from stdlib_tests import install

install(globals(), "spawn")
