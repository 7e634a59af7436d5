"""Prints the Grafana dashboard of Seawall: `make dashboard` writes it to helm/seawall/dashboards/seawall.json.

From top to bottom: is anything wrong, what moved, since when, how robust is the model, what came, is the monitor well.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from about_models import at_a_glance, drift, incidents, robustness
from about_the_monitor import monitor, records
from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from panels import SOURCE


def variables() -> list[object]:
    """Return what can be chosen."""
    source = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    every = models.VariableOption(selected=True, text="All", value="$__all")
    chosen = [
        dashboard.QueryVariable(name)
        .label(label)
        .query(f"label_values({metric}, {name})")
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(every)
        for name, label, metric in (
            ("model", "Model", "seawall_slots_judged_total"),
            ("instance", "Process", "seawall_build_info"),
        )
    ]
    return [source, *chosen]


def board() -> models.Dashboard:
    """Return the whole dashboard."""
    whole = (
        dashboard.Dashboard("Seawall")
        .uid("seawall")
        .description(
            "Whether live model traffic still looks like what was accepted, and whether the monitor itself is well."
        )
        .tags(["seawall", "machine learning"])
        .variables(variables())
        .time("now-6h", "now")
        .refresh("1m")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .editable()
    )
    _place(whole, at_a_glance())
    for title, panels in (
        ("Drift", drift()),
        ("Incidents", incidents()),
        ("Robustness, attacks, errors", robustness()),
        ("Records", records()),
        ("The monitor itself", monitor()),
    ):
        whole.with_row(dashboard.Row(title))
        _place(whole, panels)
    built = whole.build()
    built.style = None  # whoever looks at it prefers the dark or the light
    for number, panel in enumerate(built.panels, 1):
        panel.id_val = number
    return built


def _place(whole: dashboard.Dashboard, panels: Sequence[object]) -> None:
    for panel in panels:
        whole.with_panel(panel)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(board(), cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
