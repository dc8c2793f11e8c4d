"""The end of a process in which steps still run."""

import subprocess
import sys
import time

import pytest

TREE = """
//- app.json
{ "appId": "acme.end", "version": "1.0.0" }
//- words/Meta/e.json
{ "title": "Words", "type": "" }
//- words/LongType/e.json
{ "title": "Long", "type": "words.Meta", "backend": "python" }
//- words/LongType/__init__.py
import time
import mti
class LongType(mti.Level):
    def compute(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
//- words/Long/e.json
{ "title": "Long", "type": "words.LongType" }
"""

BEGINNINGS = {
    "a timeout": "asyncio.run(given_up())",
    "a daemon thread": "threading.Thread(target=lambda: long.compute(SECONDS), daemon=True).start(); time.sleep(0.2)",
}

SCRIPT = """
import asyncio, sys, threading, time
import mti
mti._end.PATIENCE = {patience}
SECONDS = {seconds}
app = mti.App(sys.argv[1])
long = app.getElement("words.Long")

async def given_up():
    try:
        await asyncio.wait_for(long.compute.aio(SECONDS), 0.2)
    except asyncio.TimeoutError:
        pass

{beginning}
print("ended")
"""


def run(root, **values):
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(**values), root], capture_output=True, text=True, timeout=60)
    return done, time.monotonic() - begin


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
def test_steps_that_still_run_are_waited_for(tree, beginning):
    done, took = run(tree(TREE), beginning=beginning, seconds=3, patience=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
    assert took > 3


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
def test_a_step_that_does_not_end_is_not_waited_for_for_ever(tree, beginning):
    done, _ = run(tree(TREE), beginning=beginning, seconds=30, patience=0.3)
    assert (done.returncode, done.stdout) == (1, "ended\n"), done.stderr
    assert "a step of a level still runs after 0.3 s" in done.stderr
