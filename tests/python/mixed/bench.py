"""What Python costs: run by `tests/python/run --bench`. Every number is the median of several rounds, beside a floor of the same
run.
"""

import statistics
import tempfile
import timeit
from pathlib import Path

import mti

APPS = {
    "rust/app.json": '{ "appId": "acme.loops", "version": "1.0.0", "extends": [] }',
    "rust/loops/Meta/e.json": '{ "title": "Loops", "type": "" }',
    "rust/loops/Type/e.json": '{ "title": "Type", "type": "loops.Meta", "backend": "rust" }',
    "rust/loops/One/e.json": '{ "title": "One", "type": "loops.Type" }',
    "python/app.json": '{ "appId": "acme.loops-above", "version": "1.0.0", "extends": [{ "appId": "acme.loops", "version": "1.0.0" }] }',
    "python/loops/Type/e.json": '{ "title": "Type, in Python" }',
    "python/loops/Type/__init__.py": """
import time
import mti
from loops.Type import Type

class Type(Type):
    def nothing(self):
        pass

    @mti.quick
    def nothingQuick(self):
        pass

    def virtual(self, times):
        begin = time.perf_counter_ns()
        for _ in range(times):
            self.nothing()
        return time.perf_counter_ns() - begin

    def rust(self, times):
        begin = time.perf_counter_ns()
        for _ in range(times):
            self.nothingInRust()
        return time.perf_counter_ns() - begin
""",
}

CALLS = 2000
ROUNDS = 25


def timed(statement, number=20000, **names):
    timer = timeit.Timer(statement, globals=names)
    return statistics.median(timer.timeit(number) for _ in range(ROUNDS)) / number * 1e9


def told(step):
    """What a step says that so many calls took."""
    return statistics.median(step(CALLS) for _ in range(ROUNDS)) / CALLS


def show(what, nanoseconds, note=""):
    print(f"{what:58} {nanoseconds:7.0f} ns  {note}")


def measure(app):
    name = "loops.One"
    element = app.getElement(name)
    lookup = timed("table[name]", table={name: 1}, name=name)
    attribute = timed("text.isascii()", text=name)
    floor = lookup + attribute
    found = timed("app.getElement(name)", app=app, name=name)
    show("a dict lookup, and a method of a native object", floor, f"{lookup:.0f} and {attribute:.0f}")
    show("app.getElement(name)", found, f"{found / floor:.2f} x")
    show("Rust calls a level in Python, on a thread that may block", told(element.fromHere))
    show("the same from a task of the runtime", told(element.fromTask))
    show("the same, other tasks running in between", told(element.fromTaskInTurn), f"{told(element.inTurnInRust):.0f} for a level in Rust")
    show("a quick one (`@mti.quick`), from a task of the runtime", told(element.quickFromTask))
    show("the same, other tasks running in between", told(element.quickFromTaskInTurn))
    show("Python calls it: element.nothing()", timed("element.nothing()", CALLS, element=element))
    show("Python calls it: app.getElement(name).nothing()", timed("app.getElement(name).nothing()", CALLS, app=app, name=name))
    show("Python calls a level in Rust: element.nothingInRust()", timed("element.nothingInRust()", CALLS, element=element))
    show("a level in Python calls one in Python: self.nothing()", told(element.virtual))
    show("a level in Python calls one in Rust: self.nothingInRust()", told(element.rust))


def main():
    with tempfile.TemporaryDirectory() as directory:
        for name, text in APPS.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with mti.App(Path(directory, "python")) as app:
            measure(app)


if __name__ == "__main__":
    main()
