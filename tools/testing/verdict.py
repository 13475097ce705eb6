"""Judges a whole run: what failed, what is worth another try, and what is said in the end."""

import dataclasses
import pathlib
import re
import shutil

# Finished work is not held back by a test that races once in a thousand runs; but where more than these
# fail, something is broken, and running them again would only hide it.
AGAIN_MAX = 3


@dataclasses.dataclass
class Second:
    """A target that failed, and what became of it when it was run again, alone."""

    first: object
    again: object
    # Where the outputs of both runs were kept.
    outputs: list


def _keep(log, folder, name):
    """Copies what a run printed to where the next run of Bazel does not overwrite it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / name
    if log is not None and log.exists():
        shutil.copyfile(log, kept)
    else:
        kept.write_text("It left no output.\n", encoding="utf-8")
    return kept


def _folder_name(target):
    return re.sub(r"\W+", "-", str(target)).strip("-")


def run_again(targets, again, keep):
    """Runs each target that failed once more, if they are few.

    Args:
      targets: all that were run.
      again: runs one of them alone, and returns what became of it.
      keep: the folder for the outputs of both runs; whatever was in it is removed.

    Returns:
      The targets, each as its last run left it; and a Second for each that was run again.
    """
    keep = pathlib.Path(keep)
    shutil.rmtree(keep, ignore_errors=True)
    failed = [target for target in targets if target.failed]
    if len(failed) > AGAIN_MAX or not all(target.ran for target in failed):
        return targets, []
    seconds = []
    for target in failed:
        folder = keep / _folder_name(target)
        outputs = [_keep(target.log, folder, "first.log")]
        repeated = again(target)
        outputs.append(_keep(repeated.log, folder, "again.log"))
        seconds.append(Second(target, repeated, outputs))
    replaced = {id(second.first): second.again for second in seconds}
    return [replaced.get(id(target), target) for target in targets], seconds


def lines(targets, seconds, stages):
    """What the run prints in the end, line by line. The last line is "N passed, N failed"."""
    for stage in stages:
        here = [target for target in targets if target.stage == stage]
        yield f"{stage}: {_counts(here)}"
        for target in here:
            for case in target.failed:
                yield f"  failed: {target.name}: {case}"
    healed = [second for second in seconds if not second.again.failed]
    if healed:
        yield "passed only when run again:"
    for second in healed:
        yield f"  {second.first}: {', '.join(second.first.failed)}"
        yield f"    outputs of both runs: {' '.join(map(str, second.outputs))}"
    yield _counts(targets)


def passed(targets):
    """Whether something ran, and nothing failed."""
    return any(target.passed for target in targets) and not any(
        target.failed for target in targets)


def _counts(targets):
    passed_count = sum(target.passed for target in targets)
    return f"{passed_count} passed, {sum(len(target.failed) for target in targets)} failed"
