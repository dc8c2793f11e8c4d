"""What tests of apps are written with."""

from ._mti import WeChatSimulator

__all__ = ["WeChatSimulator"]
