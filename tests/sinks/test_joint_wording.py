"""How columns go together, in the words of a message."""

from __future__ import annotations

from msgspec.structs import replace
from sample_events import SHIFT

from monitor.types import BinShift, Effect, SignalChange
from sinks.blocks import picture
from sinks.wording import message

FLIP = replace(
    SHIFT,
    summary="income and amount no longer move together",
    signals=(
        SignalChange(
            "joint.pair.income+amount",
            "joint",
            9.0,
            Effect(w=0.9, low=0.28, high=1.64, psi=0.8),
            "no longer move together",
            (BinShift("opposite by 0.42 or more", 0.037, 0.23), BinShift("alike by 3.61 or more", 0.04, 0.007)),
        ),
        SignalChange(
            "joint.distance",
            "joint",
            7.0,
            Effect(w=0.5, low=0.12, high=0.98, psi=0.2),
            "farther from usual",
            (BinShift("among the farthest 3.1 %", 0.031, 0.12),),
        ),
    ),
)


def test_what_two_columns_do_is_said_in_words():
    said = message(FLIP)
    assert said.story.endswith(
        "income and amount no longer move together: 23 % opposite by 0.42 or more, accepted 3.7 %; "
        "0.7 % alike by 3.61 or more, accepted 4 %."
    )
    assert dict(said.facts)["Also"] == (
        "combinations of features farther from usual (w 0.50; 12 % among the farthest 3.1 %, accepted 3.1 %)"
    )
    assert said.look_first == "at the join and the computation of income and amount: each alone may look as accepted"


def test_the_rows_of_a_pair_can_be_told_apart_in_a_picture():
    rows = picture(message(FLIP).bins).splitlines()
    assert [row.split("  ")[0] for row in rows[::2]] == ["opp. 0.42+", "alike 3.61+"]
    combinations = [(f"combinations {span} × chance", BinShift("", 0.1, 0.2)) for span in ("1.24–1.25", "from 5.23")]
    assert [row.split("  ")[0] for row in picture(combinations).splitlines()[::2]] == ["1.24–1.25×", "from 5.23×"]
