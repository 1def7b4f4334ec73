"""Machine and shell: `doctor` and `completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

from mnnfab.commands.answer import BAD_INPUT, PASSED, Answer, command

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher

_HOW = {
    "bash": '# this shell: eval "$(mnnfab completion bash)"; all shells: add this to ~/.bashrc',
    "zsh": '# this shell: eval "$(mnnfab completion zsh)"; all shells: add this to ~/.zshrc',
    "fish": "# this shell: mnnfab completion fish | source; all shells: add this to "
    "~/.config/fish/completions/mnnfab.fish",
}


@command()
def doctor(watcher: ProgressWatcher) -> Answer:
    """Check that this machine meets the requirements of mnnfab.

    Exit status: 0 all requirements are met, 2 a requirement is missing.
    """
    from mnnfab.commands.diagnosis import diagnose, diagnosis_text
    from mnnfab.io.json_values import to_jsonable

    checks = diagnose(watcher.stage)
    missing = any(check.state == "missing" for check in checks)
    values = {"checks": to_jsonable(checks)}
    return Answer(diagnosis_text(checks), values, BAD_INPUT if missing else PASSED)


@command()
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
def completion(context: click.Context, watcher: ProgressWatcher, shell: str) -> Answer:  # noqa: ARG001
    """Print the SHELL script for Tab completion of commands, options and designs."""
    kind = get_completion_class(shell)
    assert kind is not None, "click supports all three"
    source = kind(context.find_root().command, {}, "mnnfab", "_MNNFAB_COMPLETE").source()
    return Answer(f"{_HOW[shell]}\n{source}", {"script": source})
