"""Files: read with clear errors; written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mnnfab.errors import InputError

#: No file that mnnfab reads needs to be larger (bytes).
LARGEST_INPUT = 256 * 1024 * 1024


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        InputError: if it is missing, too large, not a file or not text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"not text: {error}", "a text file in UTF-8") from error


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        InputError: if it is missing, too large or not a file.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise InputError(str(path), "not a file", "a file to read")
        if path.stat().st_size > LARGEST_INPUT:
            raise InputError(str(path), "larger than 256 MB", "a smaller file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(str(path), "no such file", "a file that exists") from error
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "a file to read") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_new_file(path: Path, text: str) -> None:
    """Write a file that must not exist yet, whole or not at all.

    Raises:
        InputError: if it exists or cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.link(draft, path)  # unlike a rename it never replaces
    except FileExistsError as error:
        raise InputError(str(path), "exists already", "a new name") from error
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "a file to write") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def results_folder(folder: Path, *, removes: Sequence[str] = ()) -> Iterator[Path]:
    """Yield an empty folder to write into; if all goes well its files move to `folder`.

    The files are synchronised and renamed into place at the end, in the order of
    their names with `manifest.json` last. If anything fails before that, `folder`
    stays as it was.

    Args:
        folder: where the results belong; made if it does not exist.
        removes: names of files there that are removed unless they are written anew.

    Raises:
        InputError: if the folder cannot be made or written, or the disk is full.
    """
    made: list[Path] = []
    staging: Path | None = None
    try:
        made = _missing_parents(folder)
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".mnnfab-", dir=folder))
        yield staging
        _publish(staging, folder, removes)
    except OSError as error:
        raise InputError(
            f"output folder {folder}",
            error.strerror or str(error),
            "a folder that can be written, with enough space",
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        for parent in made:
            with suppress(OSError):  # not empty: the results are there
                parent.rmdir()


def _missing_parents(folder: Path) -> list[Path]:
    """Return the folders that would have to be made for `folder`, innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _publish(staging: Path, folder: Path, removes: Sequence[str]) -> None:
    written = sorted(
        (path for path in staging.rglob("*") if path.is_file()),
        key=lambda path: (path.name == "manifest.json", str(path)),
    )
    names = {path.relative_to(staging).as_posix() for path in written}
    for path in written:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    for name in removes:
        if name not in names:
            _remove(folder, name)
    for path in written:
        target = folder / path.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and the folder that it leaves empty."""
    path = folder / name
    path.unlink(missing_ok=True)
    if path.parent != folder:
        with suppress(OSError):  # not empty
            path.parent.rmdir()
