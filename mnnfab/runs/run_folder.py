"""The run folder: its files, and a self-contained copy of the design."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnnfab.design.design import Design
from mnnfab.design.design_file import dump_design
from mnnfab.errors import InputError
from mnnfab.io.atomic_folder import MANIFEST, PLAIN_NAME, recover, results_folder
from mnnfab.io.files import read_json, sha256_of
from mnnfab.problem.problem import Problem
from mnnfab.profiles import profile_name
from mnnfab.runs.record import WIDTHS, Record, write_record

DESIGN = "design.toml"
REPORT, PAGE, PDF, THUMBNAIL = "report.json", "report.html", "report.pdf", "thumbnail.svg"
#: Folder for copies of the files that a design reads.
INPUTS = "inputs"
START = f"{INPUTS}/start.csv"
NETWORK = f"{INPUTS}/network.json"
#: The keys of a design that may name a file.
_NAMED_FILES = (
    ("network", "file"),
    ("task", "dataset"),
    ("material", "preset"),
    ("fabrication", "printer"),
)


def default_folder(problem: Problem) -> Path:
    """Return out/<name>, the default results folder."""
    return Path("out") / problem.design.name


def earlier_results(folder: Path) -> dict[str, str]:
    """Return name and SHA-256 of the files of an earlier run in `folder`, from its manifest.

    Names that a run cannot have written are ignored, so that a manifest cannot refer to files
    outside of the folder.
    """
    try:
        entries = read_json(folder / MANIFEST)["files"]
        listed = {str(entry["file"]): str(entry["sha256"]) for entry in entries}
    except (InputError, KeyError, TypeError, AttributeError):
        return {}  # no earlier run, or a manifest of another program
    return {name: digest for name, digest in listed.items() if PLAIN_NAME.fullmatch(name)}


def was_interrupted(folder: Path) -> bool:
    """Return whether the results in a folder are the trained widths of a run that was stopped."""
    try:
        return read_json(folder / MANIFEST).get("interrupted") is True
    except (InputError, AttributeError):
        return False


def exported_names(folder: Path) -> tuple[str, ...]:
    """Return the part files of an earlier run in `folder`, from its manifest."""
    try:
        entries = read_json(folder / MANIFEST)["files"]
        parts = [str(entry["file"]) for entry in entries if "bounding_box_mm" in entry]
    except (InputError, KeyError, TypeError):
        return ()
    return tuple(name for name in parts if (folder / name).is_file())


def is_intact(folder: Path, listed: Mapping[str, str]) -> bool:
    """Return whether every listed file is in a folder and unchanged."""
    return bool(listed) and all(
        _is_intact(folder / name, digest) for name, digest in listed.items()
    )


def _is_intact(path: Path, digest: str) -> bool:
    return path.is_file() and not path.is_symlink() and sha256_of(path) == digest


@contextmanager
def run_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder for all results of a command, then put them in place atomically.

    Files of an earlier run that this run does not write are removed unless they were changed
    since, so that a part is not stored with the report of another design.

    Args:
        folder: results folder, locked by the caller (`mnnfab.io.folder_lock`).

    Raises:
        InputError: if a file that no run has written would be overwritten, or the folder
            cannot be written; the folder is unchanged then.
    """
    recover(folder)  # left by this process, if Ctrl-C interrupted its move of files
    earlier = earlier_results(folder)
    unchanged = [name for name, digest in earlier.items() if _is_intact(folder / name, digest)]
    with results_folder(folder, removes=unchanged) as staging:
        yield staging
        for path in sorted(staging.rglob("*")):
            name = path.relative_to(staging).as_posix()
            known = name in earlier or (name == MANIFEST and earlier) or path.is_dir()
            _check_overwrite(folder / name, folder=path.is_dir(), known=bool(known))


@contextmanager
def amended_run(folder: Path, *, removes: Sequence[str] = ()) -> Iterator[Path]:
    """Yield an empty folder for files that are added to those of a run, or replace some of them.

    The manifest of the run is updated; all of it is put in place atomically.

    Args:
        folder: results folder, locked by the caller.
        removes: names of files of the run that are removed unless they are written again.

    Raises:
        InputError: as `run_folder`.
    """
    recover(folder)
    earlier = earlier_results(folder)
    with results_folder(folder, removes=[name for name in removes if name in earlier]) as staging:
        yield staging
        names = sorted(path.name for path in staging.iterdir())
        for name in names:
            _check_overwrite(folder / name, folder=False, known=name in earlier)
        manifest = read_json(folder / MANIFEST)
        replaced = {*names, *removes}
        kept = [entry for entry in manifest["files"] if entry["file"] not in replaced]
        manifest["files"] = [*kept, *(_entry(staging / name) for name in names)]
        text = json.dumps(manifest, indent=2) + "\n"
        (staging / MANIFEST).write_text(text, encoding="utf-8")


def _entry(path: Path) -> dict[str, Any]:
    """Return the entry of a file in a manifest."""
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _check_overwrite(path: Path, *, folder: bool, known: bool) -> None:
    """Check that no file or folder is overwritten that no run has written."""
    if not path.exists() and not path.is_symlink():
        return
    # A symbolic link would redirect output out of the results folder.
    if not known or path.is_symlink() or path.is_dir() != folder:
        given = "a file that no run has written would be overwritten"
        raise InputError(str(path), given, "an empty folder, or the folder of an earlier run")


def write_training(folder: Path, problem: Problem, record: Record) -> None:
    """Write the design with the files that it reads, and its training record."""
    design = _self_contained(problem, folder)
    (folder / DESIGN).write_text(dump_design(design), encoding="utf-8")
    write_record(folder, problem.network, record)


def _self_contained(problem: Problem, folder: Path) -> Design:
    """Copy the files that the design reads to `folder`; return the design that uses the copies."""
    design = problem.design
    changes: dict[str, Any] = {}
    for section, key in _NAMED_FILES:
        name = str(getattr(getattr(design, section), key, ""))
        if name not in problem.input_bytes:
            continue
        if section == "network":  # kept as it was read: its file may name further files
            copy = _copy(problem, name, NETWORK, folder)
            kept = {"file": copy, "fixed": None, "merge_mm": None}
            changes[section] = design.network.model_copy(update=kept)
            continue
        # A profile is named after its file, so its copy keeps that name.
        stem = f"{profile_name(name)}.{key}" if key in {"preset", "printer"} else section
        copy = _copy(problem, name, f"{INPUTS}/{stem}{Path(name).suffix}", folder)
        changes[section] = getattr(design, section).model_copy(update={key: copy})
    if problem.start_table is not None:
        (folder / INPUTS).mkdir(exist_ok=True)
        (folder / START).write_bytes(problem.start_table)
        changes["training"] = design.schedule.model_copy(update={"start": START})
    if design.widths is not None and design.widths.file is not None:
        changes["widths"] = design.widths.model_copy(update={"file": WIDTHS})
    return design.model_copy(update=changes)


def _copy(problem: Problem, name: str, copy: str, folder: Path) -> str:
    """Write an input to a folder; return the name of the copy."""
    (folder / INPUTS).mkdir(exist_ok=True)
    (folder / copy).write_bytes(problem.input_bytes[name])
    return copy
