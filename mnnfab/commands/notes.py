"""Progress watcher for pipes, without a progress display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnnfab.commands.messages import note
from mnnfab.progress.watcher import NullWatcher

if TYPE_CHECKING:
    from mnnfab.findings import Finding


class FindingPrinter(NullWatcher):
    """Progress watcher that only prints findings reported before the results."""

    def finding(self, finding: Finding) -> None:
        """Print the finding on standard error."""
        note(f"{finding.severity}: {finding.where}: {finding.message}")
