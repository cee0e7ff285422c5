"""coheld.patch() and python -m coheld run: unmodified programs on coheld's managers."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    import multiprocessing
    import multiprocessing.managers
    import sys
    from multiprocessing.managers import BaseManager, SyncManager


    class Squares:
        def get(self, number):
            return number * number


    class Manager(BaseManager):
        pass


    Manager.register("Squares", Squares)


    def work(shared, kind):
        import multiprocessing

        shared.append(type(shared).__module__.split(".")[0] + " " + kind)
        with multiprocessing.get_context(sys.argv[1]).Manager() as own:
            shared.append(type(own).__module__.split(".")[0] + " " + kind)


    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        with context.Manager() as manager, Manager(ctx=context) as squares:
            shared = manager.list()
            assert isinstance(shared, multiprocessing.managers.BaseProxy)
            assert isinstance(manager, multiprocessing.managers.SyncManager)
            worker = context.Process(target=work, args=(shared, "child"))
            worker.start()
            worker.join()
            print(*shared, squares.Squares().get(12), sys.argv[2:], __name__, sep=", ")
        assert type(multiprocessing.Manager()).__module__ == "coheld._manager"
"""
METHODS = ["fork", "spawn", "forkserver"]
OUTPUT = "coheld child, coheld child, 144, ['--flag', 'x'], __main__\n"


def run(folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("method", METHODS)
def test_an_unmodified_script_runs(tmp_path, method):
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    command = ["-m", "coheld", "run", "program.py", method, "--flag", "x"]
    assert run(tmp_path, *command) == OUTPUT


@pytest.mark.parametrize("method", METHODS)
def test_an_unmodified_module_runs(tmp_path, method):
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    command = ["-m", "coheld", "run", "-m", "program", method, "--flag", "x"]
    assert run(tmp_path, *command) == OUTPUT


def test_a_folder_runs(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__main__.py").write_text("import other; print(other.__name__)")
    (tmp_path / "folder" / "other.py").touch()
    assert run(tmp_path, "-m", "coheld", "run", "folder") == "other\n"


def test_a_failing_script_fails(tmp_path):
    (tmp_path / "program.py").write_text("import sys; sys.exit(7)")
    command = [sys.executable, "-m", "coheld", "run", "program.py"]
    assert subprocess.run(command, cwd=tmp_path, timeout=60).returncode == 7


def test_a_patch_is_undone(tmp_path):
    program = """
        import multiprocessing, multiprocessing.managers, multiprocessing.spawn
        before = multiprocessing.Manager, multiprocessing.managers.BaseManager
        import coheld
        coheld.patch()
        coheld.patch()
        assert multiprocessing.managers.SyncManager is coheld.SyncManager
        coheld.unpatch()
        assert before == (multiprocessing.Manager, multiprocessing.managers.BaseManager)
        with multiprocessing.Manager() as manager:
            print(type(manager).__module__)
    """
    (tmp_path / "program.py").write_text(textwrap.dedent(program))
    assert run(tmp_path, "program.py") == "multiprocessing.managers\n"


def test_what_the_fork_server_preloads_is_patched(tmp_path):
    program = """
        import multiprocessing
        import coheld

        def look(kinds):
            import preloaded
            kinds.append(preloaded.BaseManager.__module__)

        if __name__ == "__main__":
            coheld.patch()
            multiprocessing.set_start_method("forkserver")
            multiprocessing.set_forkserver_preload(["__main__", "preloaded"])
            with multiprocessing.Manager() as manager:
                kinds = manager.list()
                child = multiprocessing.Process(target=look, args=(kinds,))
                child.start()
                child.join()
                print(*kinds)
    """
    (tmp_path / "preloaded.py").write_text("from multiprocessing.managers import BaseManager\n")
    (tmp_path / "program.py").write_text(textwrap.dedent(program))
    assert run(tmp_path, "program.py") == "coheld._manager\n"
