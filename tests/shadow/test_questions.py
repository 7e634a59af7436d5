from __future__ import annotations

from shadow_world import MODEL, messages, model, section

from monitor.formats.decoder import Decoder
from monitor.reference.store import Store
from monitor.shadow.probing import Prober


def test_another_key_gives_other_ids_and_the_same_changes(reference):
    known = Store(reference).accepted()
    batch = Decoder({MODEL: known.schema}, stamped=False).decode(messages(1, 1)).batches[0]
    probers = [Prober(MODEL, known, section(), model(), key) for key in (b"", b"k" * 32, b"l" * 32)]
    questions = [prober.question(batch, 0, "r1") for prober in probers]
    assert len({question.id for question in questions}) == 3
    changes = [prober.changes(question) for prober, question in zip(probers, questions, strict=True)]
    assert changes[0] == changes[1] == changes[2] != []
