"""The folder of a run: which files it has, and a copy of the design that stands on its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnnfab.design.design import Design
from mnnfab.design.design_file import dump_design
from mnnfab.errors import InputError
from mnnfab.io.atomic_folder import MANIFEST, PLAIN_NAME, results_folder, settle
from mnnfab.io.files import read_json, sha256_of
from mnnfab.problem.problem import Problem
from mnnfab.profiles import profile_name
from mnnfab.runs.record import WIDTHS, Record, write_record

DESIGN = "design.toml"
REPORT, PAGE, PDF, THUMBNAIL = "report.json", "report.html", "report.pdf", "thumbnail.svg"
#: Where the files that a design reads are copied to.
INPUTS = "inputs"
START = f"{INPUTS}/start.csv"
#: The keys of a design that may name a file.
_NAMED_FILES = (
    ("network", "file"),
    ("task", "dataset"),
    ("material", "preset"),
    ("fabrication", "printer"),
)


def default_folder(problem: Problem) -> Path:
    """Return out/<name>, where results go if no folder is named."""
    return Path("out") / problem.design.name


def earlier_results(folder: Path) -> dict[str, str]:
    """Return name and SHA-256 of what an earlier run left in `folder`, by its manifest.

    Only names that a run could have written count, so that a manifest cannot make us
    touch anything elsewhere.
    """
    try:
        entries = read_json(folder / MANIFEST)["files"]
        listed = {str(entry["file"]): str(entry["sha256"]) for entry in entries}
    except (InputError, KeyError, TypeError, AttributeError):
        return {}  # no earlier run, or a manifest that is not ours
    return {name: digest for name, digest in listed.items() if PLAIN_NAME.fullmatch(name)}


def exported_names(folder: Path) -> tuple[str, ...]:
    """Return the files of parts that an earlier run left in `folder`, by its manifest."""
    try:
        entries = read_json(folder / MANIFEST)["files"]
        parts = [str(entry["file"]) for entry in entries if "bounding_box_mm" in entry]
    except (InputError, KeyError, TypeError):
        return ()
    return tuple(name for name in parts if (folder / name).is_file())


def is_whole(folder: Path, listed: Mapping[str, str]) -> bool:
    """Return whether every listed file is in a folder as it was written."""
    return bool(listed) and all(_is_whole(folder / name, one) for name, one in listed.items())


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and not path.is_symlink() and sha256_of(path) == digest


@contextmanager
def run_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write all results of a command into; then put them in place.

    What an earlier run left and this one does not write is removed, unless it was changed
    since: a part must not lie beside the report of another design.

    Args:
        folder: claimed by the caller (`mnnfab.io.folder_lock`).

    Raises:
        InputError: if a file is in the way that no run has written, or the folder cannot
            be written; all stays as it was.
    """
    settle(folder)  # of this very process, if Ctrl-C came while it moved files
    earlier = earlier_results(folder)
    unchanged = [name for name, digest in earlier.items() if _is_whole(folder / name, digest)]
    with results_folder(folder, removes=unchanged) as staging:
        yield staging
        for path in sorted(staging.rglob("*")):
            name = path.relative_to(staging).as_posix()
            known = name in earlier or (name == MANIFEST and earlier) or path.is_dir()
            _require_room(folder / name, folder=path.is_dir(), known=bool(known))


def _require_room(place: Path, *, folder: bool, known: bool) -> None:
    """Refuse to write where something is that no run has written."""
    if not place.exists() and not place.is_symlink():
        return
    # A link would lead what is written out of the folder of the results.
    if not known or place.is_symlink() or place.is_dir() != folder:
        given = "a file that no run has written is in the way"
        raise InputError(str(place), given, "an empty folder, or one of an earlier run")


def write_training(folder: Path, problem: Problem, record: Record) -> None:
    """Write the design with the files that it reads, and the record of its training."""
    design = _self_contained(problem, folder)
    (folder / DESIGN).write_text(dump_design(design), encoding="utf-8")
    write_record(folder, problem.network, record)


def _self_contained(problem: Problem, folder: Path) -> Design:
    """Write what the design has read into `folder`; return the design that reads it there."""
    design = problem.design
    changes: dict[str, Any] = {}
    for section, key in _NAMED_FILES:
        name = str(getattr(getattr(design, section), key, ""))
        if name not in problem.input_bytes:
            continue
        # A profile is called after its file, so its copy keeps that name.
        stem = f"{profile_name(name)}.{key}" if key in {"preset", "printer"} else section
        copy = f"{INPUTS}/{stem}{Path(name).suffix}"
        (folder / INPUTS).mkdir(exist_ok=True)
        (folder / copy).write_bytes(problem.input_bytes[name])
        changes[section] = getattr(design, section).model_copy(update={key: copy})
    if problem.start_table is not None:
        (folder / INPUTS).mkdir(exist_ok=True)
        (folder / START).write_bytes(problem.start_table)
        changes["training"] = design.schedule.model_copy(update={"start": START})
    if design.widths is not None and design.widths.file is not None:
        changes["widths"] = design.widths.model_copy(update={"file": WIDTHS})
    return design.model_copy(update=changes)
