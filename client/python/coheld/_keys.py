"""The key of a daemon that a manager starts at an address: multiprocessing's authkey."""

from __future__ import annotations

import hashlib

# What a key file holds at most; it ends before a newline.
_BYTES_MAX = 4096


def daemon_key(authkey: bytes) -> bytes:
    """Return the authkey, or a digest of one that no key file can hold."""
    authkey = bytes(authkey)
    if 0 < len(authkey) <= _BYTES_MAX and not authkey.endswith((b"\n", b"\r")):
        return authkey
    return hashlib.sha256(authkey).hexdigest().encode()
