"""The panels about the models: what moved, how sure that is, and which incidents are open."""

from __future__ import annotations

import queries
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import dashboard as models
from panels import CRITICAL, ERROR, SEVERITIES, asked, bounds, coloured_above, figure, lines, rows

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
        width=8,
    )
    for severity, colour in SEVERITIES.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        still.override_by_regexp(f".*: {severity}$", [models.DynamicConfigValue("color", fixed)])
    changes = lines(
        "Opened, updated, resolved in the hour before",
        "Against the budget: at most one false alert expected per `false_alarm_every` (30 days unless configured).",
        asked(queries.CHANGES, "{{event}}"),
        unit="none",
        width=8,
    )
    retraining = lines(
        "Retraining: what the rules decided in the hour before",
        "Held: an attack or poisoning is open. Waiting: for `seawall retrain approve`. "
        "Whether a run reached its destination stands below, under the sink retrain-RULE.",
        asked(queries.RETRAINING, "{{rule}}: {{outcome}}"),
        unit="none",
        width=8,
    )
    still.line_interpolation("stepAfter").decimals(0)
    return [still, changes.decimals(0), retraining.decimals(0).no_value(NOT_ASKED)]


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
    unusual = _multiples("Unusual records and combinations", "anomaly.* and joint.* signals", queries.UNUSUAL)
    errors = _multiples("Errors on records with labels", "performance.* and labels.* signals", queries.ERRORS)
    return [flips.no_value(NOT_ASKED), unusual, errors, *_behind_them()]


def _behind_them() -> list[timeseries.Panel]:
    """Return what these rest on: answers, the detectors with a rule of their own, labels."""
    queried = lines(
        "Shadow queries a second, by what came of them",
        "Over budget: not asked, on purpose. Only what is answered is judged.",
        asked(queries.ASKED, "{{outcome}}"),
        unit="short",
        width=8,
    )
    alarms = lines(
        "Query attacks: slots with an alarm in the hour before",
        "And those of the detectors of river and alibi-detect. No false-alarm budget covers these.",
        asked(queries.ALARMS, "{{model}}: {{signal}}"),
        unit="none",
        width=8,
    )
    joined = lines(
        "Labels in the hour before, by what became of them",
        "Joined: judged. Conflicting: labels of one id differ, none is used. Contradicted: another was used. "
        "Expired: a prediction waited in vain. Late: a label. Ignored: of another model.",
        asked(queries.LABELS, "{{outcome}}"),
        unit="none",
        width=8,
    )
    coloured_above(alarms, 1).decimals(0)
    return [panel.no_value(NOT_ASKED) for panel in (queried, alarms, joined.decimals(0))]


def _multiples(title: str, what: str, query: str) -> timeseries.Panel:
    panel = lines(
        f"{title}, × tolerance", f"{what}. {BOUND}.", asked(query, "{{model}}: {{signal}}"), unit="suffix: ×", width=8
    )
    return coloured_above(panel, 1).no_value(NOT_ASKED)
