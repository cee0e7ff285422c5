"""The proxies have every method of the stdlib's, and the page that says so is true."""

import sys

import pytest

import surface


def test_no_method_of_the_stdlibs_proxies_is_missing():
    assert surface.missing() == []


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the page shows CPython 3.11")
def test_the_page_is_as_generated():
    assert surface.PATH.read_text() == surface.page(), "run surface.py --write"
