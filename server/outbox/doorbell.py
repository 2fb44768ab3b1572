"""The doorbell: tell RQ that rows are waiting. Nothing depends on it but speed."""

from rq import Queue
from rq.serializers import JSONSerializer

from server.redis_link import redis_at

QUEUE = "holds"
KEEP_FAILED_SECONDS = 3600
JOB = "server.outbox.run_one"


def ring(url: str, rows: list[int]) -> None:
    """Enqueue one RQ job a row, with its id and nothing else. For after a commit, where a failure is only logged."""
    queue = Queue(QUEUE, connection=redis_at(url), serializer=JSONSerializer)
    for row in rows:
        queue.enqueue(JOB, row, result_ttl=0, failure_ttl=KEEP_FAILED_SECONDS, description=f"row {row}")
