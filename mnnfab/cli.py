"""The command line: `mnnfab --help` lists the commands of `mnnfab.commands`."""

from __future__ import annotations

import difflib

import click

from mnnfab.commands.batches import batch
from mnnfab.commands.comparing import compare
from mnnfab.commands.designs import new
from mnnfab.commands.laboratory import kit, lab
from mnnfab.commands.machine import completion, doctor
from mnnfab.commands.models import ladder, reach, reproduce
from mnnfab.commands.parts import tray
from mnnfab.commands.runs import check, export, run, train
from mnnfab.commands.viewing import view, watch


class _Commands(click.Group):
    """A group that lists its commands in the order of a day's work, and knows near misses."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were added."""
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            nearest = difflib.get_close_matches(args[0], self.commands, n=1)
            if not nearest:
                raise
            words = f"{error.message} Did you mean {nearest[0]!r}?"
            raise click.UsageError(words, ctx) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mnnfab")
def main() -> None:
    """From a task to a printable mechanical neural network that was checked.

    Exit status: 0 done and passed, 1 the design fails its gate, 2 bad input or a tool that
    failed, 130 stopped by Ctrl-C.
    """


for _command in (
    *(new, run, train, reach, check, ladder, export, tray, kit, lab),
    *(view, watch, compare, batch, reproduce, doctor, completion),
):
    main.add_command(_command)
