"""`POST /api/v1/tokens`: a case system asks for one-time tokens. It reads and writes JSON, and knows no token's meaning.

Documented with an example in docs/api.md."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.web.guard import TooLarge, body_of
from handlers.tokens import Batch, CannotIssue, Conflict, Issuing, NotAllowed
from storage.database import Unavailable

__all__ = ["IssuingApi"]

log = structlog.get_logger(__name__)

LARGEST_BODY = 4096
LONGEST_REQUEST_KEY = 128
FIELDS = {"unit", "count", "wave"}


class IssuingApi:
    def __init__(self, issuing: Issuing, *, address: str) -> None:
        """`address`: what stands before a token in a link; "" for the address we are asked by."""
        self._issuing = issuing
        self._address = address
        self.routes = (Route("/api/v1/tokens", self.issue, methods=["POST"]),)

    async def issue(self, request: Request) -> Response:
        """201 with a new batch, 200 with the very batch that this Idempotency-Key made before."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        try:
            issuer = await self._issuing.issuer(key.strip()) if scheme.lower() == "bearer" and key else None
            if issuer is None:
                return _refused(
                    401, "unauthorized", "Send Authorization: Bearer KEY with a key that is not revoked."
                )
            wanted = _read(await body_of(request, LARGEST_BODY))
            batch = await self._issuing.issue(
                wanted["unit"],
                wanted["count"],
                slug=wanted.get("wave"),
                issuer=issuer,
                request=_request_key(request),
            )
        except TooLarge:
            return _refused(413, "too_large", f"The body has more than {LARGEST_BODY} bytes.")
        except _Unreadable as trouble:
            return _refused(400, "unreadable", str(trouble))
        except NotAllowed as trouble:
            return _refused(403, "not_allowed", str(trouble))
        except Conflict as trouble:
            return _refused(409, "conflict", str(trouble))
        except CannotIssue as trouble:
            return _refused(422, "cannot_issue", str(trouble))
        except Unavailable:
            return _refused(
                503, "unavailable", "Try again with the same Idempotency-Key.", {"retry-after": "5"}
            )
        log.info(
            "tokens.issued", batch=batch.id, unit=batch.unit, count=len(batch.payloads), new=batch.is_new
        )
        before = self._address or f"{request.base_url}?start="
        return JSONResponse(_told(batch, before), 201 if batch.is_new else 200)


class _Unreadable(ValueError):
    """The request is not what docs/api.md describes."""


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise _Unreadable("The body is no JSON.") from None
    if not isinstance(read, dict) or not {"unit", "count"} <= read.keys() <= FIELDS:
        raise _Unreadable('The body is an object of "unit", "count" and perhaps "wave".')
    if not _is_code(read["unit"]) or type(read["count"]) is not int:
        raise _Unreadable('"unit" is a text, such as "29263"; "count" a whole number.')
    if not _is_code(read.get("wave", "")):
        raise _Unreadable('"wave" is the short name of a wave.')
    return read


def _is_code(value: Any) -> bool:
    """It is told again where it is refused: half a surrogate could not even be written."""
    return isinstance(value, str) and value.isascii()


def _request_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= LONGEST_REQUEST_KEY:
        raise _Unreadable(
            f"Send an Idempotency-Key of 1 to {LONGEST_REQUEST_KEY} characters, a new one for every new request."
        )
    return key


def _told(batch: Batch, before: str) -> dict[str, object]:
    return {
        "batch": batch.id,
        "wave": batch.wave,
        "unit": batch.unit,
        "count": len(batch.payloads),
        "expires_at": batch.expires_at.isoformat(),
        "tokens": [{"token": each, "link": before + each} for each in batch.payloads],
    }


def _refused(status: int, reason: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": reason, "message": message}, status, headers)
