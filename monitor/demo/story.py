"""What happens in the demo, and when."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.demo.camera import ACCEPTED, Camera


@dataclass(frozen=True)
class Phase:
    """What the traffic is like from some moment on.

    Attributes
    ----------
    begins : float
        Seconds after the first request.
    words : str
        What happens, for a person.
    short : str
        The same in three words.
    harm : bool
        Whether somebody should be told.
    probed : bool
        Whether a caller probes the model.
    labelled : bool
        Whether labels of earlier requests come in.
    """

    begins: float
    words: str
    short: str
    harm: bool
    camera: Camera = ACCEPTED
    version: str = "1"
    probed: bool = False
    labelled: bool = False


_PENS = Camera(ink=1.4)

_NOISE = 0.34

STORY = (
    Phase(0, "clean traffic", "clean traffic", harm=False),
    Phase(11, "the camera gets slightly noisy", "noisy camera", harm=True, camera=Camera(noise=_NOISE)),
    Phase(18, "row 5 of its sensor dies", "dead row", harm=True, camera=Camera(noise=_NOISE, dead_row=5)),
    Phase(24, "the camera is replaced", "new camera", harm=False),
    Phase(35, "release 2 takes ink for paper", "release 2", harm=True, camera=Camera(negative=True), version="2"),
    Phase(39, "release 3 mends that: a small, fast tree", "release 3", harm=True, version="3"),
    Phase(46, "release 1 is back", "rollback", harm=False),
    Phase(49, "people get darker pens, for good", "darker pens", harm=True, camera=_PENS),
    Phase(53, "one caller of 400 probes the model", "prober", harm=True, camera=_PENS, probed=True),
    Phase(62, "that caller is blocked", "blocked", harm=False, camera=_PENS),
    Phase(67, "labels come in, late", "labels", harm=False, camera=_PENS, labelled=True),
)
STORY_SECONDS = 71
