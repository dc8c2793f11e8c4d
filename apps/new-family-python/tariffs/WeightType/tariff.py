"""So much for each parcel, and so much for each kilogram that is begun."""

import mti


class Tariff(mti.Level):
    """A tariff by weight. It is a level, so that the steps which it calls can be overridden."""

    KEYS = ("currency", "baseCents", "centsPerKilogram", "maxGrams")

    def __init__(self, currency, baseCents, centsPerKilogram, maxGrams):
        self._currency = currency
        self._base_cents = baseCents
        self._cents_per_kilogram = centsPerKilogram
        self._max_grams = maxGrams

    def quote(self, grams, postcode):
        """What it costs to send so many grams to a postcode."""
        if not isinstance(grams, int) or not 1 <= grams <= self._max_grams:
            raise mti.ApiParamsError(f"argument `grams` must be from 1 to {self._max_grams}")
        by_weight = self._base_cents + -(-grams // 1000) * self._cents_per_kilogram
        return {"cents": by_weight + self.surcharge(grams, postcode), "currency": self.currency}

    @mti.quick
    def surcharge(self, grams, postcode):
        """What is added to the price by weight."""
        return 0

    @property
    @mti.quick
    def currency(self):
        """The currency of all its amounts."""
        return self._currency
