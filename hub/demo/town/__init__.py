"""A synthetic town: families with Dutch names and test BSNs, registered in two sources that do not always agree."""

from hub.demo.town.changes import Change, Delivery, Exercised, JsonObject, JsonValue
from hub.demo.town.town import Town

__all__ = ["Change", "Delivery", "Exercised", "JsonObject", "JsonValue", "Town"]
