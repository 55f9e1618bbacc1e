"""What an operator may set, in one place. Read from the environment and from `.env`; every field stands in `.env.example`."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["InvalidSettings", "Settings", "load"]


class InvalidSettings(Exception):
    """The settings do not fit; the message names each field and what to do."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    # Where things are remembered
    database_url: str = Field(
        "sqlite:///var/langnghe.sqlite", description="sqlite:///path or postgresql://user@host/name."
    )
    keys_dir: Path = Field(
        Path("var/keys"),
        description="The key store: outside the database and outside its backups. Whoever has both can read ballots until they are sealed.",
    )

    # The web server
    host: str = Field(
        "127.0.0.1",
        description="The address to listen on; put a TLS proxy in front and keep this on loopback.",
    )
    port: int = Field(8080, ge=1, le=65535, description="The port to listen on.")
    public_url: str = Field(
        "",
        description="The https address residents and platforms reach us at; needed for webhooks and links.",
    )
    web_chat: bool = Field(True, description="Serve the web chat at /.")

    # Telegram for residents
    telegram_token: SecretStr | None = Field(
        None, description="The bot's token from @BotFather; without it there is no Telegram."
    )
    telegram_mode: Literal["polling", "webhook"] = Field(
        "polling", description="polling needs no public address; webhook needs PUBLIC_URL."
    )
    telegram_secret: SecretStr | None = Field(
        None,
        description="For webhook: 16 to 256 of A-Z a-z 0-9 _ - ; Telegram sends it back with every update.",
    )
    telegram_api: str = Field(
        "https://api.telegram.org", description="The Bot API server; change it for a local one."
    )

    # What is released
    privacy_k: int = Field(
        10, ge=5, description="No figure of fewer people than this is ever shown; 5 is the floor."
    )
    satisfaction_threshold: Decimal | None = Field(
        None,
        gt=0,
        le=100,
        description="Per cent satisfied a ward must reach. No official number was found: 80 (national SIPAS level), 90 (QĐ 04/2022/QĐ-TTg), 96 (Ministry's 2025 result). Empty: not judged.",
    )

    ledger_name: str = Field(
        "langnghe",
        pattern=r"^[^\s+]+$",
        description="The name the ledger's key is published under, such as vinhlong.langnghe. Never change it once a wave was opened.",
    )
    supervisor_token: SecretStr | None = Field(
        None,
        min_length=24,
        description="Opens the supervisors' pages (/scorecard) until the officers' desk has its sign-in: 24 characters or more, from a password manager. Without it there are no such pages.",
    )

    comments_kept_days: int | None = Field(
        None,
        ge=30,
        description="Days after a wave's release until its comments are deleted for good. No rule was found that says how many; empty: kept until langnghe comments purge.",
    )

    # What residents are told
    province_name: str = Field(
        "Công an tỉnh", description="Who reads comments first, as residents know them."
    )
    province_contact: str = Field(
        "", description="Address and number for denunciations of ward leaders; shown as it stands."
    )
    duty_phone: str = Field(
        "", description="The duty phone shown beside 113, 114, 115, until each ward has its own."
    )

    # The process
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the log says."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="text for a person, json for a collector."
    )

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> "Settings":
        if self.telegram_token is None or self.telegram_mode == "polling":
            return self
        if not self.public_url.startswith("https://"):
            raise ValueError(
                "TELEGRAM_MODE=webhook needs PUBLIC_URL to be an https:// address, or set TELEGRAM_MODE=polling"
            )
        secret = self.telegram_secret.get_secret_value() if self.telegram_secret else ""
        if not (16 <= len(secret) <= 256) or not set(secret) <= SECRET_ALPHABET:
            raise ValueError(
                "TELEGRAM_MODE=webhook needs TELEGRAM_SECRET: 16 to 256 characters of A-Z a-z 0-9 _ -"
            )
        return self


SECRET_ALPHABET = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")

GRACE_UNTIL_STOPPED = timedelta(seconds=1.5)  # Ctrl-C has two seconds in all


def load(**given: object) -> Settings:
    """The settings in force. Raises InvalidSettings with a line for every field that does not fit."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as problem:
        lines = []
        for error in problem.errors():
            name = "_".join(str(part) for part in error["loc"]).upper()
            said = error["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {said}" if name else said)
        raise InvalidSettings(
            "The settings do not fit:\n  " + "\n  ".join(lines) + "\nMend them in .env or the environment."
        ) from None


def example() -> str:
    """`.env.example`, made from the fields: every setting, its default, what it is for."""
    lines = [
        "# Every setting of Lắng Nghe with its default. Copy to .env and change what you need; nothing is required to try it.",
        "",
    ]
    for name, field in Settings.model_fields.items():
        default = (
            ""
            if field.default is None
            else str(field.default).lower()
            if isinstance(field.default, bool)
            else str(field.default)
        )
        lines += [f"# {field.description}", f"{name.upper()}={default}", ""]
    return "\n".join(lines).rstrip() + "\n"
