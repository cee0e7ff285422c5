"""The word count example, as a program."""

import os
import pathlib
import subprocess
import sys

import pytest
from coheld._daemon import binary

PROGRAM = pathlib.Path(__file__).parents[3] / "client" / "python" / "examples" / "word_count.py"

CPP_PROGRAM = pathlib.Path(binary()).parent / "word_count"


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def texts(tmp_path):
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("The cat, the DOG: don't! x2y é\n" * number)
    return [str(path) for path in tmp_path.iterdir()]


def test_it_counts_what_one_process_counts(texts):
    done = run("--workers", "3", *texts)
    assert done.returncode == 0, done.stderr
    assert "its counts are the same" in done.stdout
    assert "top words: the 870, cat 435" in done.stdout


def test_workers_started_elsewhere_serve_the_run(texts, daemon_address):
    elsewhere = subprocess.Popen(
        [sys.executable, str(PROGRAM), "--address", daemon_address, "--worker-only", "--run", "two"]
    )
    done = run("--address", daemon_address, "--workers", "1", "--run", "two", *texts)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "30 files" in done.stdout
    if elsewhere.poll() is None:  # It may have come too late for a task; then it still waits.
        elsewhere.kill()
    elsewhere.wait(10)


@pytest.mark.skipif(not CPP_PROGRAM.is_file(), reason="the C++ example is not built")
def test_a_cpp_worker_serves_the_same_run(texts, daemon_address):
    cpp = subprocess.Popen(
        [CPP_PROGRAM, "--address", daemon_address, "--worker-only", "--run", "mixed"]
    )
    done = run("--address", daemon_address, "--workers", "1", "--run", "mixed", *texts)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "its counts are the same" in done.stdout
    if cpp.poll() is None:
        cpp.kill()
    cpp.wait(10)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    done = run(str(tmp_path / "missing"))
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


@pytest.mark.skipif(not os.path.isdir("/usr/share/common-licenses"), reason="no Debian licences")
def test_the_default_files_are_counted():
    done = run()
    assert done.returncode == 0, done.stderr
    assert "its counts are the same" in done.stdout
