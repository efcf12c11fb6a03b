"""What help costs and what a team may spend: the municipality's own list. Amounts in euro cents."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hub.events.records import Unit


class Product(BaseModel):
    """A product with what it is in plain words, and the price of one unit of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    nl: str = Field(min_length=1, max_length=200, description="What it is, in Dutch.")
    en: str = Field(min_length=1, max_length=200, description="The same in English.")
    unit: Unit = Field(description="What the price is of.")
    tariff_cents: int = Field(ge=0, description="Price of one, in euro cents.")


class Prices(BaseModel):
    """Products by code, and budgets by team and calendar year. Raises pydantic's ValidationError."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    products: dict[str, Product] = Field(default_factory=dict)
    budgets: dict[str, dict[int, int]] = Field(default_factory=dict, description="Team to year to euro cents.")

    def tariff(self, product_code: str, unit: str | None) -> int | None:
        """The price of one unit of a product; None if it is not in the list, or counted in another unit."""
        product = self.products.get(product_code)
        return product.tariff_cents if product is not None and product.unit == unit else None

    def budget(self, team: str, year: int) -> int | None:
        """What a team may spend in a calendar year, however its name is spaced and capitalised; None: none is set."""
        wanted = " ".join(team.split()).casefold()
        found = (years for name, years in self.budgets.items() if " ".join(name.split()).casefold() == wanted)
        return next(found, {}).get(year)
