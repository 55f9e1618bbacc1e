"""What can happen by itself, a deed for each purpose; `bot.deeds` names them all. A deed may be begun again after a crash at any point: what
it makes has a name that follows from the occasion, so that the second time finds the first."""

from handlers.happenings.drafts import NoticeDrafted, values_of
from handlers.happenings.opening import OPEN_WAVE, WaveOpening, checked_wave, reminder_id
from handlers.happenings.results import ResultsTold
from handlers.happenings.telling import OfficersReminded

__all__ = [
    "OPEN_WAVE",
    "NoticeDrafted",
    "OfficersReminded",
    "ResultsTold",
    "WaveOpening",
    "checked_wave",
    "reminder_id",
    "values_of",
]
