"""Who may be the same person."""

from __future__ import annotations

from hub.desk.models.shared import Body


class CandidateLine(Body):
    """One member line of a person: what a decision about the pair names."""

    source: str
    dossier_id: str
    line: str
    person_key: str
    confirmed: bool


class CandidatePerson(Body):
    """One of the two. `place`: where the household names him: members, references, history or contested. `name` and
    `birth_date`: as stated last."""

    household_id: str
    link: str
    place: str
    person_key: str
    confirmed: bool
    unconfirmed_reason: str | None
    lines: list[CandidateLine]
    name: str | None
    birth_date: str | None


class Translated(Body):
    """A text in Dutch and in English."""

    nl: str
    en: str


class Evidence(Body):
    """One thing that speaks for the two being one person (`weight` above 0, in bits) or against."""

    code: str
    weight: float
    text: Translated


class Candidate(Body):
    """Two persons who may be one. At least one of them is unconfirmed: `one` is of the household that was asked about.
    `score`: the sum of the weights. `strength`: strong, fair or weak. Nobody is linked by it: a human decides."""

    score: float
    strength: str
    one: CandidatePerson
    other: CandidatePerson
    evidence: list[Evidence]


class Candidates(Body):
    """Who may be the same person as somebody of this household, the likeliest first. `withheld`: how many more there
    are in households that the asker may not read."""

    household_id: str
    candidates: list[Candidate]
    withheld: int
