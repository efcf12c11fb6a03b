"""The one access decision, `may(actor, action, household)`, for API and pages, and what is cut out by it. Pure.

Deny by default. Two layers: *that* somebody is a member, helps or directs; and *what* is known of them. The first needs
a relation to the household, the second a ground for each dossier and person. `hub/docs/access.md` is its table.
"""

from hub.desk.access.decide import Decision, may
from hub.desk.access.facts import Household, Known, Rules, known_of
from hub.desk.access.grounds import Ground, Opening, Relation
from hub.desk.access.reach import Reach, grantees_of, reach
from hub.desk.access.roles import Action, Actor, Role
from hub.desk.access.viewers import Viewer, viewers
from hub.desk.access.withhold import cut, cut_requests

__all__ = [
    "Action",
    "Actor",
    "Decision",
    "Ground",
    "Household",
    "Known",
    "Opening",
    "Reach",
    "Relation",
    "Role",
    "Rules",
    "Viewer",
    "cut",
    "cut_requests",
    "grantees_of",
    "known_of",
    "may",
    "reach",
    "viewers",
]
