"""The command ``python -m coheld run``: run a program on coheld's managers."""

from __future__ import annotations

import argparse
import importlib.machinery
import io
import os
import runpy
import sys
import types

from coheld._patch import patch


def run_script(path: str, arguments: list[str]) -> None:
    """Run a script as ``python script.py`` does."""
    sys.argv = [path, *arguments]
    if os.path.isdir(path) or (not path.endswith((".py", ".pyw")) and _is_archive(path)):
        runpy.run_path(path, run_name="__main__")
        return
    with io.open_code(os.path.abspath(path)) as source:
        code = compile(source.read(), path, "exec")
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __file__=path,
        __builtins__=__builtins__,
        __loader__=importlib.machinery.SourceFileLoader("__main__", path),
        __spec__=None,
    )
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def run_module(name: str, arguments: list[str]) -> None:
    """Run a module as ``python -m name`` does."""
    sys.argv = [name, *arguments]
    sys.path[0] = os.getcwd()
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _is_archive(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"PK"


def main() -> None:
    """Parse the command line and run the program."""
    parser = argparse.ArgumentParser(prog="python -m coheld", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="run a program whose multiprocessing.Manager() is coheld's"
    )
    run.add_argument("-m", action="store_true", dest="module", help="PROGRAM is a module's name")
    run.add_argument("program", metavar="PROGRAM", help="a script, or with -m a module")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="passed to the program")
    options = parser.parse_args()
    patch()
    if options.module:
        run_module(options.program, options.arguments)
    else:
        run_script(options.program, options.arguments)


if __name__ == "__main__":
    main()
