"""What a command says in a pipe, where nobody looks at progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnnfab.progress.watcher import Silent

if TYPE_CHECKING:
    from mnnfab.findings import Finding


class Notes(Silent):
    """A watcher that only says what a user should know before the results are there."""

    def finding(self, finding: Finding) -> None:
        """Say it, apart from the results."""
        click.echo(f"{finding.severity}: {finding.where}: {finding.message}", err=True)
