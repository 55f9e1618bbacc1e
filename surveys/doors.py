"""Which door is the right one: the numbers for an emergency, the place for a denunciation. Pure; every number is given to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from surveys import texts

__all__ = ["Doors"]


@dataclass(frozen=True, slots=True)
class Doors:
    """The numbers and addresses in force. 113, 114 and 115 are the state's; the rest is set by the office, and what nobody
    has set is not shown."""

    duty_phone: str = ""
    """Of the whole installation, until a ward has its own."""
    duty_phones: Mapping[str, str] = field(default_factory=dict)
    """Unit code → number."""
    province: str = ""
    """Who receives what may not go through the ward, as residents know them; "" for “Công an tỉnh”."""
    province_contact: str = ""

    def emergency(self, language: str, unit: str | None) -> str:
        lines = [texts.say(language, "emergency.call")]
        duty = self.duty_phones.get(unit or "", self.duty_phone)
        if duty:
            lines.append(texts.say(language, "emergency.duty", phone=duty))
        lines.append(texts.say(language, "emergency.not_here"))
        return "\n".join(lines)

    def denunciation(self, language: str) -> str:
        lines = [texts.say(language, "denunciation.what"), texts.say(language, "denunciation.where")]
        if self.province_contact:
            office = self.province_named(language)
            lines.append(
                texts.say(language, "denunciation.province", office=office, contact=self.province_contact)
            )
        return "\n".join(lines)

    def province_named(self, language: str) -> str:
        return self.province or texts.say(language, "province")
