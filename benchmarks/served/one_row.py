"""Microseconds of CPU that the container program takes for a request of one row; run in its environment.

one_row.py PROGRAM ROW_FILE REQUESTS
"""

import io
import sys
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from wsgi import application

WARM_REQUESTS = 20
body = Path(sys.argv[2]).read_bytes()
count = int(sys.argv[3])
statuses = []


def ask() -> None:
    environment = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/invocations",
        "CONTENT_TYPE": "text/csv",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    application(environment, lambda status, _: statuses.append(status))


application.load()
for _ in range(WARM_REQUESTS):
    ask()
began = time.process_time()
for _ in range(count):
    ask()
taken = time.process_time() - began
if set(statuses) != {"200 OK"}:
    sys.exit(f"it answers {set(statuses)}")
print(taken / count * 1e6)
