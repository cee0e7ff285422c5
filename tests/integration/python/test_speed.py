"""One client's dict get against the stdlib manager's, in alternating rounds."""

import time

ROUNDS = 40
OPS = 300


def seconds_for(proxy):
    started = time.perf_counter()
    for _ in range(OPS):
        proxy.get("key")
    return time.perf_counter() - started


def test_dict_get_is_at_least_as_fast_as_the_stdlibs(manager, stdlib_manager, capsys):
    ours, theirs = manager.dict(key="value"), stdlib_manager.dict(key="value")
    rounds = [(seconds_for(theirs), seconds_for(ours)) for _ in range(ROUNDS)]
    best_theirs, best_ours = (min(times) for times in zip(*rounds))
    with capsys.disabled():
        print(
            f"\ndict.get: stdlib {best_theirs / OPS * 1e6:.1f} us, "
            f"coheld {best_ours / OPS * 1e6:.1f} us, ratio {best_theirs / best_ours:.2f}"
        )
    assert best_ours <= best_theirs
