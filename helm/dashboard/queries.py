"""What is asked of Prometheus. `$model` and `$instance` are the dashboard's variables."""

from __future__ import annotations

HERE = 'instance=~"$instance"'
OURS = f'model=~"$model", {HERE}'

SMALLEST = "0.01"
"""A tolerance of 0 is no measure: such signals are held against a hundredth of w, or of a percentage point."""


def _of_signals(metric: str, signals: str = "", over: str = "") -> str:
    """Return a gauge per model and signal, whatever replica serves it."""
    named = f', signal=~"{signals}"' if signals else ""
    inner = f"seawall_{metric}{{{OURS}{named}}}"
    return f"max by (model, signal) ({f'max_over_time({inner}[{over}] @ end())' if over else inner})"


def multiples(signals: str = "", over: str = "") -> str:
    """Return the size of each shift in multiples of its tolerance, now or at its largest in a range."""
    return " or ".join(
        f"{_of_signals(f'effect_{unit}', signals, over)} / "
        f"clamp_min({_of_signals(f'tolerance_{unit}', signals, over)}, {SMALLEST})"
        for unit in ("w", "points")
    )


def strongest(count: int, query: str) -> str:
    """Return a query's series of the signals that went furthest in the range shown: plain topk changes at each step."""
    return f"({query}) and on (model, signal) topk({count}, {multiples(over='$__range')})"


def worst_now(count: int, metric: str) -> str:
    """Return a gauge of the signals that are furthest now."""
    return f"{_of_signals(metric)} and on (model, signal) topk({count}, {multiples()})"


WORST = f"topk(1, {multiples()})"
EVIDENCE = f"{_of_signals('evidence_log10')} / {_of_signals('evidence_needed_log10')}"
FLIPS = "shadow[.].+"
FLIP_POINTS = _of_signals("effect_points", FLIPS)
FLIP_TOLERANCE = f"max by (model) ({_of_signals('tolerance_points', FLIPS)})"
UNUSUAL = multiples("anomaly[.].+|joint[.].+")
ERRORS = multiples("performance[.].+|labels[.].+")


def _in_an_hour(counter: str, *by: str) -> str:
    """Return how often something was counted in the hour before."""
    return f"round(sum by ({', '.join(by)}) (increase(seawall_{counter}_total{{{OURS}}}[1h])))"


ASKED = f"sum by (outcome) (rate(seawall_shadow_total{{{OURS}}}[$__rate_interval]))"
ALARMS = _in_an_hour("sequential_alarms", "model", "signal")
LABELS = _in_an_hour("labels", "outcome")
RETRAINING = _in_an_hour("retrain", "rule", "outcome")

OPEN = f'sum by (severity) (seawall_incidents_open{{{OURS}, severity!="info"}})'
OPEN_BY_MODEL = f'sum by (model, severity) (seawall_incidents_open{{{OURS}, severity!="info"}})'
CHANGES = f'round(sum by (event) (increase(seawall_incidents_total{{{OURS}, severity!="info"}}[1h])))'

RECORDS = f"sum(rate(seawall_records_total{{{OURS}}}[$__rate_interval]))"
RECORDS_BY_MODEL = f"sum by (model) (rate(seawall_records_total{{{OURS}}}[$__rate_interval]))"
_READ = " + ".join(
    f"sum(rate(seawall_{name}_total{{{HERE}}}[$__rate_interval]))" for name in ("records", "dead_letters")
)
UNUSABLE = f"sum by (reason) (rate(seawall_dead_letters_total{{{HERE}}}[$__rate_interval])) / scalar({_READ})"


def beside_counted(name: str) -> str:
    """Return what was not counted for a reason, as a share of what came for the model."""
    own = f"sum by (model) (rate(seawall_{name}_total{{{OURS}}}[$__rate_interval]))"
    return f"{own} / ({RECORDS_BY_MODEL} + {own})"


READY = f"min(seawall_ready{{{HERE}}})"
LAST_TURNS = f"time() - (seawall_heartbeat_timestamp_seconds{{{HERE}}} > 0)"
LAST_TURN = f"max({LAST_TURNS})"
UNSAVED = f"(seawall_heartbeat_timestamp_seconds{{{HERE}}} > 0) - (seawall_checkpoint_timestamp_seconds{{{HERE}}} > 0)"
LAG = f"sum(seawall_kafka_lag_records{{{HERE}}})"
LAG_BY_TOPIC = f"sum by (topic) (seawall_kafka_lag_records{{{HERE}}})"
BEHIND = f"time() - min by (topic) (seawall_watermark_timestamp_seconds{{{HERE}}})"
WAITING = f"sum by (sink) (seawall_outbox_depth{{{HERE}}})"
DELIVERIES = f"round(sum by (sink, outcome) (increase(seawall_deliveries_total{{{HERE}}}[1h])))"
MEMORY = f"process_resident_memory_bytes and on (job, instance) seawall_build_info{{{HERE}}}"
PROCESSOR = f"rate(process_cpu_seconds_total[$__rate_interval]) and on (job, instance) seawall_build_info{{{HERE}}}"
