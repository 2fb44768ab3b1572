"""How an upload is announced: read strictly, before anything is stored."""

import base64

import pytest

from server.evidence.errors import BadMetadata, TypeNotAllowed
from server.evidence.schemas import read_announcement
from server.problems import TooLarge

PHOTO = "0198c1d2-0000-7000-8000-000000000001"
REPORT = "0198c1d2-0000-7000-8000-000000000002"
GOOD = {"photo": PHOTO, "report": REPORT, "sha256": "a" * 64, "type": "image/jpeg"}


def metadata(**changes: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in {**GOOD, **changes}.items())


def test_a_whole_announcement_is_read() -> None:
    found = read_announcement("17", metadata(filename="IMG 1.jpg"), 100)
    assert (found.photo, found.report, found.sha256, found.size, found.type) == (
        PHOTO,
        REPORT,
        "a" * 64,
        17,
        "image/jpeg",
    )


@pytest.mark.parametrize("length", [None, "", "0", "-1", "1.5", "+5", "5 ", "9" * 16, "five", "5\n"])
def test_a_length_is_a_count_of_bytes(length: str | None) -> None:
    with pytest.raises(BadMetadata):
        read_announcement(length, metadata(), 100)


def test_a_photo_over_the_limit_is_refused() -> None:
    assert read_announcement("100", metadata(), 100).size == 100
    with pytest.raises(TooLarge):
        read_announcement("101", metadata(), 100)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "photo",
        "photo !!!",
        "photo " + base64.b64encode(b"\xff\xfe").decode(),
        metadata(photo="../../etc/passwd"),
        metadata(photo=PHOTO.upper()),
        metadata(report=""),
        metadata(sha256="A" * 64),
        metadata(sha256="a" * 63),
    ],
)
def test_broken_metadata_is_refused(header: str | None) -> None:
    with pytest.raises(BadMetadata):
        read_announcement("17", header, 100)


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/pdf", "", "image/jpeg; x=y"])
def test_only_types_that_never_run_are_taken(kind: str) -> None:
    with pytest.raises(TypeNotAllowed):
        read_announcement("17", metadata(type=kind), 100)
