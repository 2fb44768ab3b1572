"""Form definitions: what a report holds, read from JSON, and what can be said of values by a definition alone."""

from sync.forms.compatibility import broken
from sync.forms.definition import (
    Caution,
    Field,
    FormDefinition,
    Group,
    Option,
    Section,
    ShowIf,
    UnknownForm,
    available,
    document,
    field,
    load,
    merge_policy,
)
from sync.forms.presence import Missing, is_visible, missing, visible_fields
from sync.forms.values import check_value, sensitive_words, unusual

__all__ = [
    "Caution",
    "Field",
    "FormDefinition",
    "Group",
    "Missing",
    "Option",
    "Section",
    "ShowIf",
    "UnknownForm",
    "available",
    "broken",
    "check_value",
    "document",
    "field",
    "is_visible",
    "load",
    "merge_policy",
    "missing",
    "sensitive_words",
    "unusual",
    "visible_fields",
]
