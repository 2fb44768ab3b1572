"""The way to Redis. Nothing depends on it but speed, so a Redis that hangs may cost a request almost nothing."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_SECONDS = 0.25

_connections: dict[str, Redis] = {}


def redis_at(url: str) -> Redis:
    """Return the process's connection pool to a Redis; its commands fail soon where it does not answer."""
    if url not in _connections:
        _connections[url] = Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    return _connections[url]
