"""What a person would see: pages that look like Slack and PagerDuty, from the payloads that the sinks send."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

SLACK_STYLE = """
body { margin: 0; padding: 20px 24px; width: 660px; font: 15px/1.46 "Lato", "Noto Sans", sans-serif; color: #1d1c1d; }
.message { display: grid; grid-template-columns: 36px 1fr; column-gap: 10px; margin-bottom: 18px; }
.avatar { height: 36px; border-radius: 6px; background: #1b3a57; color: #fff; text-align: center; line-height: 36px; }
.from { font-weight: 700; } .app { font-size: 10px; background: #e8e8e8; border-radius: 2px; padding: 1px 3px; }
.time, .context { font-size: 12px; color: #616061; }
h1 { font-size: 18px; line-height: 1.3; margin: 6px 0 4px; } p { margin: 4px 0; }
pre { font: 12px/1.5 "DejaVu Sans Mono", monospace; background: #f8f8f8; border: 1px solid #dcdcdc; margin: 6px 0;
      border-radius: 4px; padding: 8px; }
.fields { display: grid; grid-template-columns: 1fr 1fr; column-gap: 16px; margin: 4px 0; } a { color: #1264a3; }
"""
PAGERDUTY_STYLE = """
body { margin: 0; padding: 24px; width: 720px; font: 14px/1.5 "Noto Sans", sans-serif; color: #23282d; }
.state { display: inline-block; border-radius: 3px; padding: 1px 8px; color: #fff; font-size: 12px; font-weight: 700; }
.triggered { background: #c61d3a; } .resolved { background: #25823b; }
h1 { font-size: 20px; line-height: 1.3; margin: 8px 0 4px; } .key { color: #63676b; font-size: 13px; }
table { border-collapse: collapse; width: 100%; margin: 14px 0; } td { border-top: 1px solid #e2e5e8; padding: 7px 8px;
      vertical-align: top; white-space: pre-line; } td:first-child { width: 100px; color: #63676b; font-weight: 600; }
a { color: #0b6fb8; }
"""


def slack_page(messages: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Return a page with Slack messages, each a list of Block Kit blocks (header, section, context)."""
    shown = "".join(
        '<div class="message"><div class="avatar">≋</div><div><span class="from">Seawall</span> '
        f'<span class="app">APP</span>{"".join(map(_block, blocks))}</div></div>'
        for blocks in messages
    )
    return _page(SLACK_STYLE, shown)


def _block(block: Mapping[str, Any]) -> str:
    if block["type"] == "header":
        return f"<h1>{escape(block['text']['text'])}</h1>"
    if block["type"] == "context":
        return "".join(f'<p class="context">{_mrkdwn(element["text"])}</p>' for element in block["elements"])
    if "fields" in block:
        fields = "".join(f"<div>{_mrkdwn(field['text'])}</div>" for field in block["fields"])
        return f'<div class="fields">{fields}</div>'
    return f"<p>{_mrkdwn(block['text']['text'])}</p>"


def _mrkdwn(text: str) -> str:
    """Return Slack's markup as HTML: its escapes are HTML's own, so that only `<url|words>`, bold and code are left."""
    if text.startswith("```"):
        return f"</p><pre>{text.strip('`')}</pre><p>"
    text = re.sub(r'<([^|>"]*)\|([^>]*)>', r'<a href="\1">\2</a>', text)
    return re.sub(r"\*(\S[^*\n]*)\*", r"<b>\1</b>", text).replace("\n", "<br>")


def pagerduty_page(event: Mapping[str, Any]) -> str:
    """Return a page like a PagerDuty incident, from an event of the Events API v2."""
    if event["event_action"] == "resolve":
        return _page(PAGERDUTY_STYLE, f'<span class="state resolved">RESOLVED</span> {escape(event["dedup_key"])}')
    payload = event["payload"]
    links = " · ".join(f'<a href="{escape(x["href"])}">{escape(x["text"])}</a>' for x in event.get("links", []))
    rows = "".join(
        f"<tr><td>{escape(label)}</td><td>{escape(words)}</td></tr>"
        for label, words in payload["custom_details"].items()
    )
    return _page(
        PAGERDUTY_STYLE,
        f'<span class="state triggered">TRIGGERED</span> severity {escape(payload["severity"])}'
        f"<h1>{escape(payload['summary'])}</h1>"
        f'<div class="key">from {escape(event["client"])} · source {escape(payload["source"])} · '
        f"class {escape(payload['class'])} · {escape(payload['timestamp'])}</div>"
        f"<table>{rows}</table>{links}",
    )


def _page(style: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>Seawall</title><style>{style}</style>'
    return f'<!doctype html><html lang="en">{head}{body}</html>\n'
