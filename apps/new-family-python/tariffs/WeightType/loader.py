"""Makes the tariffs by weight: one for each instance of the Type."""

from .tariff import Tariff


class Loader:
    def __init__(self, nodes):
        self.nodes = nodes

    def load(self) -> Tariff:
        # The config of the instance over that of the Type. `nodes[0].getFile(...)` reads any other file of the instance.
        return Tariff(**{key: value for key, value in self.nodes[0].config.items() if key in Tariff.KEYS})
