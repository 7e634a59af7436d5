"""Prints the Grafana dashboard of Seawall: `make dashboard` writes it to helm/seawall/dashboards/seawall.json.

From top to bottom: is anything wrong, what moved, since when, how robust is the model, what came, is the monitor well.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import queries
from grafana_foundation_sdk.builders import dashboard, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from panels import CRITICAL, ERROR, SEVERITIES, SOURCE, asked, bounds, coloured_above, figure, lines, rows

BOUND = "1 is the tolerance; where that is 0, a hundredth (of w, or of a percentage point) stands for it"
NOT_ASKED = "Not configured"


def at_a_glance() -> list[object]:
    """Return the figures on top."""
    incidents = figure(
        "Open incidents",
        "By severity, of the models chosen. 0 is usual.",
        queries.OPEN,
        unit="none",
        legend="{{severity}}",
    ).span(6)
    for severity, colour in SEVERITIES.items():
        steps = bounds((1, colour), below="text").build()
        incidents.override_by_name(severity, [models.DynamicConfigValue("thresholds", steps)])
    worst = figure(
        "Furthest from accepted",
        f"The signal that is furthest now, in multiples of its tolerance. {BOUND}. "
        "Beyond it without an incident: still too little evidence, or a single odd slot.",
        queries.WORST,
        unit="suffix: × tolerance",
        legend="{{model}}: {{signal}}",
    )
    worst.text_mode("value_and_name").thresholds(bounds((1, ERROR), below="text")).decimals(2).span(6)
    judging = figure("Judging", "Whether /readyz answers 200 everywhere.", queries.READY, unit="none").span(3)
    words = {
        "0": models.ValueMappingResult(text="no: see /readyz", color=CRITICAL),
        "1": models.ValueMappingResult(text="yes", color="text"),
    }
    judging.mappings([models.ValueMap(options=words)])
    turned = figure(
        "Last turn", "Age of the oldest heartbeat; from 2 minutes on it stands still.", queries.LAST_TURN, unit="s"
    )
    turned.thresholds(bounds((120, CRITICAL), below="text")).decimals(0).span(3)
    waiting = figure("Not read yet", "Records between what was read and the end of the log.", queries.LAG, unit="short")
    waiting.no_value("no topic").span(3)
    came = (
        figure("Records a second", "Counted into slots, all models chosen.", queries.RECORDS, unit="short")
        .decimals(1)
        .span(3)
    )
    return [incidents, worst, judging, turned, waiting, came]


def drift() -> list[object]:
    """Return what moved, and how sure that is."""
    size = lines(
        "How far signals are from what was accepted, in multiples of their tolerance",
        f"The ten that went furthest in the time shown. {BOUND}. Over about the last 8,000 records.",
        asked(queries.strongest(10, queries.multiples()), "{{model}}: {{signal}}"),
        unit="suffix: ×",
        width=24,
    )
    evidence = lines(
        "Evidence, as a share of what an alarm needs",
        "log10 of the e-value over what the signal needs by itself; with others of its group it needs less. "
        "After an alarm it begins anew. The same ten signals.",
        asked(queries.strongest(10, queries.EVIDENCE), "{{model}}: {{signal}}"),
        unit="percentunit",
        width=10,
    )
    table = rows(
        "Furthest now",
        "The fifteen signals that are furthest from what was accepted. Values are measured in Cohen's w (0.1 small, "
        "0.3 medium, 0.5 large), shares in percentage points above the accepted share.",
        {
            "× tolerance": (f"topk(15, {queries.multiples()})", "none"),
            "w": (queries.worst_now(15, "effect_w"), "none"),
            "tolerated w": (queries.worst_now(15, "tolerance_w"), "none"),
            "points": (queries.worst_now(15, "effect_points"), "none"),
            "tolerated points": (queries.worst_now(15, "tolerance_points"), "none"),
            "evidence (log10)": (queries.worst_now(15, "evidence_log10"), "none"),
            "needed": (queries.worst_now(15, "evidence_needed_log10"), "none"),
        },
    )
    return [coloured_above(size, 1), table, coloured_above(evidence, 1).height(10)]


def incidents() -> list[object]:
    """Return the incidents over time."""
    still = lines(
        "Open incidents",
        "What is open, by model and severity. Told through the sinks of the configuration.",
        asked(queries.OPEN_BY_MODEL, "{{model}}: {{severity}}"),
        unit="none",
    )
    for severity, colour in SEVERITIES.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        still.override_by_regexp(f".*: {severity}$", [models.DynamicConfigValue("color", fixed)])
    changes = lines(
        "Opened, updated, resolved in the hour before",
        "Against the budget: at most one false alert expected per `false_alarm_every` (30 days unless configured).",
        asked(queries.CHANGES, "{{event}}"),
        unit="none",
    )
    return [still.line_interpolation("stepAfter").decimals(0), changes.decimals(0)]


def robustness() -> list[object]:
    """Return what only checks that are asked for can show."""
    flips = lines(
        "Shadow checks: predictions that flip",
        "Percentage points above the share measured when the model was accepted, against the tolerance (dashed).",
        asked(queries.FLIP_POINTS, "{{model}}: {{signal}}"),
        asked(queries.FLIP_TOLERANCE, "{{model}}: tolerance", "B"),
        unit="suffix: points",
        width=8,
    )
    dashes = models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})
    flips.override_by_regexp(".*: tolerance$", [dashes])
    unusual = _multiples("Unusual or adversarial records", "anomaly.* and joint.* signals", queries.UNUSUAL)
    errors = _multiples("Errors on records with labels", "performance.* and labels.* signals", queries.ERRORS)
    return [flips.no_value(NOT_ASKED), unusual, errors]


def _multiples(title: str, what: str, query: str) -> timeseries.Panel:
    panel = lines(
        f"{title}, × tolerance", f"{what}. {BOUND}.", asked(query, "{{model}}: {{signal}}"), unit="suffix: ×", width=8
    )
    return coloured_above(panel, 1).no_value(NOT_ASKED)


def records() -> list[object]:
    """Return what came."""
    came = lines(
        "Records a second",
        "Counted into slots, by model.",
        asked(queries.RECORDS_BY_MODEL, "{{model}}"),
        unit="short",
        width=8,
    )
    unusable = lines(
        "Unusable records, as a share of all",
        "Dead letters by reason, of all that was read. From 5 % on an alert; above `dead_letters.max_share` "
        "(50 %) reading stops.",
        asked(queries.UNUSABLE, "{{reason}}"),
        unit="percentunit",
        width=8,
    )
    beside = lines(
        "Late and twice, as a share of the model's records",
        "Late: after the slot had closed. Twice: the id was already in its slot. Neither is counted.",
        asked(queries.beside_counted("late"), "{{model}}: late"),
        asked(queries.beside_counted("duplicates"), "{{model}}: twice", "B"),
        unit="percentunit",
        width=8,
    )
    return [came, coloured_above(unusable, 0.05), beside]


def monitor() -> list[object]:
    """Return how the monitor itself is."""
    lag = lines(
        "Records not read yet",
        "Log end minus next offset.",
        asked(queries.LAG_BY_TOPIC, "{{topic}}"),
        unit="short",
        width=8,
    )
    behind = lines(
        "Age of what is read",
        "Now minus the event time reached by the slowest partition. A quiet topic ages too, and has no lag.",
        asked(queries.BEHIND, "{{topic}}"),
        unit="s",
        width=8,
    )
    ages = lines(
        "Age of the heartbeat, and of the snapshot at it",
        "Usually seconds. Alerts at 2 minutes (stands still) and 5 minutes (cannot save).",
        asked(queries.LAST_TURNS, "{{instance}}: heartbeat"),
        asked(queries.UNSAVED, "{{instance}}: snapshot", "B"),
        unit="s",
        width=8,
    )
    waiting = lines(
        "Messages that wait, by sink", "0 is usual.", asked(queries.WAITING, "{{sink}}"), unit="none", width=8
    )
    told = lines(
        "Attempts to deliver in the hour before",
        "Failed: refused for good. Dropped: pushed out by newer ones. Both are lost to that sink.",
        asked(queries.DELIVERIES, "{{sink}}: {{outcome}}"),
        unit="none",
        width=8,
    )
    memory = lines("Memory", "Resident, by process.", asked(queries.MEMORY, "{{instance}}"), unit="bytes", width=4)
    busy = lines(
        "Processor", "Share of one core.", asked(queries.PROCESSOR, "{{instance}}"), unit="percentunit", width=4
    )
    return [lag, behind, coloured_above(ages, 120, CRITICAL), waiting.decimals(0), told.decimals(0), memory, busy]


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
