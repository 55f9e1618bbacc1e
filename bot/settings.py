"""What an operator may set, in one place. Read from the environment and from `.env`; every field stands in `.env.example`."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from surveys.outside import FACTS, Terms, Way
from surveys.outside import Template as PaidTemplate
from surveys.ratings import Template

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
    telegram_a_second: int = Field(
        30,
        ge=1,
        le=1000,
        description="Messages a second, replies before notices. Telegram's FAQ names 30; up to 1000 where paid broadcasts are switched on for the bot.",
    )

    # Telegram for officers: a bot of its own (docs/officers-bot.vi.md)
    officers_token: SecretStr | None = Field(
        None,
        description="The officers' bot's token from @BotFather, another one than TELEGRAM_TOKEN; without it officers have the web desk alone.",
    )
    officers_mode: Literal["polling", "webhook"] = Field(
        "polling", description="polling needs no public address; webhook needs PUBLIC_URL."
    )
    officers_secret: SecretStr | None = Field(
        None,
        description="For webhook: 16 to 256 of A-Z a-z 0-9 _ - ; Telegram sends it back with every update.",
    )
    officers_api: str = Field(
        "https://api.telegram.org", description="The Bot API server; change it for a local one."
    )

    # Zalo for residents: Official Accounts (docs/zalo.md)
    zalo_app_id: str | None = Field(
        None,
        pattern=r"^\d+$",
        description="The app's id at developers.zalo.me; without it there is no Zalo. Accounts are connected by: python -m bot zalo connect",
    )
    zalo_app_secret: SecretStr | None = Field(
        None, description="The app's secret key: for tokens, never for webhooks."
    )
    zalo_oa_keys: SecretStr | None = Field(
        None,
        description="Keys that may have signed a webhook, comma between them: the OA Secret Key of the console's webhook page. UNSURE: one source says the app's secret signs; put both until the first real event has come.",
    )
    zalo_mode: Literal["auto", "v2", "v3"] = Field(
        "auto",
        description="Which address messages go to. UNSURE: two state agencies got -235 on v3 and work on v2; auto changes over on exactly -235 or -240, once, and remembers it for the account.",
    )
    zalo_buttons: bool = Field(
        True,
        description="Buttons under messages. UNSURE on v3 and on computers; the choices stand numbered in the text anyway, and a refused button is sent again as text.",
    )
    zalo_pkce: Literal["per_request", "fixed"] = Field(
        "per_request",
        description="UNSURE: one source says the console keeps one code challenge for good; then fixed, with ZALO_PKCE_VERIFIER.",
    )
    zalo_pkce_verifier: SecretStr | None = Field(
        None, description="For ZALO_PKCE=fixed: the code verifier that belongs to the console's challenge."
    )
    zalo_per_minute: int = Field(
        80,
        ge=1,
        description="Calls to Zalo in any minute, for each Official Account; replies go before notices. UNSURE: 100 is reported for the tier Growth, 2000 for Comprehensive, nothing for state agencies; stay a little below yours. Where several processes send, give each its part.",
    )
    zalo_proof: bool = Field(
        False,
        description="Send appsecret_proof with every call, which an app may require (-242 when it is missing or wrong).",
    )
    zalo_probe: bool = Field(
        False,
        description="Only while the webhook is being set up in the console: its unsigned test calls get 200 and are not believed. UNSURE whether they are signed. Turn it off afterwards.",
    )
    zalo_oauth_api: str = Field(
        "https://oauth.zaloapp.com", description="Zalo's token service; change it for a local Zalo."
    )
    zalo_api: str = Field(
        "https://openapi.zalo.me", description="The accounts' API; change it for a local Zalo."
    )
    zalo_business_api: str = Field(
        "https://business.openapi.zalo.me",
        description="Templates by telephone number; change it for a local Zalo.",
    )

    zalo_template_price: int | None = Field(
        None,
        ge=0,
        description="What one paid template (ZBS) to a person's id costs, in đồng, as your contract with Zalo says; nobody could tell us. Empty: none can be sent, for its cost cannot be shown.",
    )
    zalo_outside: Way = Field(
        Way.PULL,
        description="What people get of a notice or an invitation whose Official Account may not write to them any more (seven days after their last word). pull: nothing until they come, then it is on their menu. article: an article for everybody who follows the account, for notices only, needs ZALO_ARTICLE_COVER. template: a paid, approved text to each, needs ZALO_OUTSIDE_TEMPLATES and ZALO_TEMPLATE_PRICE, and somebody who agrees to the cost of each campaign. See docs/zalo-windows.md.",
    )
    zalo_outside_templates: Annotated[Mapping[str, Mapping[str, PaidTemplate]], NoDecode] = Field(
        {},
        description='For ZALO_OUTSIDE=template, as JSON: account id, or * for every other account → notice or invite → the id of the template Zalo approved, and what goes into each of its fields. {"*": {"notice": {"id": "123456", "fields": {"noi_dung": "title", "ma": "code"}}}}. Of a notice there are office, topic, title, code; of an invitation office, title, until. longest: characters a field takes, 100 where nothing is said (UNSURE).',
    )
    zalo_template_daily: int | None = Field(
        None,
        ge=1,
        description="Templates one account may send in a day, as your contract says; the others wait for the next day. UNSURE: nobody could tell a number. Empty: as many as Zalo takes.",
    )
    zalo_article_cover: str = Field(
        "",
        description="For ZALO_OUTSIDE=article: the https address of the picture above every article, which Zalo wants.",
    )

    zalo_ratings: Annotated[Mapping[str, Mapping[str, Template]], NoDecode] = Field(
        {},
        description='What rating templates (ZBS type 5) rate, as JSON: account id → template id → unit, question and, if words are to be read too, comment. {"579745863508352884": {"123456": {"unit": "29242", "question": "chung", "comment": "gop_y"}}}. Name every rating template of the account, with "unit": null for one that is not to count. They are not anonymous and stand in no score.',
    )
    zalo_rating_verb: Literal["GET", "POST"] = Field(
        "POST",
        description="How the results of rating templates are asked for. UNSURE: Zalo's page says POST, running code of 2023-24 says GET.",
    )

    # Zalo's Bot Platform: for pilots and for an office's own staff, not for a ward (docs/zalo-windows.md)
    zalo_bot_token: SecretStr | None = Field(
        None,
        description="For pilots and staff only: the bot's token from Zalo Bot Creator (digits, colon, secret). Its free plan is said to end at 50 people; residents are served by an Official Account.",
    )
    zalo_bot_mode: Literal["polling", "webhook"] = Field(
        "polling",
        description="polling needs no public address, and loses what is on its way when the process stops; webhook needs PUBLIC_URL.",
    )
    zalo_bot_secret: SecretStr | None = Field(
        None,
        description="For webhook: 16 to 256 of A-Z a-z 0-9 _ - ; Zalo sends it back with every message.",
    )
    zalo_bot_api: str = Field(
        "https://bot-api.zaloplatforms.com",
        description="The Bot Platform's server; change it for a local Zalo.",
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

    notice_domains: str = Field(
        "gov.vn",
        description="Where links in notices may lead: these domains and whatever lies below them, separated by commas.",
    )
    notice_daily_cap: int = Field(
        3,
        ge=1,
        description="Notices a ward may begin to send in one day; ours, no regulation names a number. Urgent ones that two persons let pass do not count as too many.",
    )
    zalo_message_price: int | None = Field(
        None,
        ge=0,
        description="What Zalo charges for one message after the 48 free hours, in đồng, to reckon a notice's cost beforehand. UNSURE: 55 is reported. Empty: only the number of such messages is told.",
    )

    ledger_name: str = Field(
        "langnghe",
        pattern=r"^[^\s+]+$",
        description="The name the ledger's key is published under, such as vinhlong.langnghe. Never change it once a wave was opened.",
    )

    comments_kept_days: int | None = Field(
        None,
        ge=30,
        description="Days after a wave's release until its comments are deleted for good. No rule was found that says how many; empty: kept until langnghe comments purge.",
    )

    # What happens by itself
    quiet_days: str = Field(
        "",
        description="Days beside Vietnam's public holidays on which nobody is to be disturbed, as 2027-02-11, commas between them; a province's supervisors add their own.",
    )
    working_days: str = Field(
        "",
        description="Public holidays, as the kept library knows them, on which things happen all the same: a day that was moved.",
    )
    backup_dir: Path | None = Field(
        None,
        description="Where a copy of the database is put every night: another disk, and never the key store's. Empty: no backups.",
    )
    backups_kept: int = Field(
        14, ge=1, description="So many of them; the oldest one goes when a new one is whole."
    )
    witness_dir: Path | None = Field(
        None,
        description="Where the ledger and its newest signed head are put every night for witnesses to fetch; empty: only by langnghe ledger export.",
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

    @field_validator("zalo_ratings", mode="before")
    @classmethod
    def _zalo_ratings_are_read(cls, given: object) -> object:
        """From JSON. A field too many is a word misspelt, and would be a rating that nobody reads."""
        if not isinstance(given, str):
            return given
        try:
            read = json.loads(given)
            templates = [each for account in read.values() for each in account.values()]
            strange = {name for each in templates for name in each} - {
                field.name for field in fields(Template)
            }
        except (ValueError, AttributeError, TypeError):
            raise ValueError(
                'it is no JSON such as {"account": {"template": {"unit": "29242"}}}; see docs/zalo.md, section 8'
            ) from None
        if strange:
            raise ValueError(f"nobody knows {', '.join(sorted(strange))}; see docs/zalo.md, section 8")
        return read

    @field_validator("zalo_outside_templates", mode="before")
    @classmethod
    def _zalo_outside_templates_are_read(cls, given: object) -> object:
        """From JSON. A field too many is a word misspelt, and would be a template without what it should tell."""
        if not isinstance(given, str):
            return given
        try:
            read = json.loads(given)
            templates = [each for account in read.values() for each in account.values()]
            strange = {name for each in templates for name in each} - {
                field.name for field in fields(PaidTemplate)
            }
            strange |= {kind for account in read.values() for kind in account} - FACTS.keys()
        except (ValueError, AttributeError, TypeError):
            raise ValueError(
                'it is no JSON such as {"*": {"notice": {"id": "123456", "fields": {"ma": "code"}}}}; '
                "see docs/zalo-windows.md"
            ) from None
        if strange:
            raise ValueError(f"nobody knows {', '.join(sorted(strange))}; see docs/zalo-windows.md")
        return read

    @field_validator("zalo_outside_templates")
    @classmethod
    def _zalo_outside_templates_can_be_filled(
        cls, given: Mapping[str, Mapping[str, PaidTemplate]]
    ) -> Mapping[str, Mapping[str, PaidTemplate]]:
        for account, kinds in given.items():
            for kind, template in kinds.items():
                where = f"the template for {kind} of account {account}"
                if not template.id.isascii() or not template.id.isdecimal():
                    raise ValueError(f"{where} has no id: copy its number from Zalo's page of templates")
                if template.longest < 1:
                    raise ValueError(f"{where} has fields of no length: longest is 1 or more")
                if foreign := set(template.fields.values()) - FACTS[kind]:
                    known = ", ".join(sorted(FACTS[kind]))
                    raise ValueError(f"{where} wants {', '.join(sorted(foreign))}; there are only {known}")
        return given

    @model_validator(mode="after")
    def _zalo_outside_is_whole(self) -> "Settings":
        """Without a price templates may wait: the desk says so, and people outside get what they get by `pull`."""
        if self.zalo_outside is Way.PULL:
            return self
        if self.zalo_app_id is None:
            raise ValueError(
                f"ZALO_OUTSIDE={self.zalo_outside.value} needs ZALO_APP_ID: without Zalo there is nobody outside its window"
            )
        if self.zalo_outside is Way.TEMPLATE and not self.zalo_outside_templates:
            raise ValueError(
                "ZALO_OUTSIDE=template needs ZALO_OUTSIDE_TEMPLATES: the approved template and its fields, see docs/zalo-windows.md"
            )
        if self.zalo_outside is Way.ARTICLE and not self.zalo_article_cover.startswith("https://"):
            raise ValueError(
                "ZALO_OUTSIDE=article needs ZALO_ARTICLE_COVER: the https:// address of a picture, which Zalo wants above every article"
            )
        return self

    @field_validator("quiet_days", "working_days")
    @classmethod
    def _days_are_read(cls, given: str) -> str:
        try:
            _days(given)
        except ValueError:
            raise ValueError("these are no days such as 2027-02-11, 2027-02-12") from None
        return given

    @property
    def days_added(self) -> frozenset[date]:
        return _days(self.quiet_days)

    @property
    def days_taken_away(self) -> frozenset[date]:
        return _days(self.working_days)

    @model_validator(mode="after")
    def _copies_lie_elsewhere(self) -> "Settings":
        keys = self.keys_dir.absolute()
        for name in ("backup_dir", "witness_dir"):
            given: Path | None = getattr(self, name)
            if given is not None and (given.absolute() == keys or keys in given.absolute().parents):
                raise ValueError(
                    f"{name.upper()} lies within KEYS_DIR: what is copied must lie apart from the keys. Choose another directory"
                )
        return self

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

    @model_validator(mode="after")
    def _officers_bot_is_whole(self) -> "Settings":
        if self.officers_token is None:
            return self
        if self.telegram_token is not None and (
            self.officers_token.get_secret_value() == self.telegram_token.get_secret_value()
        ):
            raise ValueError(
                "OFFICERS_TOKEN is TELEGRAM_TOKEN: officers need a bot of their own, make another one with @BotFather"
            )
        if self.officers_mode == "polling":
            return self
        if not self.public_url.startswith("https://"):
            raise ValueError(
                "OFFICERS_MODE=webhook needs PUBLIC_URL to be an https:// address, or set OFFICERS_MODE=polling"
            )
        secret = self.officers_secret.get_secret_value() if self.officers_secret else ""
        if not (16 <= len(secret) <= 256) or not set(secret) <= SECRET_ALPHABET:
            raise ValueError(
                "OFFICERS_MODE=webhook needs OFFICERS_SECRET: 16 to 256 characters of A-Z a-z 0-9 _ -"
            )
        return self

    @model_validator(mode="after")
    def _zalo_bot_is_whole(self) -> "Settings":
        if self.zalo_bot_token is None or self.zalo_bot_mode == "polling":
            return self
        if not self.public_url.startswith("https://"):
            raise ValueError(
                "ZALO_BOT_MODE=webhook needs PUBLIC_URL to be an https:// address, or set ZALO_BOT_MODE=polling"
            )
        secret = self.zalo_bot_secret.get_secret_value() if self.zalo_bot_secret else ""
        if not (16 <= len(secret) <= 256) or not set(secret) <= SECRET_ALPHABET:
            raise ValueError(
                "ZALO_BOT_MODE=webhook needs ZALO_BOT_SECRET: 16 to 256 characters of A-Z a-z 0-9 _ -"
            )
        return self

    @model_validator(mode="after")
    def _zalo_is_whole(self) -> "Settings":
        """A channel exists when its settings do; half of them is a mistake, not a choice."""
        if self.zalo_app_id is None:
            stray = next((name for name in ZALO_SECRETS if getattr(self, name) is not None), None)
            if stray is not None:
                raise ValueError(
                    f"{stray.upper()} is set and ZALO_APP_ID is not: copy the app's id from developers.zalo.me, or remove {stray.upper()}"
                )
            return self
        if self.zalo_app_secret is None:
            raise ValueError(
                "ZALO_APP_ID needs ZALO_APP_SECRET: the app's secret key, on the same page of developers.zalo.me"
            )
        if not self.zalo_signing_keys and not self.zalo_probe:
            raise ValueError(
                "ZALO_APP_ID needs ZALO_OA_KEYS: the OA Secret Key from the app's webhook page. "
                "While you set that page up and have no key yet: ZALO_PROBE=true"
            )
        verifier = self.zalo_pkce_verifier.get_secret_value() if self.zalo_pkce_verifier else ""
        if self.zalo_pkce == "fixed" and not (
            43 <= len(verifier) <= 128 and set(verifier) <= SECRET_ALPHABET | {".", "~"}
        ):
            raise ValueError(
                "ZALO_PKCE=fixed needs ZALO_PKCE_VERIFIER: 43 to 128 characters of A-Z a-z 0-9 - . _ ~"
            )
        return self

    @property
    def outside(self) -> Terms:
        """What people get whom their Official Account may not write to."""
        return Terms(
            self.zalo_outside,
            self.zalo_template_price,
            self.zalo_template_daily,
            self.zalo_outside_templates,
            self.zalo_article_cover,
        )

    @property
    def zalo_signing_keys(self) -> tuple[str, ...]:
        """Any of which may have signed a webhook."""
        given = self.zalo_oa_keys.get_secret_value() if self.zalo_oa_keys else ""
        return tuple(key for each in given.split(",") if (key := each.strip()))


def _days(given: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(day.strip()) for day in given.split(",") if day.strip())


ZALO_SECRETS = ("zalo_app_secret", "zalo_oa_keys", "zalo_pkce_verifier")
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
