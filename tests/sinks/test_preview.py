from __future__ import annotations

from html.parser import HTMLParser

import pytest
from sample_events import HOSTILE, MISSING, RESOLVED, SHIFT

from sinks.blocks import blocks
from sinks.pagerduty import event_of
from sinks.preview import pagerduty_page, slack_page
from sinks.wording import message


class Reader(HTMLParser):
    """Collects words, and tags that are not the page's own."""

    OWN = frozenset(
        {"html", "meta", "title", "style", "div", "span", "h1", "p", "pre", "b", "br", "a", "table", "tr", "td"}
    )

    def __init__(self):
        super().__init__()
        self.words, self.foreign, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.foreign += [] if tag in self.OWN else [tag]
        self.links += [value for key, value in attrs if key == "href"]

    def handle_data(self, data):
        self.words.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


@pytest.mark.parametrize(
    "page", [slack_page([blocks(SHIFT)]), pagerduty_page(event_of(SHIFT))], ids=["slack", "pagerduty"]
)
def test_the_page_says_all_that_the_message_says(page):
    said = message(SHIFT)
    words = " ".join(read(page).words)
    for fact in ["credit-risk v7 · income shifted up", said.story, said.look_first, *(text for _, text in said.facts)]:
        assert fact in words
    assert read(page).links == [SHIFT.runbook]


def test_the_end_and_a_grouped_incident_can_be_shown_too():
    assert "RESOLVED" in pagerduty_page(event_of(RESOLVED))
    assert "✓ resolved" in slack_page([blocks(MISSING), blocks(RESOLVED)])


@pytest.mark.parametrize(
    "page", [slack_page([blocks(HOSTILE)]), pagerduty_page(event_of(HOSTILE))], ids=["slack", "pagerduty"]
)
def test_names_do_not_become_markup(page):
    assert read(page).foreign == []
    assert read(page).links == [SHIFT.runbook]
