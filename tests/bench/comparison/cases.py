"""The cases of coheld_bench: what is done, by which peers. Series of them are in series.py."""

from __future__ import annotations

import resource

from comparison.model import Case, Command, Load, Weight

REDIS, STREAM, UNARY = "Redis", "coheld stream", "coheld unary"
GRPC_STREAM, GRPC_UNARY = "grpc++ stream", "grpc++ unary"
MANY = 100_000
MILLION = 1_000_000


def connections_affordable(wanted: int) -> int:
    """Return how many connections the servers may have, beside a hundred more.

    A daemon takes two descriptors for each: the socket, and the process at its other end.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    return wanted if unlimited else min(wanted, (hard // 2 - 100) // 100 * 100)


IDLE = connections_affordable(10_000)


def peers(
    *options: str,
    names: tuple[str, ...] = (REDIS, STREAM, UNARY),
    tcp: bool = False,
    tls: bool = False,
    fresh: bool = False,
    timed: bool = True,
) -> dict[str, Load | Command]:
    """Give each of the named peers the same load."""
    known = {
        REDIS: ("Redis", "redis"),
        STREAM: ("coheld", "stream"),
        UNARY: ("coheld", "unary"),
        GRPC_STREAM: ("gRPC", "stream"),
        GRPC_UNARY: ("gRPC", "unary"),
        "plain copy": ("copy TCP" if tcp else "copy", "copy"),
        "etcd": ("etcd", "etcd"),
        "Redis always": ("Redis always", "redis"),
        "Redis everysec": ("Redis everysec", "redis"),
        "coheld sync": ("coheld sync", "stream"),
        "coheld async": ("coheld async", "stream"),
        "coheld memory": ("coheld", "stream"),
        "coheld, 2 shards": ("coheld 2 shards", "stream"),
    }
    loads: dict[str, Load | Command] = {}
    for name in names:
        server, protocol = known[name]
        loads[name] = Load(
            server=f"{server} tls" if tls else server,
            protocol=protocol,
            options=options,
            tcp=tcp,
            fresh=fresh,
            timed=timed,
        )
    return loads


ALL = (REDIS, STREAM, UNARY, GRPC_STREAM, GRPC_UNARY)
ONE = ("--connections", "1")
DEEP = ("--depth", "64")


def small_cases() -> list[Case]:
    """List the ops on small values by 50 connections."""
    get, put = ("--ops", "get"), ("--ops", "set")
    full: Weight = "full"
    shards = (STREAM, "coheld, 2 shards")
    sharded = peers("--ops", "object", "--depth", "16", names=shards)
    return [
        Case("get, 50 x 1", peers(*get, names=ALL), full),
        Case("set, 50 x 1", peers(*put, names=ALL), full),
        Case("get, 50 x 1, TCP", peers(*get, names=ALL, tcp=True), full),
        Case("set, 50 x 1, TCP", peers(*put, names=ALL, tcp=True), full),
        Case("get, 50 x 64", peers(*get, *DEEP, names=ALL), full),
        Case("set, 50 x 64", peers(*put, *DEEP, names=ALL), full),
        Case("get, 50 x 16", peers(*get, "--depth", "16")),
        Case("list append, 50 x 1", peers("--ops", "append", names=ALL)),
        Case("list append and pop, 50 x 1", peers("--ops", "pop")),
        Case("queue put and get, 50 x 1", peers("--ops", "queue", names=ALL)),
        Case("value add, 50 x 1", peers("--ops", "add", names=ALL)),
        Case("add to one of 1,000 objects, 50 x 16, by 2 shards", sharded),
        Case("hand-off between two processes", peers("--ops", "handoff", *ONE), seconds=2),
    ]


def lock_cases() -> list[Case]:
    """List the locks: free, and wanted by 8 clients at once."""
    lock = ("--ops", "lock")
    alone, wanted = (*ONE, *lock), ("--connections", "8", "--keys", "1", *lock)
    tcp_peers = ("etcd", STREAM, UNARY)
    return [
        Case("lock free, 50 x 1", peers(*lock, "--keys", "100000")),
        Case("lock free, 1 x 1, TCP", peers(*alone, names=tcp_peers, tcp=True)),
        Case("lock wanted by 8, TCP", peers(*wanted, names=tcp_peers, tcp=True), "full"),
        Case("lock wanted by 8", peers(*wanted, names=(STREAM, UNARY))),
    ]


def bulk_cases() -> list[Case]:
    """List ops on many items: all in one op, and in batches."""
    cases = []
    for op, name in {"extend": "list extend, clear", "setmany": "dict update"}.items():
        for items in (1000, MANY):
            options = ("--ops", op, "--items", str(items), *ONE)
            cases.append(Case(f"bulk: {name}, {items:,} items", peers(*options), seconds=2))
    read = ("--ops", "read", "--items", str(MANY), *ONE)
    cases.append(Case(f"bulk: read a list of {MANY:,}", peers(*read), seconds=2))
    return cases


def tls_cases() -> list[Case]:
    """List what TLS costs: the same as without it, and a larger value."""
    both = (REDIS, STREAM, UNARY)
    large = ("--ops", "get", "--value-bytes", "65536", "--connections", "8")
    return [
        Case("get, 50 x 1, TLS", peers("--ops", "get", names=both, tcp=True, tls=True)),
        Case("get of 64 KiB, 8 x 1, TCP", peers(*large, names=both, tcp=True)),
        Case("get of 64 KiB, 8 x 1, TLS", peers(*large, names=both, tcp=True, tls=True)),
    ]


def memory_cases(connections: int) -> list[Case]:
    """List what elements and idle connections take, and cost."""
    fill = ("--fill", str(MILLION), "--fill-batch", "1000", "--depth", "4", *ONE, "--memory")
    numbers, entries = (*fill, "--fill-with", "numbers"), (*fill, "--fill-with", "entries")
    get = ("--ops", "get")
    among = Load("coheld", "stream", (*get, "--idle", str(connections), "--memory"), fresh=True)
    redis = Load("Redis", "redis", (*get, "--idle", str(connections), "--memory"), fresh=True)
    both = (REDIS, STREAM)
    return [
        Case(
            f"memory: {MILLION:,} integers in a list",
            peers(*numbers, names=both, fresh=True, timed=False),
            "once",
        ),
        Case(
            f"memory: {MILLION:,} entries in a dict",
            peers(*entries, names=both, fresh=True, timed=False),
            "once",
        ),
        Case(
            f"get, 50 x 1, among {connections:,} idle connections",
            {
                "coheld, 50 alone": Load("coheld", "stream", get, fresh=True),
                "coheld, among idle": among,
                "Redis, 50 alone": Load("Redis", "redis", get, fresh=True),
                "Redis, among idle": redis,
            },
            seconds=2.5,
        ),
    ]


def sdk_cases() -> list[Case]:
    """List what one client of the C++ SDK reaches, beside one of the load generator."""
    cases = []
    for op in ("get", "set", "append", "queue", "lock"):
        by_peer = peers("--ops", op, *ONE, names=(REDIS, STREAM))
        by_peer["coheld, C++ SDK"] = Command("bench_sdk_client", "coheld", (op,))
        cases.append(Case(f"one C++ client: {op}", by_peer))
    pipelined = peers("--ops", "set", *ONE, *DEEP, names=(REDIS, STREAM))
    pipelined["coheld, C++ SDK"] = Command("bench_sdk_client", "coheld", ("batch",))
    return [*cases, Case("one C++ client: batches of 64 sets", pipelined)]


def durable_cases() -> list[Case]:
    """List the cases of peers that keep what they are told."""
    put = ("--ops", "set")
    synced, written = ("Redis always", "coheld sync"), ("coheld memory", "coheld async")
    return [
        Case("durable set, 50 x 1", peers(*put, names=synced), "full"),
        Case("durable set, 1 x 1", peers(*put, *ONE, names=synced), "full"),
        Case("durable append, 50 x 1", peers("--ops", "append", names=synced)),
        Case("durable queue put and get, 50 x 1", peers("--ops", "queue", names=synced)),
        Case("set, 50 x 1, written", peers(*put, names=written), "full"),
        Case("set, 50 x 1, Redis", peers(*put, names=("Redis everysec", "coheld async"))),
    ]


def all_cases(idle: int) -> list[Case]:
    """List all cases that belong to no series, in the order in which they are run."""
    return [
        *small_cases(),
        *tls_cases(),
        *sdk_cases(),
        *bulk_cases(),
        *memory_cases(idle),
        *durable_cases(),
        *lock_cases(),
    ]
