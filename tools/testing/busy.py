"""Keeps the machine busy, as others may while tests run."""

import contextlib
import subprocess
import sys


@contextlib.contextmanager
def processes(count):
    """As long as the context lasts, `count` processes want a processor each."""
    running = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
