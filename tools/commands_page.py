"""Makes docs/commands.md: what every command says of itself with `--help`."""

from __future__ import annotations

from pathlib import Path

import click

from mnnfab.cli import main

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"


def page_text() -> str:
    """Return the page."""
    parts = ["# Commands\n\n*Made by `make commands` from what the commands say of themselves.*\n"]
    parts.append(f"\n```text\n{_help(main, 'mnnfab')}\n```\n")
    for name, command in main.commands.items():
        parts += _parts(name, command)
    return "".join(parts)


def _parts(name: str, command: click.Command) -> list[str]:
    """Return what a command says of itself, and after it those of a group."""
    parts = [f"\n## {name}\n\n```text\n{_help(command, f'mnnfab {name}')}\n```\n"]
    if isinstance(command, click.Group):
        for member, one in command.commands.items():
            parts += _parts(f"{name} {member}", one)
    return parts


def _help(command: click.Command, name: str) -> str:
    context = click.Context(
        command, info_name=name, terminal_width=90, help_option_names=["-h", "--help"]
    )
    return command.get_help(context)


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
