"""What a newer version of a form may change: field ids are permanent, because ops of every version meet in one report.

A newer version adds fields and options, and retires fields by leaving them out; what was written to them stays.
"""

from sync.forms.definition import Field, FormDefinition


def broken(old: FormDefinition, new: FormDefinition) -> list[str]:
    """Return what a newer version changes and may not, one line each, in order; `old` and `new` are one form's."""
    retired = {key: each for key, each in old.index.items() if key not in new.index}
    added = {key: each for key, each in new.index.items() if key not in old.index}
    found = [
        f"{owner}.{each.id} {change}"
        for (owner, name), each in old.index.items()
        if (owner, name) in new.index
        for change in _changes(each, new.index[owner, name])
    ]
    # Under another id or in another list, what was answered before would no longer be shown with its field.
    for (owner, name), each in retired.items():
        moved = [to for to, other in added if other == name]
        renamed = [to for (of, to), other in added.items() if of == owner and other.label == each.label]
        found += [f"{owner}.{name} moved to {to}" for to in moved]
        found += [f"{owner}.{name} was renamed to {to}" for to in renamed]
    return sorted(found)


def _changes(old: Field, new: Field) -> list[str]:
    """Return what became of a field that both versions have, and that one with answers cannot bear."""
    found = [
        f"changed its {what} from {before} to {now}"
        for what, before, now in (
            ("type", old.type, new.type),
            ("merge policy", old.merge, new.merge),
            ("list of options", old.options_from or "its own", new.options_from or "its own"),
        )
        if before != now
    ]
    kept = {option.id for option in new.options}
    return found + [f"lost the option {option.id}" for option in old.options if option.id not in kept]
