"""Limits of what is read: size, depth, keys and numbers; repeated keys; what is not a file."""

from __future__ import annotations

import ast
import json
import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from test_hostile import FROM_FILE, NETWORK, PORTS_OF_FILE, design

from mnnfab import InputError, load_problem
from mnnfab.io import limits
from mnnfab.io.files import read_bytes, read_json, read_toml
from mnnfab.io.parsing import parse_json, parse_toml
from mnnfab.io.tables import read_table
from mnnfab.network.network_file import read_network

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mnnfab", "geometry", "fem", "export")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".".join(["a"] * 20_000) + " = 1", "more than 16 parts"),
        ("[" + ".".join(["a"] * 17) + ".b]", "more than 16 parts"),
        ("x = { " + ".".join(['"a b"', "'c'"] * 10) + " = 1 }", "more than 16 parts"),
        ("x = " + "[" * 51 + "]" * 51, "nested more than 50 deep"),
        ("x = " + "[" * 50_000 + "]" * 50_000, "nested more than 50 deep"),
        ("x = 0x" + "f" * 200_000, "800000 bits"),
        ("x = -9223372036854775808", "64 bits"),
        ("x = " + "9" * 5000, "digits"),
        ("".join(f"a{i} = 1\n" for i in range(100_001)), "100,000 keys"),
        ("# " + "x" * 4 * limits.MB, "larger than 4 MB"),
        ("a = 1\na = 2", "overwrite"),
    ],
)
def test_toml_beyond_a_limit(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_toml(text)


def test_toml_within_the_limits() -> None:
    """Dots in texts and numbers belong to no key; the limits themselves are allowed."""
    key = ".".join(["a"] * limits.MAX_KEY_PARTS)
    values = parse_toml(f'{key} = 9223372036854775807\nx = [1.5, 2.5, "a.b.c"] # 1.2.3.4\n')
    for _ in range(limits.MAX_KEY_PARTS):
        values = values["a"]
    assert values == 2**63 - 1  # type: ignore[comparison-overlap]
    deep = parse_toml("x = " + "[" * (limits.MAX_DEPTH - 1) + "]" * (limits.MAX_DEPTH - 1))
    assert str(deep["x"]).count("[") == limits.MAX_DEPTH - 1


def test_the_longest_keys_need_little_memory() -> None:
    """The parser needs memory by the square of the parts of a key."""
    key = ".".join(["a"] * limits.MAX_KEY_PARTS)
    tracemalloc.start()
    parse_toml("".join(f"b{i}.{key[2:]} = 1\n" for i in range(2000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', 'the key "c" twice'),
        ('[{"a": 1, "a": 1}]', 'the key "a" twice'),
        ("[" * 51 + "]" * 51, "nested more than 50 deep"),
        ("[" * 100_000, "nested more than 50 deep"),
        ("[" + "9" * 5000 + "]", "64 bits"),
        ("[-9223372036854775808]", "64 bits"),
        ("[" + "[]," * 5_000_000 + "1]", "5,000,000 lists"),
        ("[", "Expecting value"),
    ],
)
def test_json_beyond_a_limit(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_json(text)


def test_json_within_the_limits() -> None:
    text = '{"a": [9223372036854775807, 0.12345678901234567890123, "[[{{"], "A": {"a": null}}'
    assert parse_json(text) == json.loads(text)
    assert str(parse_json("[" * 50 + "]" * 50)).count("[") == limits.MAX_DEPTH


def test_large_files_are_not_read(tmp_path: Path) -> None:
    """The size is that of what is read: files of the system state none."""
    (tmp_path / "large.json").touch()
    os.truncate(tmp_path / "large.json", limits.MAX_TEXT_BYTES + 1)
    with pytest.raises(InputError, match="larger than 64 MB"):
        read_json(tmp_path / "large.json")
    (tmp_path / "some").write_bytes(b"12345")
    assert read_bytes(tmp_path / "some", 5) == b"12345"
    with pytest.raises(InputError, match="larger than"):
        read_bytes(tmp_path / "some", 4)


def test_a_small_parquet_file_of_many_cells(tmp_path: Path) -> None:
    """It is compressed: 30 million equal cells are little more than 100 kB."""
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(30_000_000, np.int8)), pa.array([1]))
    path = tmp_path / "data.parquet"
    parquet.write_table(pa.table({"a": column}), path, compression="zstd")
    assert path.stat().st_size < 1e6
    with pytest.raises(InputError, match="too many cells"):
        read_table(path)


# What is not a file

NAMED = {
    "network": lambda name: design("x", task=PORTS_OF_FILE, network=f'file = "{name}.json"\n'),
    "material": lambda name: design("x") + f'[material]\npreset = "{name}.toml"\n',
    "start": lambda name: design("x", training=f'[training]\nstart = "{name}.csv"\n'),
    "widths": lambda name: design(
        "x", task=PORTS_OF_FILE, network=FROM_FILE, training=f'[widths]\nfile = "{name}.csv"\n'
    ),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("kind", NAMED)
def test_a_pipe_or_a_folder_in_place_of_a_file_has_one_message(tmp_path: Path, kind: str) -> None:
    (tmp_path / "data.json").write_text(NETWORK)
    for suffix in ("json", "toml", "csv"):
        os.mkfifo(tmp_path / f"pipe.{suffix}")
        (tmp_path / f"folder.{suffix}").mkdir()
    for name, given in (("pipe", "not a file"), ("folder", "a folder")):
        path = tmp_path / f"of-{name}.toml"
        path.write_text(NAMED[kind](name))
        with pytest.raises(InputError) as caught:
            load_problem(path)
        assert caught.value.given == given
        assert str(caught.value).count(str(tmp_path)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")

    def read() -> None:
        with pytest.raises(InputError, match="not a file"):
            read_toml(tmp_path / "pipe.toml", "a design")

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    reading.join(30)
    assert not reading.is_alive()


def test_repeated_keys_of_a_network_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(NETWORK[:-1] + ', "fixed": [0, 2]}')
    (tmp_path / "x.toml").write_text(design("x", task=PORTS_OF_FILE, network=FROM_FILE))
    with pytest.raises(InputError, match='the key "fixed" twice'):
        load_problem(tmp_path / "x.toml")


def test_an_integer_too_long_to_be_printed(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(design("x").replace("rows = 2", "rows = 0x" + "f" * 200_000))
    with pytest.raises(InputError, match="800000 bits"):
        load_problem(tmp_path / "x.toml")


#: Modules that parse texts which mnnfab itself made just before.
OWN_TEXTS = {
    "mnnfab/io/parsing.py",
    "mnnfab/batch/child.py",
    "mnnfab/batch/jobs.py",
    "mnnfab/batch/outcome.py",
    "mnnfab/batch/temporary.py",
    "mnnfab/profiles/__init__.py",
}
PARSERS = {"json.load", "json.loads", "tomllib.load", "tomllib.loads"}


def test_files_are_parsed_with_limits_only() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (ast.unparse(node.func) in PARSERS or "model_validate_json" in ast.unparse(node.func))
    }
    assert found == OWN_TEXTS


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    for name in ("a" * 3000 + ".json", "a" * 3000 + ".vtu", "\0.json"):
        with pytest.raises(InputError):
            read_network(tmp_path / name)
