"""What Python costs: `python tests/python/bench.py`, with a release build of the wheel installed. Ratios, each to a floor in
the same run, and the median of several rounds.
"""

import statistics
import tempfile
import timeit
from pathlib import Path

import mti

FAMILY = {
    "app.json": '{ "appId": "acme.bench", "version": "1.0.0", "extends": [] }',
    "bench/Meta/e.json": '{ "title": "Bench", "type": "" }',
    "bench/Type/e.json": '{ "title": "Type", "type": "bench.Meta" }',
    "bench/Type/__init__.py": """
import time
import mti

class Type(mti.Level):
    def nothing(self):
        return None

    def many(self, times):
        step = self.nothing
        begin = time.perf_counter()
        for _ in range(times):
            step()
        return time.perf_counter() - begin
""",
    "bench/One/e.json": '{ "title": "One", "type": "bench.Type" }',
}


def nanoseconds(statement, names, number=20000, rounds=15):
    timer = timeit.Timer(statement, globals=names)
    return statistics.median(timer.timeit(number) for _ in range(rounds)) / number * 1e9


def main():
    with tempfile.TemporaryDirectory() as directory:
        for name, text in FAMILY.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with mti.App(directory) as app:
            element = app.getElement("bench.One")
            names = {"app": app, "element": element, "table": {"bench.One": 1}, "name": "bench.One", "native": []}
            floor = nanoseconds("table[name]", names) + nanoseconds("native.copy()", names)
            found = nanoseconds("app.getElement(name)", names)
            print(f"app.getElement(name)                {found:8.0f} ns  {found / floor:5.2f} x a dict lookup and a native call")
            call = nanoseconds("element.nothing()", names, number=2000)
            print(f"element.nothing()                   {call:8.0f} ns  Python to Rust to a level in Python")
            step = statistics.median(element.many(2000) for _ in range(15)) / 2000 * 1e9
            print(f"self.nothing()                      {step:8.0f} ns  a level in Python to Rust to the level in Python")


if __name__ == "__main__":
    main()
