"""The scorecard's use cases: `Scorecards`, which reads cards as of any moment, puts evidence on record and freezes cards."""

from handlers.scorecards.country import NoSuchUnit
from handlers.scorecards.on_record import NoSuchRecord, NoSuchSet, year_of
from handlers.scorecards.reading import Held
from handlers.scorecards.recording import Scorecards
from handlers.scorecards.refusals import NotReady, TooLate

__all__ = ["Held", "NoSuchRecord", "NoSuchSet", "NoSuchUnit", "NotReady", "Scorecards", "TooLate", "year_of"]
