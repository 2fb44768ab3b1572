"""The doorbell: tell RQ that rows are waiting. Nothing depends on it but speed."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "holds"
# A push waits for the doorbell, so a Redis that hangs may cost it no more than this.
PATIENCE_SECONDS = 0.25
KEEP_FAILED_SECONDS = 3600
JOB = "server.outbox.run_one"

_connections: dict[str, Redis] = {}


def ring(url: str, rows: list[int]) -> None:
    """Enqueue one RQ job a row, with its id and nothing else. For after a commit, where a failure is only logged."""
    queue = Queue(QUEUE, connection=_connection(url), serializer=JSONSerializer)
    for row in rows:
        queue.enqueue(JOB, row, result_ttl=0, failure_ttl=KEEP_FAILED_SECONDS, description=f"row {row}")


def _connection(url: str) -> Redis:
    if url not in _connections:
        _connections[url] = Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    return _connections[url]
