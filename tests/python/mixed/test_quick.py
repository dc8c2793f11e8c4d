"""`@mti.quick`: methods that run on a worker of the runtime without handing its other tasks over first."""

import asyncio
import logging
import threading

import pytest

import mti

TREE = '''
//- below/app.json
{ "appId": "acme.places", "version": "1.0.0", "extends": [] }
//- below/places/Meta/e.json
{ "title": "Places", "type": "" }
//- below/places/Type/e.json
{ "title": "Type", "type": "places.Meta", "backend": "rust" }
//- below/places/Here/e.json
{ "title": "Here", "type": "places.Type" }
//- above/app.json
{ "appId": "acme.places-above", "version": "1.0.0", "extends": [{ "appId": "acme.places", "version": "1.0.0" }] }
//- above/places/Type/e.json
{ "title": "Type, in Python" }
//- above/places/Type/__init__.py
import contextvars, functools, threading
import mti
from places.Type import Type

def wrapped(method):
    @functools.wraps(method)
    def wrapper(self):
        return method(self)
    return wrapper

mark = contextvars.ContextVar("mark", default=None)
local = threading.local()

class Type(Type):
    def marked(self):
        before = mark.get()
        mark.set("set in another call")
        return [before, self.mark()]
    def mark(self):
        return mark.get()
    def count(self):
        local.count = getattr(local, "count", 0) + 1
        return local.count
    def plain(self):
        return self.keepsWorker()
    @mti.quick
    def quick(self):
        return self.keepsWorker()
    @property
    @mti.quick
    def quickProperty(self):
        return self.keepsWorker()
    @wrapped
    @mti.quick
    def quickInside(self):
        return self.keepsWorker()
    @mti.quick
    def asksPlain(self):
        return self.plain()
    @mti.quick
    def asksLater(self):
        return self.later()
    async def later(self):
        return await self.keepsWorker.aio()
    @mti.quick
    def nothing(self):
        pass
    @mti.quick
    def waits(self):
        kept = self.keepsWorker()
        threading.Event().wait(0.02)
        return kept
    @mti.quick
    def fails(self):
        raise mti.PermissionDenied("not you")
'''


def calm():
    """Lets pass the time for which the interpreter counts as busy, as after the test before."""
    threading.Event().wait(0.2)


@pytest.fixture
def here(tree):
    """Gives back what a step answers that is called from a task of the runtime, of an app that was just opened."""
    root = tree(TREE)
    opened = []

    def answers(*steps):
        calm()
        opened.append(mti.App(root / "above"))
        return opened[-1].getElement("places.Here").fromTask(list(steps))

    answers.app = lambda: opened[-1]
    answers.root = root
    yield answers
    for app in opened:
        app.close()


@pytest.mark.parametrize("step", ["quick", "quickProperty"])
def test_a_quick_method_runs_on_the_worker_as_it_is(here, step):
    # More than once: a machine that is busy with other things can hold up any call.
    assert any(here(step) == [True] for _ in range(5))


@pytest.mark.parametrize("step", ["plain", "quickInside", "asksPlain"])
def test_what_may_wait_runs_beside_the_other_tasks(here, step):
    assert here(step, step, step) == [False] * 3


def test_a_broken_promise_is_in_the_log_and_counts_for_nothing_for_a_while(here, caplog):
    with caplog.at_level(logging.WARNING):
        assert here("waits", "waits", "waits") == [True, False, False]
    lines = [record.getMessage() for record in caplog.records if "waits" in record.getMessage()]
    assert len(lines) == 1 and "@mti.quick" in lines[0] and "places.Here" in lines[0] and "`waits` of" in lines[0], lines
    level = here.root / "above/places/Type/__init__.py"
    level.write_text(level.read_text().replace("wait(0.02)", "wait(0.03)"))
    app = here.app()
    assert app.reload() == ["places.Here"]
    calm()
    assert app.getElement("places.Here").fromTask(["waits", "waits"]) == [True, False], "other code, another promise"


def test_a_busy_interpreter_keeps_workers_for_one_call_and_no_longer(here):
    busy, enough = threading.Event(), threading.Event()

    def spin():
        busy.set()
        while not enough.is_set():
            pass

    spinning = threading.Thread(target=spin)
    spinning.start()
    try:
        busy.wait()
        # More than once: all of them may be done before the other thread has woken up.
        assert any(here(*["nothing"] * 40, "quick")[-1] is False for _ in range(10))
    finally:
        enough.set()
        spinning.join()


def test_a_call_has_a_context_of_its_own_and_a_thread_what_is_local_to_it(here):
    assert here(*["marked"] * 20) == [[None, "set in another call"]] * 20
    # A thread of the runtime is the same to Python as long as it lives, as those of any pool are.
    assert max(here(*["count"] * 50)) > 1


def test_quick_methods_are_methods_like_any_other(here):
    here("nothing")
    element = here.app().getElement("places.Here")
    assert element.nothing() is None and element.quickProperty is False
    with pytest.raises(mti.PermissionDenied, match="not you"):
        element.fails()
    with pytest.raises(mti.PermissionDenied, match="not you"):
        element.fromTask(["fails"])

    async def together():
        return await asyncio.gather(*(element.asksLater.aio() for _ in range(64)), *(element.quick.aio() for _ in range(64)))

    assert len(asyncio.run(together())) == 128
