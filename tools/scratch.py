"""Where throw-away data of tests is written: memory where there is enough of it, else the temporary folder."""

import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
# Far more than the tests' databases take together; the small default of containers is left alone.
_ENOUGH = 2 * 1024**3


def scratch_folder(prefix: str) -> Path:
    """Make a folder for data that need not survive a power cut. The caller removes it.

    A test's database is a copy of a template: on a busy disk that takes half a second a test, in memory a fiftieth.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
    try:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else None))
    except OSError:
        return Path(tempfile.mkdtemp(prefix=prefix))
