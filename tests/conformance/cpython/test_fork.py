"""CPython's tests of managers, with children made by fork."""

from stdlib_tests import install

install(globals(), "fork")
