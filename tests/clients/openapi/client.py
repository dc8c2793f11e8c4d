"""A sign-in with the client that `openapi-python-client` made, every answer as the types it made."""

import os

from generated_client import Client, AuthenticatedClient, models
from generated_client.api.auths_login_types_my_we_chat_login import (
    auths_login_types_my_we_chat_login_get_login_config as get_login_config,
    auths_login_types_my_we_chat_login_get_user_auth_info as get_user_auth_info,
)
from generated_client.api.auths_login_types_password_login import (
    auths_login_types_password_login_get_login_code as get_login_code,
)
from generated_client.api.auths_login_types_services_auth_svc import (
    auths_login_types_services_auth_svc_current_user as current_user,
    auths_login_types_services_auth_svc_login_by_code as login_by_code,
)

ORIGIN = os.environ["MTI_ORIGIN"]


def check(what: str, holds: bool) -> None:
    print(f"{'ok' if holds else 'not ok'} {what}", flush=True)


with Client(base_url=ORIGIN) as client:
    config = get_login_config.sync(client=client, body=models.AuthsLoginTypesMyWeChatLoginGetLoginConfigBody())
    check("openapi-python-client reads the login config", config.data.auth_config.app_id == "wx0123456789abcdef")

    wrong = models.AuthsLoginTypesPasswordLoginGetLoginCodeBody(username="zhangsan", password="not it")
    failure = get_login_code.sync(client=client, body=wrong)
    check("a failure is a value with its name", failure.error == "PASSWORD_ERROR")

    right = models.AuthsLoginTypesPasswordLoginGetLoginCodeBody(username="zhangsan", password="demo-zhangsan")
    code = get_login_code.sync(client=client, body=right).data
    corp = code.corp_list[0].corp_id
    session = login_by_code.sync(
        client=client,
        body=models.AuthsLoginTypesServicesAuthSvcLoginByCodeBody(
            login_code=code.login_code, corp=corp, platform="openapi-python-client"
        ),
    ).data
    check("openapi-python-client signs in", session.success is True and session.user_id == "user123")

with AuthenticatedClient(base_url=ORIGIN, token=session.token) as client:
    me = current_user.sync(client=client, body=models.AuthsLoginTypesServicesAuthSvcCurrentUserBody()).data
    check("openapi-python-client reads who is signed in", (me.user_id, me.corp_id) == ("user123", corp))

    nothing = models.AuthsLoginTypesMyWeChatLoginGetUserAuthInfoBody(auth_obj=None)
    check("a row may be null", get_user_auth_info.sync(client=client, body=nothing).data.is_active is False)
