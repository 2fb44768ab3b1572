"""What goes over the air is small: pages of the feed and the app's files travel compressed."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flask.testing import FlaskClient

from demo.phone import Phone
from server.app import create_app
from server.config import Settings
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]


def test_a_page_of_the_feed_is_compressed_and_says_the_same(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: Callable[..., dict[str, str]]
) -> None:
    phone = phone_of(cast.officer)
    for _ in range(5):
        complete_report(phone)
    phone.push()
    headers = sign_in(cast.desk)
    plain = client.get("/api/pull", headers=headers)
    packed = client.get("/api/pull", headers={**headers, "Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    assert len(packed.data) < len(plain.data) / 3


def test_the_apps_files_travel_compressed(settings: Settings, tmp_path: Path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "assets" / "index-x.js").write_text("const words = 'the same words again';\n" * 500)
    client = create_app(replace(settings, pwa_dir=built)).test_client()
    found = client.get("/assets/index-x.js", headers={"Accept-Encoding": "gzip"})
    assert found.headers["Content-Encoding"] == "gzip"
    assert "immutable" in found.headers["Cache-Control"]
    assert gzip.decompress(found.data) == (built / "assets" / "index-x.js").read_bytes()
