"""Imported by Python at its start, by `PYTHONPATH`: WeChat's names resolve to the simulator's address and port.

Names, certificates and requests stay what they are.
"""

import os
import socket

_NAMES = frozenset(os.environ["WECHAT_NAMES"].split())
_HOST, _PORT = os.environ["WECHAT_AT"].split(":")

_resolve = socket.getaddrinfo


def _resolve_mapped(host, port, *further, **named):
    if host in _NAMES:
        host, port = _HOST, int(_PORT)
    return _resolve(host, port, *further, **named)


socket.getaddrinfo = _resolve_mapped
