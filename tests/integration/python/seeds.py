"""Which seeds random tests run: the same ones each time, and fresh ones for who hunts.

COHELD_SEED=N picks the first seed, COHELD_SEED=random a fresh one, and COHELD_LONG=1, too, if none
is picked; COHELD_SEEDS is how many there are.
"""

import os
import random

_WANTED = os.environ.get("COHELD_SEED", "")

FRESH = _WANTED == "random" or (not _WANTED and bool(os.environ.get("COHELD_LONG")))
FIRST_SEED = random.randrange(1 << 32) if FRESH else int(_WANTED or 1)


def choose_seeds(usual):
    """Return the seeds of a test that usually has so many."""
    return range(FIRST_SEED, FIRST_SEED + int(os.environ.get("COHELD_SEEDS", usual)))
