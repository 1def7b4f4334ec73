"""Command line: `mnnfab --help` lists the commands of `mnnfab.commands`."""

from __future__ import annotations

import difflib
from typing import Any

import click

from mnnfab.commands.batches import batch
from mnnfab.commands.comparing import compare
from mnnfab.commands.designs import new, schema, show
from mnnfab.commands.encoding import replace_unencodable
from mnnfab.commands.laboratory import kit, lab
from mnnfab.commands.machine import completion, doctor
from mnnfab.commands.models import ladder, reach, reproduce
from mnnfab.commands.parts import tray
from mnnfab.commands.reporting import report
from mnnfab.commands.runs import check, export, run, train
from mnnfab.commands.streams import tolerant_streams
from mnnfab.commands.verification import verify
from mnnfab.commands.viewing import view, watch


class _Commands(click.Group):
    """Command group listed in order of use; suggests a similar name for an unknown command."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - the arguments of click
        """Run the command line; its output may be closed, full, unread or of few characters."""
        with tolerant_streams():
            replace_unencodable()
            return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of addition."""
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; the error for an unknown one suggests the most similar name."""
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
    """Design, train, check and export printable mechanical neural networks.

    Exit status: 0 success, 1 the design does not meet the acceptance criteria, 2 invalid input
    or a failed tool, 130 stopped by Ctrl-C, 143 by SIGTERM.
    """


for _command in (
    *(new, show, run, train, reach, check, ladder, export, tray, kit, lab),
    *(report, view, watch, compare, batch, reproduce, verify, schema, doctor, completion),
):
    main.add_command(_command)
