"""Cuts `bot_api.json` out of a full description of the Bot API: the methods the bot uses, and every type they need.

Usage: python -m tests.telegram_server.cut FULL.json
"""

import json
import sys
from pathlib import Path
from typing import Any

METHODS = (
    *("getMe", "getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo"),
    *(
        "sendMessage",
        "sendDocument",
        "sendPhoto",
        "editMessageText",
        "editMessageCaption",
        "deleteMessage",
        "answerCallbackQuery",
        "leaveChat",
    ),
    *("getFile", "setMyCommands", "deleteMyCommands"),
)
FURTHER_TYPES = ("Update", "ResponseParameters")


def cut(full: dict[str, Any]) -> dict[str, Any]:
    needed: set[str] = set()

    def need(name: str) -> None:
        name = name.removeprefix("Array of ").removeprefix("Array of ")
        if name in needed or name not in full["types"]:
            return
        needed.add(name)
        for inner in _inner(full["types"][name]):
            need(inner)

    for method in METHODS:
        for name in _inner(full["methods"][method]):
            need(name)
    for name in FURTHER_TYPES:
        need(name)
    return {
        "version": full["version"],
        "release_date": full["release_date"],
        "methods": {name: full["methods"][name] for name in METHODS},
        "types": {name: full["types"][name] for name in full["types"] if name in needed},
    }


def _inner(definition: dict[str, Any]) -> list[str]:
    fields = [name for field in definition.get("fields", {}).values() for name in field["types"]]
    return [*fields, *definition.get("subtypes", []), *definition.get("returns", [])]


def one_line_each(described: dict[str, Any]) -> str:
    """A line a method and a type, so that a newer Bot API shows as a readable change."""

    def lines(part: dict[str, Any]) -> str:
        return ",\n".join(
            f"{json.dumps(name)}:{json.dumps(part[name], separators=(',', ':'))}" for name in part
        )

    head = f'"version":{json.dumps(described["version"])},\n"release_date":{json.dumps(described["release_date"])}'
    return f'{{{head},\n"methods":{{\n{lines(described["methods"])}\n}},\n"types":{{\n{lines(described["types"])}\n}}}}\n'


if __name__ == "__main__":
    described = cut(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    Path(__file__).with_name("bot_api.json").write_text(one_line_each(described), "utf-8")
