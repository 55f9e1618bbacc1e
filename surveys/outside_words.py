"""What officers read of people outside Zalo's window: what these get, what it costs, what came of it. In Vietnamese, for the desk, the bot and
the command line alike. Pure."""

from collections.abc import Iterable, Mapping

from surveys.figures import whole
from surveys.outside import ArticleState, Outlook, Quote, Way

__all__ = ["ARTICLES", "agreement_words", "article_words", "outlook_words", "quote_words"]

PULL = "Họ không nhận được lúc này: khi mở lại Zalo, họ thấy trong mục “Thông báo mới” hoặc “Phiếu đang mở”."
APPROVES_ANYWAY = "Không đồng ý thì vẫn duyệt, và không gửi tin mẫu nào."
ARTICLES: Mapping[ArticleState, str] = {
    ArticleState.WANTED: "chờ tạo",
    ArticleState.CREATING: "đang tạo",
    ArticleState.CREATED: "Zalo đang xử lý",
    ArticleState.READY: "chờ phát",
    ArticleState.SENDING: "đang phát",
    ArticleState.SENT: "đã phát cho người theo dõi",
    ArticleState.REFUSED: "Zalo từ chối",
    ArticleState.UNKNOWN: "không rõ đã phát chưa, xin xem ở oa.zalo.me",
    ArticleState.DROPPED: "không phát nữa",
}


def outlook_words(outlook: Outlook) -> list[str]:
    """Before anything is sent; nothing where nobody is outside."""
    if not outlook.outside:
        return []
    head = f"Ngoài cửa sổ 7 ngày của Zalo: {whole(outlook.outside)} người."
    if outlook.way is Way.ARTICLE:
        return [head, _of_articles(outlook)]
    if outlook.way is Way.PULL or not outlook.templates:
        return [head, PULL]
    if (quote := outlook.quote) is None:
        return [
            head,
            f"Chưa đặt giá tin mẫu (ZALO_TEMPLATE_PRICE), nên không gửi được tin mẫu nào. {PULL}",
        ]
    lines = [head, f"Gửi được tin mẫu (ZBS) cho {whole(quote.count)} người: {quote_words(quote)}."]
    if (others := outlook.outside - quote.count) > 0:
        lines.append(f"{whole(others)} người ở tài khoản Zalo chưa có tin mẫu. {PULL}")
    if outlook.left_today is not None:
        lines.append(
            f"Hạn mức tin mẫu hôm nay còn {whole(outlook.left_today)}."
            + (" Phần còn lại gửi những ngày sau." if outlook.left_today < quote.count else "")
        )
    return lines


def _of_articles(outlook: Outlook) -> str:
    if not outlook.articles:
        return f"Tài khoản Zalo phục vụ rộng hơn nơi nhận, nên không phát bài viết. {PULL}"
    return (
        f"Một bài viết sẽ phát cho mọi người theo dõi tài khoản Zalo ({whole(outlook.articles)} tài khoản), cả người không nhận "
        "loại tin này và người đã nhận tin nhắn. Bài viết công khai; hệ thống không gỡ xuống được."
    )


def quote_words(quote: Quote) -> str:
    """“241 × 120 đ = 28.920 đ”"""
    return f"{whole(quote.count)} × {whole(quote.price)} đ = {whole(quote.total)} đ"


def agreement_words(quote: Quote, otherwise: str = APPROVES_ANYWAY) -> str:
    """What whoever ticks it agrees to, and what happens if they do not."""
    return f"Tôi đồng ý chi nhiều nhất {whole(quote.total)} đ cho {whole(quote.count)} tin mẫu. {otherwise}"


def article_words(articles: Iterable[ArticleState]) -> str:
    """“đã phát cho người theo dõi (2), Zalo từ chối (1)”"""
    states = list(articles)
    some = {state: states.count(state) for state in ArticleState if state in states}
    return ", ".join(
        f"{ARTICLES[state]} ({number})" if len(states) > 1 else ARTICLES[state]
        for state, number in some.items()
    )
