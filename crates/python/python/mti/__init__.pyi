from ._mti import App as App, Element as Element, Level as Level, Method as Method, Secret as Secret, Visit as Visit
from ._mti import __version__ as __version__
from ._quick import quick as quick
from .errors import AppError as AppError, MtiError as MtiError

class ApiParamsError(MtiError, TypeError):
    """API_PARAMS_ERROR (20001): the arguments are not what this function takes"""

class LoginRequired(MtiError):
    """LOGIN_REQUIRED (20002): please sign in first"""

class PermissionDenied(MtiError, PermissionError):
    """PERMISSION_DENIED (20003): you are not allowed to do this"""

class ElementNotFound(MtiError, LookupError):
    """ELEMENT_NOT_FOUND (20004): there is no such element"""

class FunctionNotFound(MtiError, AttributeError):
    """FUNCTION_NOT_FOUND (20004): there is no such function"""

class ElementException(MtiError):
    """ELEMENT_EXCEPTION (20005): something went wrong; please try again later"""

class RateLimited(MtiError):
    """RATE_LIMITED (20006): too many requests; please wait a moment and try again"""

class UserAuthMiss(MtiError):
    """USER_AUTH_MISS (30001): this account is not bound to any user yet; bind it first, then sign in again"""

class AuthConflict(MtiError):
    """AUTH_CONFLICT (30002): this account is already in use; unbind it there first"""

class LoginTypeInactive(MtiError):
    """LOGIN_TYPE_INACTIVE (30003): this way to sign in is switched off"""

class StateMismatch(MtiError):
    """STATE_MISMATCH (30004): this sign-in was not started here, or took too long; please start again"""

class LoginCodeInvalid(MtiError):
    """LOGIN_CODE_INVALID (30005): this sign-in has expired; please start again"""

class CorpNotFound(MtiError):
    """CORP_NOT_FOUND (30006): choose one of the organisations that were offered"""

class PasswordError(MtiError):
    """PASSWORD_ERROR (30007): the user name or the password is wrong"""

class UserNotFound(MtiError):
    """USER_NOT_FOUND (30008): there is no such user"""

class WechatCodeInvalid(MtiError):
    """WECHAT_CODE_INVALID (31001): the WeChat authorization is not valid any more; please scan again"""

class WechatConfig(MtiError):
    """WECHAT_CONFIG (31002): WeChat sign-in is not set up correctly here; please tell the operator of this site"""

class WechatUnavailable(MtiError):
    """WECHAT_UNAVAILABLE (31003): WeChat cannot be reached right now; please try again"""

class WechatRateLimited(MtiError):
    """WECHAT_RATE_LIMITED (31004): WeChat is busy; please try again in a minute"""

class WechatUserRefused(MtiError):
    """WECHAT_USER_REFUSED (31005): WeChat did not authorize this sign-in"""
