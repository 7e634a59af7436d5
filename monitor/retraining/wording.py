"""What people are told about a retraining."""

from __future__ import annotations

from monitor.types import Trigger


def said(trigger: Trigger) -> str:
    """Return a sentence for a person, which begins with the rule: `retraining weekly: started, run_5b1d…`."""
    words = {
        "fired": f"started as {trigger.run_id}" + (f", {trigger.approved_by} agreed" if trigger.approved_by else ""),
        "dry_run": f"would be started as {trigger.run_id}, but this is a dry run",
        "held": f"held, {trigger.why}",
        "waiting": f"waits for approval. seawall retrain approve {trigger.run_id} --by YOU",
        "rejected": f"rejected by {trigger.why}",
    }
    return f"{subject(trigger)} {words.get(trigger.event, trigger.why)}"


def subject(trigger: Trigger) -> str:
    """Return the beginning of what is said about a rule."""
    return f"retraining {trigger.rule}:"
