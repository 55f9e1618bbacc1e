"""The Bot API's own description of its methods and types, as a judge of JSON. It knows shapes, not chats."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

DESCRIPTION = Path(__file__).with_name("bot_api.json")


class Schema:
    def __init__(self, description: Mapping[str, Any]) -> None:
        self._methods = description["methods"]
        self._types = description["types"]

    def __contains__(self, method: str) -> bool:
        return method in self._methods

    def faults_of_call(self, method: str, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with these parameters: unknown ones, missing ones, wrong types, however deep."""
        return list(self._fields(self._methods[method]["fields"], given, method))

    def faults_of(self, type: str, value: object) -> list[str]:
        return list(self._value([type], value, type))

    def faults_of_result(self, method: str, value: object) -> list[str]:
        return list(self._value(self._methods[method]["returns"], value, f"{method} result"))

    def types_of(self, method: str, name: str) -> list[str]:
        field = self._methods[method]["fields"].get(name)
        return field["types"] if field else []

    def _fields(self, fields: Mapping[str, Any], given: Mapping[str, Any], path: str) -> Iterator[str]:
        for name in given:
            if name not in fields:
                yield f"{path}: unknown field {name!r}"
        for name, field in fields.items():
            if name in given:
                yield from self._value(field["types"], given[name], f"{path}.{name}")
            elif field["required"]:
                yield f"{path}: {name!r} is missing"

    def _value(self, types: list[str], value: object, path: str) -> Iterator[str]:
        found: list[list[str]] = []
        for type in types:
            faults = list(self._one(type, value, path))
            if not faults:
                return
            found.append(faults)
        # The nearest miss says most: of a union, the type with the fewest faults.
        yield from min(found, key=len)

    def _one(self, type: str, value: object, path: str) -> Iterator[str]:
        if type.startswith("Array of "):
            if not isinstance(value, list):
                yield f"{path}: {value!r} is not an array"
                return
            for place, inner in enumerate(value):
                yield from self._value([type.removeprefix("Array of ")], inner, f"{path}[{place}]")
        elif type in PRIMITIVES:
            if not PRIMITIVES[type](value):
                yield f"{path}: {value!r} is not {type}"
        elif subtypes := self._types[type].get("subtypes"):
            yield from self._value(subtypes, value, path)
        elif not isinstance(value, dict):
            yield f"{path}: {value!r} is not a {type}"
        else:
            yield from self._fields(self._types[type]["fields"], value, path)


class Upload(bytes):
    """A file that came along with a request."""

    name: str = ""


PRIMITIVES = {
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53,
    "Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "InputFile": lambda value: isinstance(value, Upload),
}


@cache
def bot_api() -> Schema:
    return Schema(json.loads(DESCRIPTION.read_text("utf-8")))
