#!/usr/bin/env python3
"""Write list_table.txt or dict_table.txt: random ops with the answers of CPython's own containers.

Usage: make_container_table.py list|dict [SEED] > list_table.txt. The lines are an op table
(op_table.h); after each change the whole container is read back.
"""

import random
import sys

OPS = 400
HUGE = (-(2**63), -(2**63) + 1, -(2**62), 2**62, 2**63 - 1)
ITEMS = (0, 1, 2, 3, 1.0, 2.5, True, -7, 10**20, 2.0**70)
KEYS = (
    0,
    1,
    True,
    1.0,
    2,
    2.5,
    "a",
    "b",
    "a key over 14 bytes",
    (1, "a"),
    (1.0, "a"),
    None,
    2**64,
    2.0**64,
    b"a",
)


def show(value):
    """Write a value in the notation."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bytes):
        return f'b"{value.decode()}"'
    if isinstance(value, (list, tuple)):
        items = ", ".join(map(show, value))
        return f"[{items}]" if isinstance(value, list) else f"({items},)"
    return repr(value)


def bound(rng):
    """Return a slice bound: near the ends, huge, or none."""
    kind = rng.random()
    if kind < 0.25:
        return None
    return rng.choice(HUGE) if kind < 0.35 else rng.randint(-9, 9)


class ListTable:
    def __init__(self, rng):
        self.rng = rng
        self.items = []

    def slice(self):
        """Return a slice and how it is written."""
        step = self.rng.choice((None, None, 1, 1, 2, 3, -1, -2, -3, 5, *HUGE))
        parts = {"start": bound(self.rng), "stop": bound(self.rng), "step": step}
        text = " ".join(f"{name}={part}" for name, part in parts.items() if part is not None)
        return slice(*parts.values()), (f" slice={{{text}}}" if text else "")

    def few(self, most=6):
        return [self.rng.choice(ITEMS) for _ in range(self.rng.randint(0, most))]

    def step(self):
        """Apply one op to the list; return the op and its answer."""
        rng, items = self.rng, self.items
        item, index = rng.choice(ITEMS), rng.randint(-9, 9)
        where, written = self.slice()
        name = rng.choice(
            (
                "Set",
                "Delete",
                "GetSlice",
                "GetSlice",
                "SetSlice",
                "SetSlice",
                "SetSlice",
                "DeleteSlice",
                "DeleteSlice",
                "Append",
                "Extend",
                "Insert",
                "Pop",
                "Remove",
                "Index",
                "Count",
                "Contains",
                "Reverse",
                "Sort",
                "Repeat",
            )
        )
        op = f"- List.{name} l"
        try:
            if name == "Set":
                op += f" index={index} value={show(item)}"
                items[index] = item
            elif name == "Delete":
                op += f" index={index}"
                del items[index]
            elif name == "GetSlice":
                return op + written, f"values={show(items[where])}"
            elif name == "SetSlice":
                values = self.few()
                if where.step not in (None, 1) and rng.random() < 0.7:
                    values = [rng.choice(ITEMS) for _ in items[where]]
                op += f"{written} values={show(values)}"
                items[where] = values
            elif name == "DeleteSlice":
                op += written
                del items[where]
            elif name == "Append":
                op += f" value={show(item)}"
                items.append(item)
            elif name == "Extend":
                values = self.few()
                op += f" values={show(values)}"
                items.extend(values)
            elif name == "Insert":
                index = rng.choice((index, index, rng.choice(HUGE)))
                op += f" index={index} value={show(item)}"
                items.insert(index, item)
            elif name == "Pop":
                op += f" index={index}"
                return op, f"value={show(items.pop(index))} length={len(items)}"
            elif name == "Remove":
                op += f" value={show(item)}"
                items.remove(item)
            elif name == "Index":
                start, stop = (
                    rng.randint(-9, 9),
                    rng.choice((rng.randint(-9, 9), 2**63 - 1)),
                )
                op += f" value={show(item)} start={start} stop={stop}"
                return op, f"index={items.index(item, start, stop)}"
            elif name == "Count":
                return f"{op} value={show(item)}", f"count={items.count(item)}"
            elif name == "Contains":
                return f"{op} value={show(item)}", f"contains={item in items}"
            elif name == "Reverse":
                items.reverse()
            elif name == "Sort":
                reverse = rng.random() < 0.5
                op += f" reverse={reverse}"
                items.sort(reverse=reverse)
            elif name == "Repeat":
                count = rng.choice((-1, 0, 1, 2)) if len(items) < 20 else 0
                op += f" count={count}"
                items *= count
        except IndexError:
            return op, "INDEX_OUT_OF_RANGE"
        except ValueError:
            return (
                op,
                "SLICE_SIZE_MISMATCH" if name == "SetSlice" else "VALUE_NOT_FOUND",
            )
        return op, f"length={len(items)}"

    def whole(self):
        return f"- List.GetSlice l -> values={show(self.items)}"


class DictTable:
    def __init__(self, rng):
        self.rng = rng
        self.entries = {}

    def step(self):
        """Apply one op to the dict; return the op and its answer."""
        rng, entries = self.rng, self.entries
        key, value = rng.choice(KEYS), rng.randint(0, 99)
        name = rng.choice(
            (
                "Get",
                "Set",
                "Set",
                "Set",
                "SetMany",
                "SetDefault",
                "Delete",
                "Delete",
                "Pop",
                "PopItem",
                "Contains",
                "Increment",
                "Len",
            )
        )
        if rng.random() < 0.01:
            name = "Clear"
        op = f"- Dict.{name} d"
        if name not in ("SetMany", "PopItem", "Clear", "Len"):
            op += f" key={show(key)}"
        if name == "Get":
            return (
                op,
                f"value={show(entries[key])}" if key in entries else "value=absent",
            )
        if name == "Set":
            op += f" value={value}"
            entries[key] = value
        elif name == "SetMany":
            pairs = [(rng.choice(KEYS), rng.randint(0, 99)) for _ in range(rng.randint(0, 4))]
            op += " entries=[" + ", ".join(f"{{key={show(k)} value={v}}}" for k, v in pairs) + "]"
            entries.update(pairs)
        elif name == "SetDefault":
            inserted = key not in entries
            return (
                f"{op} value={value}",
                f"value={entries.setdefault(key, value)} inserted={inserted}",
            )
        elif name == "Delete":
            if key not in entries:
                return op, "KEY_NOT_FOUND"
            del entries[key]
        elif name == "Pop":
            held = entries.pop(key, None)
            return op, "value=absent" if held is None else f"value={held}"
        elif name == "PopItem":
            if not entries:
                return op, "entry=absent"
            last, held = entries.popitem()
            return op, f"entry={{key={show(last)} value={held}}}"
        elif name == "Contains":
            return op, f"contains={key in entries}"
        elif name == "Increment":
            entries[key] = entries.get(key, 0) + value
            return f"{op} amount={value}", f"value={entries[key]}"
        elif name == "Clear":
            entries.clear()
        return op, f"length={len(entries)}"

    def whole(self):
        pairs = ", ".join(f"{{key={show(k)} value={v}}}" for k, v in self.entries.items())
        return f"- Dict.Items d -> entries=[{pairs}]"


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    table = {"list": ListTable, "dict": DictTable}[sys.argv[1]](random.Random(seed))
    print(
        f"// Made by make_container_table.py {sys.argv[1]} {seed} on CPython "
        f"{sys.version.split()[0]}. Do not edit."
    )
    for _ in range(OPS):
        op, answer = table.step()
        print(f"{op} -> {answer}")
        print(table.whole())


main()
