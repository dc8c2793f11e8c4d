"""Threads call levels in Python while their code is edited, broken and emptied, and everything stays right.

`MTI_STRESS_SECONDS` says for how long, `MTI_STRESS_SEED` repeats the edits of an earlier run, whose seed a failure shows.
"""

import json
import os
import random
import sys
import threading
import time
import types
from collections import Counter, deque
from pathlib import Path

import pytest

import mti

SECONDS = float(os.environ.get("MTI_STRESS_SECONDS", "15"))
SEED = int(os.environ.get("MTI_STRESS_SEED", random.SystemRandom().randrange(1 << 32)))

#: How long a call may take, and a retirement after the last one, on a machine that is busy with other things too.
DEADLINE = 30
EDITS_OF_A_ROUND = 12
CALLERS = 4
WORDS = ["words.One", "words.Two", "words.Three"]

APP = """
//- base/app.json
{ "appId": "stress.base", "version": "1.0.0", "extends": [] }
//- base/words/Meta/e.json
{ "title": "Words", "type": "" }
//- base/words/Type/e.json
{ "title": "Words", "type": "words.Meta", "backend": "python" }
//- base/doors/Meta/e.json
{ "title": "Doors", "type": "" }
//- base/doors/Type/e.json
{ "title": "Doors", "type": "doors.Meta", "backend": "python" }
//- base/doors/Type/__init__.py
class Type:
    def enter(self, who):
        return {"welcome": who}
//- base/doors/Front/e.json
{ "title": "Front", "type": "doors.Type" }
//- child/app.json
{ "appId": "stress.child", "version": "1.0.0", "extends": [{ "appId": "stress.base", "version": "1.0.0" }] }
//- child/words/Type/e.json
{ "title": "Words, marked" }
//- child/doors/Type/e.json
{ "title": "Doors, guarded" }
//- child/circle/Meta/e.json
{ "title": "Circle", "type": "" }
//- child/circle/Type/e.json
{ "title": "Circle", "type": "circle.Meta", "backend": "python" }
//- child/circle/Type/__init__.py
class Type:
    def __init__(self):
        app.getElement("circle.Right" if self.fullName == "circle.Left" else "circle.Left")
    def turn(self):
        return True
//- child/circle/Left/e.json
{ "title": "Left", "type": "circle.Type" }
//- child/circle/Right/e.json
{ "title": "Right", "type": "circle.Type" }
"""

#: The code of each level, with a version to fill in.
CODE = {
    "base/words/Type": """
import mti
import stress_objects
class Type(mti.Level):
    def __init__(self):
        self.number = stress_objects.opened(self.fullName)
    def read(self):
        stress_objects.called(self.number)
        return {"value": self.config["value"], "levels": {"base": VERSION}}
    async def later(self):
        return await self.read.aio()
    def turn(self, name):
        return app.getElement(name).turn()
    def _retire(self):
        stress_objects.retired(self.number)
        if self.config.get("retire") == "raises":
            raise ValueError("this retirement was told to fail")
""",
    "child/words/Type": """
from words.Type import Type as Words
from commons.shared import mark
class Type(Words):
    def read(self):
        below = super().read()
        return {"value": below["value"], "levels": {**below["levels"], "child": [VERSION, mark]}}
""",
    "child/doors/Type": """
import mti
from doors.Type import Type as Doors
class Type(Doors):
    def enter(self, who):
        if who != "friend":
            raise mti.PermissionDenied("not you")
        return {**super().enter(who), "guard": VERSION}
""",
}


