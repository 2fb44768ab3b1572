"""Builders of reports on a phone in Python."""

from demo.phone import Phone


def complete_report(phone: Phone, **values: object) -> str:
    """Save a report that has all that submit needs; returns its id. Nothing is pushed yet."""
    report = phone.new_id()
    phone.edit(
        report,
        {
            "address": "W 26th St & S Pulaski Rd",
            "occurred_from": "2026-11-23T21:10:00-06:00",
            "narrative": "Two agents stood at the corner. One was asked for a name and did not answer.",
            **values,
        },
    )
    phone.add(report, "agents", {"agency": "ice_ero", "basis/vest": True})
    return report
