"""The code lists of iJw and iWmo 3.2 that the threads need, per legal domain: one code can mean two things."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from hub.events.records import EndReason, Frequency, Law, Unit


class Kind(NamedTuple):
    """A kind of message: its law and its number (301 …)."""

    law: Law
    number: str


BERICHT_CODES: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "436": Kind("jw", "301"),
        "437": Kind("jw", "302"),
        "438": Kind("jw", "305"),
        "439": Kind("jw", "306"),
        "440": Kind("jw", "307"),
        "441": Kind("jw", "308"),
        "446": Kind("jw", "315"),
        "447": Kind("jw", "316"),
        "486": Kind("jw", "317"),
        "487": Kind("jw", "318"),
        "488": Kind("jw", "319"),
        "489": Kind("jw", "320"),
        "414": Kind("wmo", "301"),
        "415": Kind("wmo", "302"),
        "418": Kind("wmo", "305"),
        "419": Kind("wmo", "306"),
        "420": Kind("wmo", "307"),
        "421": Kind("wmo", "308"),
        "444": Kind("wmo", "315"),
        "445": Kind("wmo", "316"),
        "480": Kind("wmo", "317"),
        "481": Kind("wmo", "318"),
        "482": Kind("wmo", "319"),
        "483": Kind("wmo", "320"),
    }
)
"""COD002. Of the retours of the Wmo no XSD was at hand: by the rule of all others, one more than what they answer."""
CODE_OF: Final[Mapping[Kind, str]] = MappingProxyType({kind: code for code, kind in BERICHT_CODES.items()})
FROM_PROVIDER: Final = frozenset({"305", "307", "315", "317"})
"""The others are sent by the municipality. A retour keeps the sender and receiver of what it answers."""
RETOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"302": "301", "306": "305", "308": "307", "316": "315", "318": "317", "320": "319"}
)
"""Which message a retour answers."""
_BOTH: Final[dict[str, EndReason]] = {
    "02": "death",
    "20": "paused",
    "36": "by_municipality",
    "37": "change_request",
    "38": "other_provider",
    "39": "other_domain",
}
END_REASONS: Final[Mapping[Law, Mapping[str, EndReason]]] = MappingProxyType(
    {
        "jw": {
            **_BOTH,
            "31": "as_planned",
            "32": "early_by_client",
            "33": "early_by_provider",
            "34": "early_together",
            "35": "external_cause",
        },
        "wmo": {
            **_BOTH,
            "19": "as_planned",
            "21": "early_by_client",
            "22": "early_by_provider",
            "23": "early_together",
            "31": "moved_away",
        },
    }
)
"""JZ588 and WMO588. 31 is the trap: for youth all went as planned, for adults the client moved away."""
UNITS: Final[dict[str, Unit]] = {
    "01": "minute",
    "04": "hour",
    "14": "day",
    "16": "half_day",
    "82": "output",
    "83": "euro",
    "84": "effort",
}
"""WJ756."""
FREQUENCIES: Final[dict[str, Frequency]] = {"1": "day", "2": "week", "4": "month", "6": "total"}
"""WJ757 and WMO757."""
DELIVERY: Final[dict[str, Literal["first", "delete"]]] = {"1": "first", "3": "delete"}
"""COD467: 2 and 9 are not allowed in these messages (CS058)."""
ANSWERS: Final[dict[str, Literal["rejected", "under_investigation"]]] = {"1": "rejected", "2": "under_investigation"}
"""WJ760. That it is granted is said by an allocation (301)."""
REJECTIONS: Final = {code: code for code in "123456789"}
"""WJ759."""
REQUEST_REASONS: Final = {"1": "1", "2": "2"}
"""WJ758."""
CHANGE_REASONS: Final = {code: code for code in (f"{number:02}" for number in range(1, 15))}
"""JZ002, for both laws."""
