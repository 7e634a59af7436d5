"""`seawall plot`: what a replay found, as pictures and a page."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monitor.plot.series import Timeline

_file = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.argument("findings", type=_file)
@click.option("--events", type=_file, help="Mark the incidents that this file tells of.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    help="A folder, or a file that ends in .png or .html.  [default: the present folder]",
)
@click.option("--signal", "named", multiple=True, metavar="NAME", help="Draw this signal. May be given several times.")
def command(findings: Path, *, events: Path | None, out: Path, named: Sequence[str]) -> None:
    """Draw FINDINGS, what `seawall replay --findings` wrote (also .gz): evidence and size of signals over time.

    Writes NAME.png, NAME-dark.png and NAME.html. Signals that moved are drawn, the first to move first; of the quiet
    ones the page has a table.
    """
    from monitor.plot.choice import choose, headline
    from monitor.plot.files import save_page, save_picture
    from monitor.plot.palette import DARK, LIGHT
    from monitor.plot.picture import picture
    from monitor.plot.reading import read_findings, read_incidents

    if find_spec("matplotlib") is None:
        raise click.UsageError(
            'What draws is in an extra that is not installed. Install it: pip install "seawall[plot]"'
        )
    files = _files(findings, events, out)
    timeline, torn = read_findings(findings)
    _warn(findings, torn)
    _known(named, timeline)
    incidents, torn = read_incidents(events) if events else ([], "")
    _warn(events, torn)
    choice = choose(timeline, incidents, named)
    title = headline(timeline, incidents if events else None)
    draw = partial(picture, timeline, choice, incidents, title)
    for path in files:
        if path.suffix == ".html":
            save_page(draw, title, choice, incidents, path)
        else:
            save_picture(draw(DARK if path.stem.endswith("-dark") else LIGHT), path)
    click.echo(title)
    click.echo(f"{len(choice.shown)} of {len(timeline.series)} signals drawn")
    for path in files:
        click.echo(f"wrote {path}")


def _files(findings: Path, events: Path | None, out: Path) -> list[Path]:
    """Return what is to be written: two pictures and a page, or those of one kind."""
    kind = out.suffix.lower()
    if out.is_dir() or kind not in (".png", ".html"):
        if out.exists() and not out.is_dir():
            raise click.UsageError(f"--out {out}: a folder is meant, or a file that ends in .png or .html.")
        out.mkdir(parents=True, exist_ok=True)
        name = findings.name.removesuffix(".gz").rpartition(".")[0] or findings.name
        files = [out / f"{name}{end}" for end in (".png", "-dark.png", ".html")]
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        files = [out, out.with_name(f"{out.stem}-dark.png")] if kind == ".png" else [out]
    read = {path.resolve() for path in (findings, events) if path}
    if taken := [path for path in files if path.resolve() in read]:
        raise click.UsageError(f"{taken[0]} is read. What is written needs a file of its own.")
    return files


def _known(named: Sequence[str], timeline: Timeline) -> None:
    signals = {signal for _, signal in timeline.series}
    for name in named:
        if name not in signals:
            near = get_close_matches(name, sorted(signals), 3, 0.5) or sorted(signals)[:10]
            raise click.UsageError(f"--signal {name}: no finding is about it. Known: {', '.join(near)}")


def _warn(path: Path | None, torn: str) -> None:
    if torn:
        click.echo(f"{path}: {torn}. What is there is drawn", err=True)
