"""Patch the process that imports this: the fork server does so before what else it preloads."""

from coheld._patch import patch

patch()
