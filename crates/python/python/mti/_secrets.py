"""A dict with secrets in it."""

from typing import Any, Dict, Mapping

REDACTED = "<redacted>"


class SecretDict(Dict[str, Any]):
    """A dict that shows its secrets to whoever asks for them by their keys, and to nobody else.

    `config["appSecret"]` is a `mti.Secret`; printing, logging, copying and `json.dumps` show `<redacted>`.
    """

    __slots__ = ("_secrets",)

    def __init__(self, shown: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        super().__init__(shown)
        self._secrets = dict(secrets)

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return self._secrets[key] if key in self._secrets and value == REDACTED else value

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))
