"""What tests of apps are written with."""

from ._mti import WeChatSimulator, check_login

__all__ = ["WeChatSimulator", "check_login"]
