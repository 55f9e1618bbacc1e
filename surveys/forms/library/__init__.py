"""The five forms that ship. Each stands as an XLSForm in Markdown, and beside it as the JSON it reads to, so that a start
needs no pyxform; a test holds the two together."""

from functools import cache
from importlib import resources

from surveys.forms.form import Form
from surveys.forms.published import form_from_json

__all__ = ["IDS", "load", "markdown"]

IDS = ("tham_luot", "hang_nam_nguoi_dan", "hang_nam_doanh_nghiep", "hoi_dien_dan", "dien_dan")


@cache  # a published form never changes, so everybody may have the same one
def load(form_id: str) -> Form:
    """The form as it ships. Raises KeyError for any other id."""
    return form_from_json(_text(form_id, "json"))


def markdown(form_id: str) -> str:
    """The form as it was written: an XLSForm in Markdown. Raises KeyError for any other id."""
    return _text(form_id, "md")


def _text(form_id: str, suffix: str) -> str:
    if form_id not in IDS:
        raise KeyError(form_id)
    return (resources.files(__name__) / f"{form_id}.{suffix}").read_text("utf-8")
