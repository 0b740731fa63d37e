"""Requests to the production API, and the status of the answer, which is the same whichever function is behind it."""

import json

TOO_LARGE = 6 * 1024 * 1024 + 1
# Content type, body and status.
BOTH_VARIANTS = [
    ("text/csv", "UA,2\n", 200),
    ("application/json", json.dumps({"instances": [["UA", 2]]}), 200),
    ("text/plain", "UA,2\n", 415),
    ("application/json", "{broken", 400),
    ("text/csv", "", 400),
    ("text/csv", "1" * TOO_LARGE, 413),
]
