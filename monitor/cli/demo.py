"""`seawall demo`: traffic going wrong for 80 seconds, and what is told about it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-run"),
    show_default=True,
    help="Folder for what the run leaves behind.",
)
@click.option("--fast", is_flag=True, help="Do not wait for the traffic: some seconds instead of 80.")
@click.option("--serve", is_flag=True, help="Serve metrics on 127.0.0.1:9464, and go on until Ctrl-C.")
@click.option(
    "--bootstrap-servers",
    envvar="SEAWALL_BOOTSTRAP",
    metavar="HOST:PORT",
    help="Send the traffic through this Kafka, in topics made for it. [env: SEAWALL_BOOTSTRAP]",
)
def command(folder: Path, *, fast: bool, serve: bool, bootstrap_servers: str | None) -> None:
    """Watch a digit classifier for 80 seconds while its traffic and a release go wrong and somebody attacks it.

    Everything is real but the broker: the model, the data, the attack, the pipeline, the messages. Needs no network.
    """
    from monitor.cli.run import asked_to_stop
    from monitor.demo.run import Options, play

    if not play(Options(folder, fast, serve, bootstrap_servers or None), asked_to_stop()):
        raise click.Abort
