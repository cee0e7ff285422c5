"""The stdlib's modules with all their names, of which type checkers know only the documented."""

import multiprocessing.context
import multiprocessing.forkserver
import multiprocessing.managers
import multiprocessing.pool
import multiprocessing.process
import multiprocessing.resource_tracker
import multiprocessing.spawn
import multiprocessing.util
from typing import Any

context: Any = multiprocessing.context
forkserver: Any = multiprocessing.forkserver
managers: Any = multiprocessing.managers
pool: Any = multiprocessing.pool
process: Any = multiprocessing.process
resource_tracker: Any = multiprocessing.resource_tracker
spawn: Any = multiprocessing.spawn
util: Any = multiprocessing.util
