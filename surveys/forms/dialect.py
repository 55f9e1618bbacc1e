"""Which of XLSForm's words a chat understands, and what is said of the others. Tables, and nothing that reads a form."""

import re

from surveys.forms.form import Kind

__all__ = [
    "EXTERNAL",
    "KINDS",
    "OTHER",
    "OTHER_WORDS",
    "OURS",
    "REFUSED_COLUMNS",
    "SPECIFY",
    "language_code",
    "why_not",
]

KINDS = {
    "note": Kind.NOTE,
    "select one": Kind.SELECT_ONE,
    "select all that apply": Kind.SELECT_MULTIPLE,
    "rank": Kind.RANK,
    "integer": Kind.INTEGER,
    "int": Kind.INTEGER,
    "decimal": Kind.DECIMAL,
    "range": Kind.RANGE,
    "text": Kind.TEXT,
    "string": Kind.TEXT,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "acknowledge": Kind.ACKNOWLEDGE,
    "trigger": Kind.ACKNOWLEDGE,
    "geopoint": Kind.GEOPOINT,
    "location": Kind.GEOPOINT,
    "gps": Kind.GEOPOINT,
    "photo": Kind.IMAGE,
    "calculate": Kind.CALCULATE,
    "hidden": Kind.HIDDEN,
}

NO_TIMES = "records when a person answered, and a ballot carries no times; delete this row"
NO_DEVICE = "tells who the person is, and a ballot is under no name; delete this row"
NO_RECORDING = "a voice, a face or a file may name the person; ask for text or a picture of the place"
NO_MAP = "needs drawing on a map, which a chat cannot; ask for one geopoint"
EXTERNAL = "an external list; put the choices on the choices sheet"
REFUSED_TYPES = {
    "barcode": "a chat cannot scan barcodes",
    "audit": "records every step of a person, and a ballot does not; delete this row",
    **dict.fromkeys(("start", "end", "today", "start time", "end time"), NO_TIMES),
    **dict.fromkeys(("get start time", "get end time", "get today"), NO_TIMES),
    **dict.fromkeys(
        ("deviceid", "subscriberid", "simserial", "phonenumber", "username", "email", "imei"), NO_DEVICE
    ),
    **dict.fromkeys(("audio", "video", "file", "background-audio"), NO_RECORDING),
    **dict.fromkeys(("geotrace", "geoshape"), NO_MAP),
    **dict.fromkeys(
        ("start-geopoint", "background-geopoint"), "takes a person's place without asking; use geopoint"
    ),
    **dict.fromkeys(("datetime", "date time"), "ask for the date and the time in two questions"),
    **dict.fromkeys(("csv-external", "xml-external"), EXTERNAL),
    "osm": NO_MAP,
}
REFUSED_COLUMNS = {
    "trigger": "a value that changes when another question does; use a calculation",
    "media": "a chat question is text; put the picture's content into words",
    "intent": "another app on the phone; a chat has none",
}
OURS = frozenset({"ln:role", "ln:feeds", "ln:source"})
"""The bind columns of our own; ODK leaves them alone."""

OTHER, OTHER_WORDS = "other", {"vi": "Khác", "en": "Other", "km": "ផ្សេងទៀត"}
SPECIFY = {"vi": "Xin ông/bà ghi rõ:", "en": "Please say which:", "km": "សូមបញ្ជាក់៖"}

LANGUAGE = re.compile(r"\(\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9]+)?\s*\)\s*$")
LANGUAGE_NAMES = {
    "vietnamese": "vi",
    "tiếng việt": "vi",
    "vi": "vi",
    "english": "en",
    "tiếng anh": "en",
    "en": "en",
    "khmer": "km",
    "tiếng khmer": "km",
    "ភាសាខ្មែរ": "km",
    "km": "km",
}


def language_code(name: str) -> str | None:
    """`vi` for “Vietnamese (vi)”, “vi” and “Tiếng Việt”; None for a language without a code."""
    found = LANGUAGE.search(name)
    return found[1].lower() if found else LANGUAGE_NAMES.get(name.strip().lower())


def why_not(kind: str) -> str:
    """Why this type cannot be asked."""
    reason = REFUSED_TYPES.get(kind.lower()) or REFUSED_TYPES.get(kind.lower().removeprefix("uri:"))
    return f"“{kind[:60]}”: {reason}" if reason else f"“{kind[:60]}” is not a question type a chat can ask"
