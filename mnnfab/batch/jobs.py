"""Jobs: the designs of a batch with their names and folders, and which are already done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mnnfab.design.design_file import dump_design, parse_design, read_values
from mnnfab.design.sweep import expand
from mnnfab.errors import InputError
from mnnfab.io.atomic_folder import MANIFEST
from mnnfab.io.files import read_json
from mnnfab.io.folder_lock import recover_unless_locked
from mnnfab.io.parsing import parse_toml
from mnnfab.problem.request_hash import request_of_design
from mnnfab.runs.run_folder import earlier_results, is_intact

#: File names used by the batch itself, which no folder of a design may have.
RESERVED_NAMES = {"index.html", "results.csv", "results.parquet", "times.csv", "manifest.json"}


@dataclass(frozen=True)
class Job:
    """One design of a batch.

    Args:
        name: name of the design and of its results folder.
        source: file that contains the design.
        choice: values chosen by the sweep, by key; empty without a sweep.
        design: complete design as TOML.
        folder: folder of the files that the design refers to.
        out: folder of the results.
        force: export the part even if the design does not meet the acceptance criteria.
        pdf: write the report as PDF too.
    """

    name: str
    source: str
    choice: Mapping[str, Any]
    design: str
    folder: str
    out: str
    force: bool
    pdf: bool

    def as_text(self) -> str:
        """Return the job as JSON, for transfer to another process or machine."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Job:
        """Return the job from the JSON of `as_text`."""
        return cls(**json.loads(text))

    def is_done(self) -> bool:
        """Return True if an identical request was completed and all its results are intact."""
        out = Path(self.out)
        try:
            recover_unless_locked(out)
            manifest = read_json(out / MANIFEST)
            recorded = manifest.get("request_sha256") if isinstance(manifest, dict) else None
            return recorded == self._request() and is_intact(out, earlier_results(out))
        except InputError:
            return False

    def _request(self) -> str:
        """Return the request hash; it reads the files of the design, so it is made here only.

        Every other job reads them in a process of its own, within its limits.
        """
        design = parse_design(parse_toml(self.design), source=self.source)
        return request_of_design(design, Path(self.folder), force=self.force, pdf=self.pdf)


@dataclass(frozen=True)
class RejectedDesign:
    """Design that cannot be run.

    Args:
        name: name of the design, as far as it is known.
        source: file that contains the design.
        reason: error message.
        choice: values chosen by the sweep, by key; empty without a sweep.
    """

    name: str
    source: str
    reason: str
    choice: Mapping[str, Any] = field(default_factory=dict)


def collect(
    paths: Iterable[Path], out: Path, *, force: bool = False, pdf: bool = False
) -> list[Job | RejectedDesign]:
    """Read design files, expand their sweeps, and assign every design a folder below `out`.

    An invalid file affects only its own designs.

    Raises:
        InputError: if two designs have the same name.
    """
    jobs = [job for path in paths for job in _jobs(path, out, force=force, pdf=pdf)]
    sources: dict[str, str] = {}
    for job in jobs:
        if isinstance(job, Job):
            if job.name in sources:
                given = f"used by {sources[job.name]} and {job.source}"
                raise InputError(f"name {job.name}", given, "a unique name for every design")
            sources[job.name] = job.source
    names = set(sources)
    return [job if isinstance(job, Job) else _with_unique_name(names, job) for job in jobs]


def _with_unique_name(names: set[str], rejected: RejectedDesign) -> RejectedDesign:
    """Return a rejected design with a unique name."""
    name, number = rejected.name, 1
    while name in names:
        number += 1
        name = f"{rejected.name} ({number})"
    names.add(name)
    return replace(rejected, name=name)


def _jobs(path: Path, out: Path, *, force: bool, pdf: bool) -> Iterator[Job | RejectedDesign]:
    try:
        swept = expand(read_values(path), path.name)
    except InputError as error:
        yield RejectedDesign(path.stem, str(path), str(error))
        return
    for swept_design in swept:
        try:
            design = parse_design(swept_design.values, source=path.name)
        except InputError as error:
            name = str(swept_design.values.get("name", path.stem))[:80]
            yield RejectedDesign(name, str(path), str(error), swept_design.choice)
            continue
        if design.name.lower() in RESERVED_NAMES:
            reason = f"name {design.name}: reserved by the batch; allowed: any other name"
            yield RejectedDesign(design.name, str(path), reason, swept_design.choice)
            continue
        yield Job(
            name=design.name,
            source=str(path),
            choice=swept_design.choice,
            design=dump_design(design),
            folder=str(path.parent.resolve()),
            out=str((out / design.name).resolve()),
            force=force,
            pdf=pdf,
        )
