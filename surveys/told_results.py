"""What was released of a ward, in words for a chat: the page's figures, shorter. It computes nothing; hidden and empty read alike."""

from surveys import texts
from surveys.figures import NOTHING, percent, span, whole
from surveys.notices.telling import BUTTONED
from surveys.releases import Line, ReleasedWard, spoken_for
from surveys.taps import Message, Offer

__all__ = ["pushed", "told"]


def told(language: str, ward: ReleasedWard) -> str:
    """One wave of one ward."""
    lines = [
        texts.say(language, "results.title", title=ward.wave.title, ward=ward.unit_name),
        _index(language, ward.index),
        texts.say(
            language, "results.more", top=_share(language, ward.top), lowest=_share(language, ward.lowest_two)
        ),
    ]
    if ward.invited is not None:
        lines.append(texts.say(language, "results.rate", invited=_written(language, whole(ward.invited))))
    if (rated := spoken_for(ward.ratings or ())) is not None and rated.index is not None:
        lines.append(texts.say(language, "results.ratings", share=_counted(language, rated.index)))
    lines.append(texts.say(language, "results.note", k=ward.wave.k))
    return "\n".join(lines)


def pushed(language: str, ward: ReleasedWard, kind: str, page: str) -> Message:
    """The same, to somebody who asked to be told. `kind`: the head of `Address.account`; `page`: where the whole of it stands, or nothing.
    It is the same to whoever answered and whoever did not, and says nothing of either."""
    lines = [texts.say(language, "results.pushed"), "", told(language, ward), ""]
    if page:
        lines.append(texts.say(language, "results.page", page=page))
    lines.append(texts.say(language, "results.again"))
    if kind not in BUTTONED:
        return Message("\n".join(lines))
    return Message("\n".join(lines), (Offer(texts.say(language, "button.fewer"), "l.notices"),))


def _index(language: str, line: Line) -> str:
    if line.figure is not None:
        figure = line.figure
        return texts.say(
            language,
            "results.index",
            share=_share(language, line),
            numerator=_written(language, whole(figure.numerator)),
            n=_written(language, whole(figure.denominator)),
            span=_written(language, span(figure.interval)),
        )
    if line.bound is not None:
        return texts.say(language, "results.bound", bound=line.bound)
    return texts.say(language, "results.empty")


def _share(language: str, line: Line) -> str:
    if line.figure is not None:
        return _written(language, percent(line.figure.share))
    return str(line.bound) if line.bound is not None else NOTHING


def _counted(language: str, line: Line) -> str:
    """No share without its counts: 90,00 % (18/20)."""
    share, figure = _share(language, line), line.figure
    if figure is None:
        return share
    counts = f"{whole(figure.numerator)}/{whole(figure.denominator)}"
    return f"{share} ({_written(language, counts)})"


def _written(language: str, number: str) -> str:
    """English has its point and comma the other way round."""
    return number.translate(str.maketrans(".,", ",.")) if language == "en" else number
