"""The functions an expression may call: those of the XLSForm reference (docs.getodk.org/form-operators-functions).

Each is made once, when the expression is read, from its compiled arguments. What a chat cannot keep the promise of is
listed too, with the reason an author is told. They know values and a context, never a form.
"""

from collections.abc import Mapping

from surveys.forms.functions import choosing, days, reckoning, several, wording
from surveys.forms.functions.calls import Argument, BadExpression, Context, Function, Run

__all__ = ["FUNCTIONS", "REFUSED", "Argument", "BadExpression", "Context", "Function", "Run"]

FUNCTIONS: Mapping[str, Function] = {
    **choosing.FUNCTIONS,
    **several.FUNCTIONS,
    **wording.FUNCTIONS,
    **reckoning.FUNCTIONS,
    **days.FUNCTIONS,
}

REFUSED: Mapping[str, str] = {
    "indexed-repeat": "needs a repeat group, and a chat has none",
    "index": "needs a repeat group, and a chat has none",
    "last": "needs a repeat group, and a chat has none",
    "instance": "reads an external list; put the choices on the choices sheet",
    "pulldata": "reads an external file; put the data in the form",
    "search": "reads an external file; put the choices on the choices sheet",
    "current": "is not needed here; write ${question}",
    "randomize": "works on choices; write randomize=true in the parameters column",
    "uuid": "would put a mark on the ballot by which it could be found again",
    "area": "needs a shape drawn on a map, and a chat has none",
    "distance": "needs a line drawn on a map, and a chat has none",
    "geofence": "needs a shape drawn on a map, and a chat has none",
    "intersects": "needs a shape drawn on a map, and a chat has none",
    "property": "reads the device, and a chat must not",
    "extract-signed": "is for ODK's signed QR codes",
    "base64-decode": "is for ODK's binary data",
    "id": "looks at XML, not at answers",
    "name": "looks at XML, not at answers",
    "local-name": "looks at XML, not at answers",
    "namespace-uri": "looks at XML, not at answers",
    "lang": "looks at XML, not at answers",
}
