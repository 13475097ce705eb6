"""Counts what the rows of //bench/budget:work cost."""

import collections
import os
import re
import subprocess

# glibc chooses memcpy() and its kin by the processor. These are instructions that not every x86-64 has;
# without them each machine runs the same code. Valgrind has no AVX-512 anyway.
_PLAIN_PROCESSOR = "glibc.cpu.hwcaps=" + ",".join(
    f"-{feature}" for feature in
    ("AVX2", "AVX", "AVX_Fast_Unaligned_Load", "ERMS", "FSRM", "SSSE3", "SSE4_1", "SSE4_2"))

# A row's name says what is sent, and how. System calls are counted where they are the larger part.
_SYSTEM_CALL_ROWS = ("get", "get_in_cluster", "get_one_in_flight")

# Without Valgrind, which hides the vDSO from its programs, these are no system calls.
_VDSO = {"sys_clock_gettime", "sys_gettimeofday", "sys_time", "sys_getcpu"}
# work.cc: mark().
_MARK = "sys_getppid"

_SECONDS_MAX = 300


class MeasureError(Exception):
    """A tool is missing, or has written what is not understood."""


def measure(work):
    """Returns a dict of name to number for all rows of the program `work`."""
    found = {}
    for row in _run([work, "--list"]).split():
        found[f"{row}.instructions"] = _instructions(work, row)
        found[f"{row}.allocations"] = _figure("allocations", _run([work, row]))
        if row in _SYSTEM_CALL_ROWS:
            found[f"{row}.system_calls"] = _system_calls(work, row)
    found["idle_client.bytes"] = _figure("bytes", _run([work, "idle_client"]))
    return found


def _instructions(work, row):
    """In user space, by callgrind, of counted steps alone."""
    text = _run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                 "--toggle-collect=plimsoll_counted_step", work, row])
    collected = re.search(r"Collected : (\d+)", text)
    if not collected or int(collected[1]) == 0:
        raise MeasureError(f"callgrind wrote what is not understood:\n{text[-1000:]}")
    return int(collected[1]) / _figure("requests", text)


def _system_calls(work, row):
    """Of counted steps alone. Valgrind shows them without ptrace, which containers may forbid."""
    text = _run(["valgrind", "--tool=none", "--trace-syscalls=yes", work, row])
    return count_system_calls(text) / _figure("requests", text)


def count_system_calls(trace):
    """Counts, in Valgrind's trace, the calls of the main thread between marks."""
    counted = False
    calls = collections.Counter()
    # "SYSCALL[123,1](232) sys_epoll_wait ( ..."; a line with the outcome alone has no name.
    for name in re.findall(r"SYSCALL\[\d+,1\]\( *\d+\) (sys_\w+)", trace):
        if name == _MARK:
            counted = not counted
        elif counted and name not in _VDSO:
            calls[name] += 1
    if not calls:
        raise MeasureError(f"valgrind wrote what is not understood:\n{trace[-1000:]}")
    return calls.total()


def _figure(name, text):
    found = re.search(rf"^{name} ([\d.]+)$", text, re.MULTILINE)
    if not found:
        raise MeasureError(f"//bench/budget:work printed no {name}:\n{text[-1000:]}")
    return float(found[1])


def _run(command):
    # Nothing of the caller's environment: it lies on the stack.
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "GLIBC_TUNABLES": _PLAIN_PROCESSOR,
                   "LD_BIND_NOW": "1"}
    try:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", check=False, timeout=_SECONDS_MAX)
    except FileNotFoundError as error:
        raise MeasureError(f"{command[0]} is not there: ./dev setup test installs what is missing") from error
    except subprocess.TimeoutExpired as error:
        raise MeasureError(f"{' '.join(command)} did not end within {_SECONDS_MAX} s") from error
    if done.returncode != 0:
        raise MeasureError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-1000:]}")
    return done.stdout
