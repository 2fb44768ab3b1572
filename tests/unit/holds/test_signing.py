"""Standard Webhooks signatures, against the vector that the standard's libraries share."""

from server.holds.custodians.webhook import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_shared_vector() -> None:
    found = signing.headers(SECRET, MESSAGE, 1614265330, b'{"test": 2432232314}')
    assert found == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_plain_secret_is_its_own_key() -> None:
    assert signing.key_of("plain secret") == b"plain secret"
    assert signing.key_of("whsec_not base64!") == b"whsec_not base64!"


def test_every_part_is_signed() -> None:
    one = signing.headers(SECRET, "a", 1, b"x")["webhook-signature"]
    others = [signing.headers(*given)["webhook-signature"] for given in [
        (SECRET, "b", 1, b"x"), (SECRET, "a", 2, b"x"), (SECRET, "a", 1, b"y"), ("other", "a", 1, b"x"),
    ]]  # fmt: skip
    assert one not in others
    assert len(set(others)) == 4
