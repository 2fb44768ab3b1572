"""Reports as officers write them: 20 ops of about 1 KB each, a copy of about 20 KB, the footage asked for."""

from random import Random

from bench.words import prose
from demo.phone import Phone

OPS_A_REPORT = 20


def write_report(phone: Phone, chance: Random, partner: str | None = None) -> str:
    """Save a report of OPS_A_REPORT ops, one of them a hold; `partner` is another officer's star. Returns its id."""
    report, started = phone.new_id(), phone.clock().isoformat(timespec="seconds")
    phone.edit(report, {"address": "W 26th St & S Pulaski Rd", "occurred_from": started})
    phone.hold(report, {"kind": "bwc", "wearer_star": "12345", "from": started, "to": started})
    phone.edit(report, {"narrative": prose(chance, 400)})
    phone.add(report, "officers", {"star": partner} if partner else {"role": "assisting"})
    for _ in range(2):
        agent = phone.add(report, "agents", {"agency": "ice_ero", "description": prose(chance, 100)})
        for rung in ("supervisor", "name", "badge"):
            phone.add(report, "attempts", {"rung": rung, "words": prose(chance, 100)}, parent=agent)
    phone.edit(report, {"observed/mask": True, "observed/did_not_identify": True})
    for field in ("crowd_control_words", "warrant_words", "force_words", "aid_given", "exculpatory"):
        phone.edit(report, {field: prose(chance, 250)})
    phone.add(report, "people", {"part/witness": True, "account": prose(chance, 100)})
    phone.add(report, "notes", {"text": prose(chance, 200)})
    return report
