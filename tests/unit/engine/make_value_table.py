#!/usr/bin/env python3
"""Write value_table.txt: what CPython answers for arithmetic and comparison of random values.

Usage: make_value_table.py [SEED] > value_table.txt. Lines are `left OPERATOR right -> answer`,
values in the notation of notation.h; value_test.cc checks that the engine answers the same.
"""

import operator
import random
import sys

ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "min": min,
    "max": max,
}
BOUNDARIES = [
    0,
    1,
    2,
    7,
    2**31,
    2**32,
    2**53,
    2**62,
    2**63,
    2**64,
    2**96,
    2**128,
    10**19,
    10**30,
    10**308,
    10**320,
]
REALS = [
    0.0,
    -0.0,
    0.5,
    1.0,
    -1.0,
    1.5,
    2.0**53,
    2.0**63,
    2.0**64,
    -(2.0**63),
    1e19,
    1e300,
    -1e300,
    5e-324,
    float("inf"),
    float("-inf"),
    float("nan"),
    0.1,
    1e16,
    123456.789,
]


def number(rng):
    """Return a boolean, integer or real, often next to a boundary."""
    kind = rng.random()
    if kind < 0.05:
        return rng.random() < 0.5
    if kind < 0.3:
        return rng.choice(REALS) if rng.random() < 0.6 else rng.uniform(-1e3, 1e3)
    if kind < 0.7:
        return rng.choice((-1, 1)) * (rng.choice(BOUNDARIES) + rng.randint(-2, 2))
    return rng.choice((-1, 1)) * rng.getrandbits(rng.choice((4, 16, 40, 64, 70, 130, 200)))


def sequence(rng):
    """Return a short text, byte string, list or tuple."""
    letters = [rng.choice("abc") for _ in range(rng.randint(0, 3))]
    numbers = [rng.choice((1, 2, 1.0, True, 3)) for _ in range(rng.randint(0, 3))]
    return rng.choice(("".join(letters), "".join(letters).encode(), numbers, tuple(numbers)))


def show(value):
    """Write a value in the notation."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bytes):
        return f'b"{value.decode()}"'
    return repr(value)


def answer(sign, left, right):
    """Return what CPython answers, in the notation."""
    try:
        if sign == "==":
            return show(left == right)
        if sign == "<":
            return show(left < right)
        return show(ARITHMETIC[sign](left, right))
    except ZeroDivisionError:
        return "DIVISION_BY_ZERO"
    except OverflowError:
        return "OVERFLOW"
    except TypeError:
        return "NOT_ORDERABLE" if sign in ("<", "min", "max") else "UNSUPPORTED_OPERAND"


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rng = random.Random(seed)
    print(
        f"// Made by make_value_table.py {seed} on CPython {sys.version.split()[0]}. Do not edit."
    )
    for sign in [*ARITHMETIC, "==", "<"]:
        for _ in range(100):
            left, right = number(rng), number(rng)
            print(f"{show(left)} {sign} {show(right)} -> {answer(sign, left, right)}")
    for sign in ("+", "==", "<"):
        for _ in range(60):
            left, right = sequence(rng), sequence(rng)
            print(f"{show(left)} {sign} {show(right)} -> {answer(sign, left, right)}")
    for _ in range(40):
        left, right = sequence(rng), rng.randint(-1, 3)
        print(f"{show(left)} * {show(right)} -> {answer('*', left, right)}")


main()
