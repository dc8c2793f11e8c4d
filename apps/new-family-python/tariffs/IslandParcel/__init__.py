"""The code of one instance: the one step in which it differs from its Type."""

from tariffs.WeightType import WeightType


class IslandParcel(WeightType):
    def surcharge(self, grams, postcode):
        ferry = self.config["ferry"]
        below = super().surcharge(grams, postcode)
        return below + ferry["cents"] if postcode in ferry["postcodes"] else below
