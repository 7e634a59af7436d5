"""The `seawall` command: what commands there are, and how a mistake ends.

A sub-command's module is imported when it is called, not before: it holds a click command named `command`.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NamedTuple

import click

from monitor import __version__
from monitor.errors import SeawallError

INTERRUPTED = 130

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Before numpy loads: BLAS threads wait by spinning; beside others that want the cores they take ten times as long."""


class _Later(NamedTuple):
    module: str
    help: str


COMMANDS = {
    "run": _Later("monitor.cli.run", "Watch until told to stop."),
    "replay": _Later("monitor.cli.replay", "Run the same pipeline over a file, from nothing."),
    "plot": _Later("monitor.cli.plot", "Draw what a replay found: evidence and size of signals over time."),
    "reference": _Later("monitor.cli.reference", "Build, look at and promote what the model was accepted on."),
    "check-config": _Later("monitor.cli.check_config", "Check a configuration and say what it would watch."),
    "retrain": _Later("monitor.cli.retrain", "See which retrainings wait; approve or reject one."),
    "state": _Later("monitor.cli.state", "Look at what is remembered over a restart, or forget it."),
    "schema": _Later("monitor.cli.schema", "Print the JSON Schema of the configuration."),
    "demo": _Later("monitor.cli.demo", "Show a minute of traffic going wrong, and what is told about it."),
}


class _Commands(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(COMMANDS[cmd_name].module).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, later.help) for name, later in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="seawall %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a mistake. May stand anywhere.")
def seawall() -> None:
    """Watch live model traffic for drift and adversarial inputs.

    Start with `seawall demo`; then build a reference, and `seawall run`.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 failed while running, 2 wrong usage or configuration, 3 `--fail-on` met, 130 interrupted. What a
    person can mend is said on standard error without a traceback, unless `--debug` is among the arguments.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        result = seawall.main([a for a in given if a != "--debug"], prog_name="seawall", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as why:
        why.show()
        return why.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (SeawallError, OSError) as why:
        if debug:
            traceback.print_exc()
        click.echo(why if isinstance(why, SeawallError) else _words(why), err=True)
        return why.exit_code if isinstance(why, SeawallError) else 1
    return result if isinstance(result, int) else 0


def _words(why: OSError) -> str:
    return f"{why.filename}: {why.strerror}" if why.filename is not None else str(why)
