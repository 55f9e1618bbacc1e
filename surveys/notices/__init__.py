"""Notices: what a ward tells residents. Values, their life, their words and what may be wrong with them; no clock, database or
network. Who may do what is in `surveys.rights`, carrying it out in `handlers.notices`."""

from surveys.notices.codes import new_code, read_code
from surveys.notices.influence import Finding, influence
from surveys.notices.notice import (
    EVERY_TOPIC,
    Audience,
    Category,
    Draft,
    Hand,
    Notice,
    Push,
    Topic,
    topic_of,
)
from surveys.notices.problems import Policies, Problem, Trouble, problems
from surveys.notices.reckoning import Reach, Reckoning, Subscriber, WhyNot, reckoned
from surveys.notices.states import TRANSITIONS, Deed, NotNow, State, after, possible
from surveys.notices.telling import Occasion, Telling, corrected, told, topic
from surveys.notices.text import Text, Unwritable, from_utf16

__all__ = [
    "EVERY_TOPIC",
    "TRANSITIONS",
    "Audience",
    "Category",
    "Deed",
    "Draft",
    "Finding",
    "Hand",
    "NotNow",
    "Notice",
    "Occasion",
    "Policies",
    "Problem",
    "Push",
    "Reach",
    "Reckoning",
    "State",
    "Subscriber",
    "Telling",
    "Text",
    "Topic",
    "Trouble",
    "Unwritable",
    "WhyNot",
    "after",
    "corrected",
    "from_utf16",
    "influence",
    "new_code",
    "possible",
    "problems",
    "read_code",
    "reckoned",
    "told",
    "topic",
    "topic_of",
]
