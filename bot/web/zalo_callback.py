"""`/zalo/callback`: where Zalo sends the browser of whoever has just let the app speak for an account. It hands the code over to
the person, who takes it to the terminal where `zalo connect` waits: only there are the verifier and the app's secret."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.web.pages import Pages

__all__ = ["CALLBACK", "ZaloCallback"]

CALLBACK = "/zalo/callback"
LONGEST = 2000


class ZaloCallback:
    """`GET /zalo/callback`. It keeps nothing and believes nothing: the code opens nothing without what the terminal has."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.routes = (Route(CALLBACK, self.page, methods=["GET"]),)

    async def page(self, request: Request) -> Response:
        address = f"{CALLBACK}?{request.url.query}" if request.query_params.get("code") else ""
        page = self._pages.drawn("zalo_callback.html", "en", address=address[:LONGEST])
        return HTMLResponse(page, 200 if address else 400, headers={"cache-control": "no-store"})