class Objects:
    """The live objects of the words: levels say when they are opened, called and retired."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_use = {}
        self.opened_in_all = 0
        self.wrong = []

    def opened(self, element):
        with self._lock:
            self.opened_in_all += 1
            self._in_use[self.opened_in_all] = element
            return self.opened_in_all

    def called(self, number):
        with self._lock:
            if number not in self._in_use:
                self.wrong.append(f"a call reached object {number} after it was retired")

    def retired(self, number):
        with self._lock:
            if self._in_use.pop(number, None) is None:
                self.wrong.append(f"object {number} was retired twice")

    def in_use(self):
        with self._lock:
            return dict(Counter(self._in_use.values()))


class Editor:
    """Edits the files of the app, and knows what is served then: the last good version of everything."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.random = random.Random(SEED)
        self.edits = deque(maxlen=20)
        self.steps = 0
        self._number = 1
        self.versions = {level: 1 for level in CODE}
        self.broken = set()
        self.mark = 1
        self.words = {name: 1 for name in WORDS}
        #: What calls answer, or `None` while that changes.
        self.expected = None
        self._serving = {}
        for level in CODE:
            self._write_code(level)
        for name in WORDS:
            self._write(f"child/{name.replace('.', '/')}/e.json", json.dumps({"title": "1", "type": "words.Type"}))
            self._write_word(name, {"value": 1})
        self._write("child/commons/shared.py", "mark = 1\n")

    def step(self):
        """Chooses an edit, writes it, and says what it was."""
        level, word = self.random.choice(sorted(CODE)), self.random.choice(WORDS)
        chosen = self.random.randrange(10)
        self._number += 1
        self.steps += 1
        if chosen < 3:
            self.versions[level] = self._number
            self.broken.discard(level)
            self._write_code(level)
            edit = f"new code of {level}"
        elif chosen < 6:
            how = self.random.choice(["nonsense", "empty", "missing"])
            self.broken.add(level)
            self._break_code(level, how)
            edit = f"{how} code of {level}"
        elif chosen < 7:
            self._write(f"child/{word.replace('.', '/')}/e.json", json.dumps({"title": f"{self._number}", "type": "words.Type"}))
            edit = f"new title of {word}"
        elif chosen < 8:
            self.mark = self._number
            self._write("child/commons/shared.py", f"mark = {self.mark}\n")
            edit = "new shared code"
        else:
            self.words[word] = self._number
            fails = self.random.random() < 0.3
            self._write_word(word, {"value": self._number, **({"retire": "raises"} if fails else {})})
            edit = f"new value of {word}" + (", whose retirement will fail" if fails else "")
        self.edits.append(f"#{self.steps} {edit}")

    def settle(self):
        """After a reload: what is served now."""
        if not {"base/words/Type", "child/words/Type"} & self.broken:
            self._serving["levels"] = {
                "base": self.versions["base/words/Type"],
                "child": [self.versions["child/words/Type"], self.mark],
            }
        if "child/doors/Type" not in self.broken:
            self._serving["guard"] = self.versions["child/doors/Type"]
        self.expected = {
            "words": {name: {"value": value, "levels": self._serving["levels"]} for name, value in self.words.items()},
            "guard": self._serving["guard"],
        }

    def __str__(self) -> str:
        return f"seed {SEED}, step {self.steps}; the latest edits:\n  " + "\n  ".join(self.edits)

    def _write_code(self, level):
        self._write(f"{level}/__init__.py", CODE[level].replace("VERSION", str(self.versions[level])))

    def _break_code(self, level, how):
        if how == "missing":
            (self.root / level / "__init__.py").unlink(missing_ok=True)
        else:
            self._write(f"{level}/__init__.py", "class Type(:\n" if how == "nonsense" else "")

    def _write_word(self, name, config):
        self._write(f"child/{name.replace('.', '/')}/{name.rpartition('.')[2]}.json", json.dumps(config))

    def _write(self, file, text):
        """Replaces a file at once, as editors do."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + "~")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)


class Callers:
    """Threads that call the app until they are told to stop."""

    def __init__(self, app, editor, wrong) -> None:
        self._app, self._editor, self._wrong = app, editor, wrong
        self._is_over = threading.Event()
        self.calls = 0
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._is_over.set()
        end = time.monotonic() + DEADLINE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            self._wrong.append("a call hangs")

    def _run(self, number):
        chosen = random.Random(SEED + number + 1)
        while not self._is_over.is_set():
            expected = self._editor.expected
            try:
                self._call(chosen, expected)
            except Exception as error:  # noqa: BLE001 - a call that fails is what is looked for
                if expected is not None and self._editor.expected is expected:
                    self._wrong.append(f"a call fails: {error!r}")
            self.calls += 1

    def _call(self, chosen, expected):
        what = chosen.randrange(10)
        if what < 4:
            try:
                answer = self._app.getElement("doors.Front").enter("thief")
            except mti.PermissionDenied:
                return
            self._wrong.append(f"a thief is let in: {answer}")
        elif what < 5:
            answer, wanted = self._app.getElement("doors.Front").enter("friend").get("guard"), expected and expected["guard"]
            self._compare("doors.Front", expected, answer, wanted)
        else:
            name = chosen.choice(WORDS)
            word = self._app.getElement(name)
            answer = word.later() if what == 5 else word.read()
            self._compare(name, expected, answer, expected and expected["words"][name])

    def _compare(self, name, expected, answer, wanted):
        if expected is not None and self._editor.expected is expected and answer != wanted:
            self._wrong.append(f"{name} answers {answer}, expected {wanted}")


def turn_the_circle(app, wrong):
    """Two elements whose `__init__` asks for the other one are told so, from two threads at once."""
    told = []

    def turn(name):
        try:
            app.getElement("words.One").turn(name)
            told.append("it loads")
        except mti.MtiError as failure:
            told.append(str(failure))

    threads = [threading.Thread(target=turn, args=(name,), daemon=True) for name in ("circle.Left", "circle.Right")]
    for thread in threads:
        thread.start()
    end = time.monotonic() + DEADLINE
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    if len(told) < 2:
        wrong.append("elements that ask for each other while they load hang")
    elif not all("circle.Left" in message and "circle.Right" in message for message in told):
        wrong.append(f"elements that ask for each other while they load are told {told}")


def is_so_within(deadline, is_so):
    end = time.monotonic() + deadline
    while not is_so():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.02)
    return True


@pytest.fixture
def objects(monkeypatch):
    objects = Objects()
    module = types.ModuleType("stress_objects")
    module.opened, module.called, module.retired = objects.opened, objects.called, objects.retired
    monkeypatch.setitem(sys.modules, "stress_objects", module)
    return objects


def test_everything_stays_right_while_everything_changes(tree, objects):
    editor = Editor(tree(APP))
    wrong = objects.wrong
    calls = 0
    longest = 0.0
    with mti.App(editor.root / "child") as app:
        editor.settle()
        begun = time.monotonic()
        while time.monotonic() < begun + SECONDS and not wrong:
            callers = Callers(app, editor, wrong)
            for _ in range(EDITS_OF_A_ROUND):
                editor.expected = None
                editor.step()
                started = time.monotonic()
                app.reload()
                longest = max(longest, time.monotonic() - started)
                editor.settle()
                for name, wanted in editor.expected["words"].items():
                    answer = app.getElement(name).read()
                    if answer != wanted:
                        wrong.append(f"after a reload {name} answers {answer}, expected {wanted}")
            callers.stop()
            calls += callers.calls
            if not any("hang" in message for message in wrong):
                turn_the_circle(app, wrong)
            if not is_so_within(DEADLINE, lambda: objects.in_use() == {name: 1 for name in WORDS}):
                wrong.append(f"live objects after their last call: {objects.in_use()}")
        print(f"\n{editor.steps} edits, {calls} calls, {objects.opened_in_all} objects; longest reload {longest:.3f} s")
    assert not wrong, "\n".join([*dict.fromkeys(wrong[:5]), str(editor)])
