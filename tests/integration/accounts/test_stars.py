"""A star number names an officer on reports: whoever loses it loses them, and keeps the reports of their own."""

from collections.abc import Callable

from flask.testing import FlaskClient

from demo.phone import Phone
from tests.integration.accounts.sessions import SignIn
from tests.support.cast import Cast

PhoneOf = Callable[..., Phone]


def test_p9_a_changed_star_ends_what_the_old_one_gave(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn
) -> None:
    officer, partner = phone_of(cast.officer), phone_of(cast.partner)
    named, own = officer.new_id(), partner.new_id()
    officer.edit(named, {"address": "W 26th St"})
    officer.add(named, "officers", {"star": cast.partner.star, "role": "assisting"})
    officer.push()
    partner.edit(own, {"address": "S Pulaski Rd"})
    partner.push()
    partner.pull()
    assert set(partner.copies) == {named, own}

    given = {"star": "54321"}
    assert client.patch(f"/api/users/{cast.partner.id}", headers=sign_in(cast.admin), json=given).status_code == 200
    partner.pull()
    assert set(partner.copies) == {own}
    officer.pull()
    assert set(officer.copies) == {named}
    found = client.get(f"/api/reports/{named}", headers={"Authorization": f"Bearer {partner.token}"})
    assert found.status_code == 404


def test_a_report_that_names_a_star_reaches_the_officer_who_gets_it_later(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn
) -> None:
    officer, partner = phone_of(cast.officer), phone_of(cast.partner)
    named = officer.new_id()
    officer.edit(named, {"address": "W 26th St"})
    officer.add(named, "officers", {"star": "54321", "role": "assisting"})
    officer.push()
    partner.pull()
    assert partner.copies == {}
    given = {"star": "54321"}
    assert client.patch(f"/api/users/{cast.partner.id}", headers=sign_in(cast.admin), json=given).status_code == 200
    partner.pull()
    assert set(partner.copies) == {named}
