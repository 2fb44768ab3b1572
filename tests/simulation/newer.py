"""An update of the server that is yet to come: the next version of the form, and a rule that still has a mistake."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sync import rules
from sync.forms import UnknownForm, definition
from tests.simulation.words import BROKEN, NEW_FIELD

VERSION = 2


@dataclass
class Release:
    """What this server knows: whether the newer form is there, and whether the rule with the mistake is mended."""

    form_known: bool = False
    rule_mended: bool = False

    def reset(self) -> None:
        self.form_known = self.rule_mended = False
        # The loaded definitions are kept for good; those of the last run must not be known to this one.
        definition.load.cache_clear()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let the server run in this release."""
        text, judge = definition._text, rules.judge

        def forms(form_id: str, version: int) -> str:
            if version != VERSION:
                return text(form_id, version)
            if not self.form_known:
                raise UnknownForm(f"{form_id} version {version}")
            return _next_version(text(form_id, 1))

        def judged(op: Any, *rest: Any) -> str | None:
            if not self.rule_mended and any(edit.value == BROKEN for edit in op.edits):
                raise ZeroDivisionError("a mistake in a rule")
            return judge(op, *rest)

        with patch.object(definition, "_text", forms), patch.object(rules, "judge", judged):
            yield
        definition.load.cache_clear()


def _next_version(text: str) -> str:
    """Add one field to the form; nothing else may change between versions."""
    form = json.loads(text)
    field = {"id": NEW_FIELD, "label": "Weather, in words", "type": "text", "merge": "register"}
    form["sections"][0]["fields"].append(field)
    return json.dumps({**form, "version": VERSION})
