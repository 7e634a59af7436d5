"""An event as Slack's Block Kit, within its limits and with nothing a crafted name could turn into markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from monitor.types import BinShift, Event
from sinks.text import percent
from sinks.wording import Message, message

EIGHTHS = "▏▎▍▌▋▊▉█"
BAR = 10
LABEL = 14

# What each part may be at most, after escaping. Together below 8,000, where Slack begins to refuse messages.
STORY, FACT, NOTES, LOOK_FIRST, PICTURE, FALLBACK = 1_500, 600, 1_500, 300, 700, 600


def blocks(event: Event) -> list[dict[str, Any]]:
    """Return the message's blocks, checked by Slack's own models."""
    from slack_sdk.models.blocks import ContextBlock, HeaderBlock, MarkdownTextObject, PlainTextObject, SectionBlock

    def mrkdwn(text: str) -> MarkdownTextObject:
        return MarkdownTextObject(text=text, verbatim=True)  # verbatim: names do not become links

    said = message(event)
    parts = [
        HeaderBlock(text=PlainTextObject(text=said.headline, emoji=False)),
        SectionBlock(text=mrkdwn(escaped(said.story, STORY))),
    ]
    if len(said.bins) > 1:
        parts.append(SectionBlock(text=mrkdwn(f"```{escaped(picture(said.bins), PICTURE)}```")))
    short = [(label, words) for label, words in said.facts if label != "Also"]
    if short:
        parts.append(SectionBlock(fields=[mrkdwn(f"*{label}*\n{escaped(words, FACT)}") for label, words in short]))
    if rest := _rest(said):
        parts.append(SectionBlock(text=mrkdwn(rest)))
    parts.append(ContextBlock(elements=[mrkdwn(_footer(said))]))
    return [part.to_dict() for part in parts]


def fallback(event: Event) -> str:
    """Return what a notification shows."""
    said = message(event)
    return escaped(f"{said.headline}\n{said.story}", FALLBACK)


def escaped(text: str, limit: int) -> str:
    """Return `text` with & < > escaped and no code marks, cut between characters so that it is `limit` long at most."""
    parts: list[str] = []
    length = 0
    for character in text:
        part = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"}.get(character, character)
        length += len(part)
        if length > limit - 1:
            return "".join(parts) + "…"
        parts.append(part)
    return "".join(parts)


def picture(bins: Sequence[tuple[str, BinShift]]) -> str:
    """Return the accepted and the present share of each bin as bars of text, narrow enough for a telephone."""
    whole = max(max(b.expected, b.observed) for _, b in bins) or 1.0
    bins = [(_brief(label), shift) for label, shift in bins]
    width = min(LABEL, max(len(label) for label, _ in bins))
    rows = []
    for label, shift in bins:
        shown = label if len(label) <= width else label[: width - 1] + "…"
        accepted = "░" * round(shift.expected / whole * BAR)
        rows.append(f"{shown:<{width}}  accepted {accepted:<{BAR}} {percent(shift.expected)}")
        rows.append(f"{'':<{width}}  now      {_bar(shift.observed / whole):<{BAR}} {percent(shift.observed)}")
    return "\n".join(rows)


def _brief(label: str) -> str:
    """Return `opp. 2.01+` for `opposite by 2.01 or more`, `from 5.23×` for `combinations from 5.23 × chance`.

    Else the rows of a pair could not be told apart.
    """
    for words, brief in (("combinations ", ""), ("opposite by ", "opp. "), ("alike by ", "alike ")):
        if label.startswith(words):
            return brief + label.removeprefix(words).replace(" × chance", "×").replace(" or more", "+")
    return label


def _bar(part: float) -> str:
    eighths = round(part * BAR * 8)
    return EIGHTHS[-1] * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def _rest(said: Message) -> str:
    """Return what else follows, the notes, and where to look first."""
    lines = [f"*{label}* {escaped(words, FACT)}" for label, words in said.facts if label == "Also"]
    lines += [f"*Note* {escaped(' · '.join(said.notes), NOTES)}"] if said.notes else []
    lines += [f"*Look first* {escaped(said.look_first, LOOK_FIRST)}"] if said.look_first else []
    return "\n".join(lines)


def _footer(said: Message) -> str:
    if not said.runbook:
        return escaped(said.origin, 300)
    url = quote(said.runbook, safe=":/?#[]@!$'()*+,;=%~&").replace("&", "&amp;")
    return f"<{url}|Runbook> · {escaped(said.origin, 300)}"
