"""Everything that multiprocessing.managers exports, with coheld's managers in place of its own.

``from coheld.managers import BaseManager`` is all that a program has to change. The proxy types are
the stdlib's: subclass them, and register the subclasses, as ever. Those of the objects that the
daemon itself holds are subclasses of the stdlib's.
"""

from multiprocessing.managers import (
    BaseProxy,
    DictProxy,
    ListProxy,
    Namespace,
    RemoteError,
    SharedMemoryManager,
    Token,
    ValueProxy,
)

from coheld import _stdlib
from coheld._manager import BaseManager, SyncManager
from coheld._server import Server

AcquirerProxy = _stdlib.managers.AcquirerProxy
ArrayProxy = _stdlib.managers.ArrayProxy
AutoProxy = _stdlib.managers.AutoProxy
BarrierProxy = _stdlib.managers.BarrierProxy
ConditionProxy = _stdlib.managers.ConditionProxy
EventProxy = _stdlib.managers.EventProxy
IteratorProxy = _stdlib.managers.IteratorProxy
MakeProxyType = _stdlib.managers.MakeProxyType
NamespaceProxy = _stdlib.managers.NamespaceProxy
PoolProxy = _stdlib.managers.PoolProxy

__all__ = [
    "AcquirerProxy",
    "ArrayProxy",
    "AutoProxy",
    "BarrierProxy",
    "BaseManager",
    "BaseProxy",
    "ConditionProxy",
    "DictProxy",
    "EventProxy",
    "IteratorProxy",
    "ListProxy",
    "MakeProxyType",
    "Namespace",
    "NamespaceProxy",
    "PoolProxy",
    "RemoteError",
    "Server",
    "SharedMemoryManager",
    "SyncManager",
    "Token",
    "ValueProxy",
]
