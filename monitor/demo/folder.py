"""The demo's folder: what a run leaves behind, and its configuration."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from monitor.demo.traffic import MODEL
from monitor.errors import SeawallError
from monitor.state.lock import lock

_FIRST_LINE = "# What `seawall demo` ran with."

_LEFT = (
    "state/snapshot*",
    "state/labels.sqlite*",
    "state/answers.jsonl",
    "state/dead-letters.jsonl",
    "events.jsonl",
    "traffic.jsonl.gz",
    "labels.jsonl",
    "slack-*.html",
    "retraining-*.json",
)
"""What a run leaves behind, besides its configuration, its reference and its log."""

_CONFIG = """{first_line} The same again, with your changes to this file:
#   seawall replay {traffic} --labels {label_file} --answers {answers} -c {config}
model: {model}
source: {source}
reference: ./reference
labels: {{source: {labels}}}
slot: 1s                  # short, for the demo is; 10s is the default, and 30s and 5m for the next two
allowed_lateness: 500ms
resolve_after: 3s
false_alarm_every: 30d    # the budget: at most one false alert per 30 days, all signals together
tolerance: 0.1            # smaller shifts (Cohen's w) are not worth a person's time
detectors:
  - {{type: queries}}       # callers that probe the model
shadow:                   # 1 in 10 images is read again with noise on it, in standard deviations of a pixel
  endpoint: {{type: v2, url: "http://127.0.0.1:8080", model: {model}}}   # the demo asks its own model in its place
  share: 0.1
  budget: {{per_second: 100000}}
  checks:
    - {{type: noise, severity: [0.1, 0.2, 0.4]}}
retrain:
  - name: nightly
    action: {{type: webhook, url: "${{TRAINER_URL}}"}}
    when: {{groups: [features], min_severity: error, for: 10s}}
privacy: {{hash_key: demo-hash-key-0123456789}}   # a secret of yours: what callers are called in messages comes of it
sinks:
  - {{type: stdout}}
  - {{type: slack, webhook_url: "${{SLACK_WEBHOOK_URL}}"}}
  - {{type: file, path: events.jsonl}}
http: {listen}
"""


@dataclass(frozen=True)
class Folder:
    """Paths of one run."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "seawall.yaml"

    @property
    def reference(self) -> Path:
        return self.path / "reference"

    @property
    def traffic(self) -> Path:
        """The requests as they were logged, for a replay."""
        return self.path / "traffic.jsonl.gz"

    @property
    def labels(self) -> Path:
        """The labels that came, for the same replay."""
        return self.path / "labels.jsonl"

    @property
    def answers(self) -> Path:
        """What the shadow checks were answered, for the same replay."""
        return self.path / "state/answers.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "seawall.log"

    def prepare(self) -> IO[str]:
        """Take away what an earlier run left, and keep other runs out as long as the returned file is open.

        Raises
        ------
        SeawallError
            Where the folder holds something else, or another demo uses it.
        """
        if self.path.exists() and any(self.path.iterdir()) and not self._ours():
            raise SeawallError(
                f"{self.path} holds something that no demo left there. Choose another folder: --dir FOLDER"
            )
        held = lock(self.path / "state")
        shutil.rmtree(self.reference, ignore_errors=True)
        for pattern in _LEFT:
            for left in self.path.glob(pattern):
                left.unlink()
        return held

    def _ours(self) -> bool:
        return self.config.is_file() and self.config.read_text().startswith(_FIRST_LINE)

    def configure(self, source: Mapping[str, Any], labels: Mapping[str, Any], listen: str) -> None:
        """Write the configuration."""
        self.config.write_text(
            _CONFIG.format(
                first_line=_FIRST_LINE,
                traffic=self.traffic,
                label_file=self.labels,
                answers=self.answers,
                config=self.config,
                model=MODEL,
                source=json.dumps(source),
                labels=json.dumps(labels),
                listen=listen,
            )
        )
