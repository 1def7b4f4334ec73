"""Designs per minute of `mnnfab batch`, compared with one process per `mnnfab run`.

Five tasks, each with SEEDS seeds, are trained, checked with the continuum model and exported,
without compensation. The references run the first PEERS seeds of the same designs.

    python benchmarks/batch.py [SEEDS] [PEERS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tomli_w

from mnnfab.machine import cores

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TASKS = ("behaviour-left", "behaviour-right", "regression", "iris", "iris-bias")
MNNFAB = (sys.executable, "-m", "mnnfab")


def designs(folder: Path, seeds: int) -> list[Path]:
    """Write one design per task and seed; return their paths, grouped by seed."""
    paths = []
    for seed in range(seeds):
        for task in TASKS:
            values: dict[str, Any] = tomllib.loads((EXAMPLES / f"{task}.toml").read_text())
            values.pop("compensate", None)
            values["name"] = f"{task}-{seed}"
            values["training"]["seed"] = seed
            paths.append(folder / f"{task}-{seed}.toml")
            paths[-1].write_text(tomli_w.dumps(values))
    return paths


def run(*arguments: str | Path) -> int:
    """Run a mnnfab command without output; return its exit status."""
    command = [*MNNFAB, *map(str, arguments), "--quiet"]
    return subprocess.run(command, check=False, capture_output=True).returncode


def timed_runs(paths: list[Path], out: Path, at_once: int) -> float:
    """Return the time of one process per design, `at_once` processes at a time, s."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        statuses = list(pool.map(lambda path: run("run", path, "--out", out / path.stem), paths))
    assert not any(statuses), statuses
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print the table."""
    seeds, peers = (int(given) for given in (*sys.argv[1:], *("40", "3")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paths, few = designs(folder, seeds), designs(folder, peers)
        one = timed_runs(few, folder / "one", 1) / len(few)
        many = timed_runs(few, folder / "many", cores()) / len(few)
        begun = time.perf_counter()
        status = run("batch", *paths, "--out", folder / "batch")
        batch = (time.perf_counter() - begun) / len(paths)
        assert status == 0, status
    print(f"{'':<42} {'designs/min':>11} {'per core':>8} {'speed-up':>9}")
    rows = (
        (f"one process per run, in sequence ({len(few)})", one, 1),
        (f"one process per run, {cores()} at a time ({len(few)})", many, cores()),
        (f"mnnfab batch ({len(paths)})", batch, cores()),
    )
    for name, seconds, used in rows:
        minute = 60 / seconds
        print(f"{name:<46} {minute:>7.1f} {minute / used:>8.1f} {seconds / batch:>8.2f}x")


if __name__ == "__main__":
    main()
