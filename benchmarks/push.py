"""A push to a hundred thousand at thirty a second, in the platform's own seconds, with people answering all the while: how close to the
limit's own time everybody is reached, and how long a reply waits for its place."""

import os
import time
from typing import Any

from benchmarks.delivery import fill, temporary_directory, when
from storage import migrate
from storage.keys import FileKeys
from storage.vault import Vault
from tests.year.push import A_SECOND, pushed

PEOPLE = int(os.environ.get("RECIPIENTS", "100000"))


def push() -> dict[str, Any]:
    with temporary_directory() as directory:
        path = directory / "db.sqlite"
        url = f"sqlite:///{path}"
        migrate.up_now(url)
        fill(path, Vault(FileKeys(directory / "keys")), PEOPLE)
        begun = time.process_time()
        found = pushed(directory, url, PEOPLE)
        worked = time.process_time() - begun
    waits = sorted(found.reply_waits)
    return {
        "benchmark": "push",
        "people": PEOPLE,
        "limit": A_SECOND,
        "took_s": round(found.took, 1),
        "limits_own_time_s": round(found.limits_own_time, 1),
        "over_percent": round(100 * (found.took / found.limits_own_time - 1), 2),
        "busiest_second": found.busiest_second,
        "refused_429": found.refused,
        "twice": found.twice,
        "replies": found.replies,
        "reply_wait_p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "reply_wait_p99_ms": round(1000 * waits[int(0.99 * (len(waits) - 1))], 1),
        "reply_wait_longest_ms": round(1000 * waits[-1], 1),
        "processor_s": round(worked, 1),
        "target": "everybody within 1 % of the limit's own time; replies served throughout",
        **when(),
    }
