"""A WeChat login for the members of one organisation."""

from auths.loginTypes.WeChatType import WeChatType

import mti


class MembersOnlyType(WeChatType):
    """What it changes of the WeChat login below it."""

    def __init__(self):
        if not isinstance(self.config.get("corpId"), str):
            raise mti.ElementException("`corpId` in the config must name the organisation")
        self.corpId = self.config["corpId"]

    def listCorps(self, userId):
        """Whoever is no member has no organisation to sign in to."""
        corps = [corp for corp in super().listCorps(userId) if corp["corpId"] == self.corpId]
        if not corps:
            raise mti.PermissionDenied("only members may sign in here: ask to be made one")
        return corps

    def register(self, bindTicket, nick=None):
        """Whoever registers goes by the name that he has in WeChat, whatever he says that it is."""
        return super().register(bindTicket)
