"""The example apps."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import APPS, copy_of

import mti
import mti.testing

ROOT = Path(__file__).parents[2]
STAFF = "auths.loginTypes.StaffLogin"
STAFF_APP_ID = "wx5a1d0c2b3e4f6789"
ON_AN_ISLAND = "26465"
INLAND = "10115"


@pytest.fixture
def members_only(tmp_path, wechat):
    with mti.App(copy_of("members-only-python", tmp_path, wechat, STAFF)) as app:
        yield app


def test_members_only_is_without_findings(members_only):
    assert members_only.check() == []


def test_a_member_signs_in_to_the_one_organisation(members_only, wechat):
    login = members_only.getElement(STAFF)
    login.bind("ann", wechat.code(STAFF_APP_ID, "li-si"))
    signed_in = login.getLoginCode(wechat.code(STAFF_APP_ID, "li-si"))
    assert signed_in["corpList"] == [{"corpId": "panda", "corpName": "熊猫实验室"}]


def test_a_user_who_is_no_member_is_refused(members_only, wechat):
    login = members_only.getElement(STAFF)
    login.bind("guest", wechat.code(STAFF_APP_ID, "mona"))
    with pytest.raises(mti.PermissionDenied, match="members"):
        login.getLoginCode(wechat.code(STAFF_APP_ID, "mona"))


def test_a_newcomer_goes_by_the_wechat_nickname(members_only, wechat):
    login = members_only.getElement(STAFF)
    with pytest.raises(mti.UserAuthMiss) as miss:
        login.getLoginCode(wechat.code(STAFF_APP_ID, "li-si"))
    with pytest.raises(mti.PermissionDenied):
        login.register(miss.value.data["bindTicket"], "the boss")
    assert members_only.getElement("auths.models.UserModel").get("Q(nick='李四')")


def test_it_is_a_login_like_any_other(tmp_path):
    root = APPS / "members-only-python"
    mti.testing.check_login(root, STAFF, users=["ann", "ben"], people=["li-si", "mona"], data=tmp_path)


def test_a_login_that_lets_the_wrong_people_in_does_not_pass(tmp_path, wechat):
    root = copy_of("members-only-python", tmp_path, wechat, STAFF)
    (root / "auths/loginTypes/MembersOnlyType/__init__.py").write_text(
        """
from auths.loginTypes.WeChatType import WeChatType

class MembersOnlyType(WeChatType):
    def matchUser(self, who):
        return "ann"
"""
    )
    with pytest.raises(AssertionError):
        mti.testing.check_login(root, STAFF, users=["ann", "ben"], people=["li-si", "mona"], data=tmp_path)


def test_both_members_only_apps_say_the_same_of_themselves():
    python, rust = (json.loads((APPS / name / "app.json").read_text("utf-8")) for name in ("members-only-python", "members-only"))
    assert python["extends"] == rust["extends"]
    for file in ("initData.json", "auths/loginTypes/StaffLogin/StaffLogin.json"):
        assert (APPS / "members-only-python" / file).read_text("utf-8") == (APPS / "members-only" / file).read_text("utf-8")


def test_an_instance_without_an_organisation_does_not_load(tmp_path, wechat):
    root = copy_of("members-only-python", tmp_path, wechat, STAFF)
    config = root / "auths/loginTypes/StaffLogin/StaffLogin.json"
    config.write_text(json.dumps({key: value for key, value in json.loads(config.read_text("utf-8")).items() if key != "corpId"}))
    with mti.App(root) as app:
        with pytest.raises(mti.ElementException, match="corpId"):
            app.getElement(STAFF)


@pytest.fixture
def tariffs():
    with mti.App(APPS / "new-family-python") as app:
        yield app


def test_the_family_is_without_findings(tariffs):
    assert tariffs.check() == []


def test_an_instance_is_config_over_the_config_of_its_type(tariffs):
    parcel = tariffs.getElement("tariffs.Parcel")
    assert parcel.quote(grams=1, postcode=INLAND) == {"cents": 450 + 120, "currency": "EUR"}
    assert parcel.quote(1001, INLAND)["cents"] == 450 + 2 * 120
    assert parcel.currency == "EUR"
    with pytest.raises(mti.ApiParamsError, match="grams"):
        parcel.quote(0, INLAND)


def test_an_instance_with_code_changes_one_step(tariffs):
    island = tariffs.getElement("tariffs.IslandParcel")
    assert island.quote(1000, INLAND)["cents"] == 390 + 150
    assert island.quote(1000, ON_AN_ISLAND)["cents"] == 390 + 150 + 1200


LOADER = """
//- app.json
{ "appId": "acme.robots", "version": "1.0.0", "extends": [] }
//- imRobots/Meta/e.json
{ "title": "Robots", "type": "", "backendBundleEntry": "." }
//- imRobots/Meta/__init__.py
//- imRobots/echoType/e.json
{ "title": "Echo", "type": "imRobots.Meta", "backendBundleEntry": "." }
//- imRobots/echoType/__init__.py
from .loader import Loader
__all__ = ["Loader"]
//- imRobots/echoType/loader.py
import json
from .client import Client
from commons.words import POLITE
class Loader:
    def load(self):
        config = json.loads(self.nodes[0].getFile("config.json"))
        return Client(self.nodes[0], config["name"], POLITE)
//- imRobots/echoType/client.py
class Client:
    def __init__(self, node, name, word):
        self.node, self.name, self.word = node, name, word
    def send(self, text):
        return f"{self.name}: {text} {self.word} ({app.appId}, {self.node.fullName}, {self.node.version})"
//- imRobots/demo/e.json
{ "title": "Demo", "type": "imRobots.echoType" }
//- imRobots/demo/config.json
{ "name": "echo" }
//- commons/__init__.py
//- commons/words.py
POLITE = "please"
"""


def test_a_loader_as_it_is_written_elsewhere(tree: object, tmp_path: Path):
    with mti.App(tree(LOADER)) as app:
        assert [finding for finding in app.check() if finding["severity"] == "error"] == []
        assert app.getElement("imRobots.demo").send("hi") == "echo: hi please (acme.robots, imRobots.demo, 1.0.0)"


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_program_of_the_readme_runs_as_it_stands(readme, tmp_path):
    blocks = (ROOT / readme).read_text("utf-8").split("```python\n")[1:]
    programs = [block.partition("```")[0] for block in blocks if "WeChatSimulator()" in block]
    assert len(programs) == 1
    shutil.copytree(APPS / "demo", tmp_path / "apps/demo", ignore=shutil.ignore_patterns("appData"))
    run = subprocess.run(
        [sys.executable, "-c", programs[0]], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    config, corps, ticket = run.stdout.splitlines()
    assert config.endswith(" wx0123456789abcdef")
    assert "艾克美科技" in corps
    assert len(ticket) == 43
