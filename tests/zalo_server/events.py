"""The events Zalo sends to a webhook, as it writes and signs them. Pure."""

import json
import random
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

__all__ = ["VECTOR", "mac", "signed", "written"]

VECTOR = {
    "app_id": "431111111111111111",
    "oa_key": "TESTOASECRETKEY1",
    "timestamp": "1782000000123",
    "body": (
        '{"app_id":"431111111111111111","user_id_by_app":"552177279717587730","event_name":"user_send_text",'
        '"sender":{"id":"186729651760683225"},"recipient":{"id":"579745863508352884"},'
        '"message":{"text":"Xin chào","msg_id":"96d3cdf3af150460909"},"timestamp":"1782000000123"}'
    ),
    "header": "mac=03d5435bf3ffb3217a83810b44025f6ffab31db80be0477cb052a7a5048bfda4",
}
"""The vector of the reference (A8.2): body of 266 bytes."""


def mac(app_id: str, raw: bytes, timestamp: str, key: str) -> str:
    """SHA-256 over app id, raw body, timestamp and the OA's key, in hex."""
    return sha256(app_id.encode() + raw + timestamp.encode() + key.encode()).hexdigest()


def signed(app_id: str, raw: bytes, timestamp: str, key: str) -> dict[str, str]:
    """The headers of a delivery."""
    return {
        "content-type": "application/json",
        "x-zevent-signature": f"mac={mac(app_id, raw, timestamp, key)}",
    }


def written(event: Mapping[str, Any], dice: random.Random) -> bytes:
    """As bytes, in one of the ways that mean the same: any order of fields, escapes or none, spaces or none."""
    fields = list(event.items())
    dice.shuffle(fields)
    spaces = dice.choice([(",", ":"), (", ", ": ")])
    return json.dumps(dict(fields), ensure_ascii=dice.random() < 0.5, separators=spaces).encode()
