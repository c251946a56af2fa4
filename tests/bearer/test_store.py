"""The store of configurations: one record each, listeners told once, engines only while somebody listens."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from _bearer_tools import Log, Script, bearer_threads, no_bearer_thread_is_left, only, qt
from _private_network import PrivateNetwork, run_in_private_network

from qnet.bearer import _service, _store
from qnet.bearer._capabilities import Capability
from qnet.bearer._data import Facts, Member
from qnet.bearer._store import ConfigurationStore, ConfigurationWatch
from qnet.bearer.engine import QBearerEngine
from qnet.QtCore import QObject, QThread
from qnet.QtNetwork import QNetworkConfiguration as Configuration

ACTIVE, DISCOVERED, DEFINED = Configuration.Active, Configuration.Discovered, Configuration.Defined


@pytest.fixture
def store() -> Iterator[ConfigurationStore]:
    """A store of the test's own, after which no thread is left."""
    qt.app()
    yield ConfigurationStore()
    gc.collect()
    assert no_bearer_thread_is_left()


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bearer threads without engines."""
    with only(monkeypatch):
        yield


def watch_of(store: ConfigurationStore) -> tuple[ConfigurationWatch, Log]:
    """A watch that has heard of everything until now."""
    watch = ConfigurationWatch(store=store)
    store.all()
    log = Log(watch)
    assert qt.wait(lambda: log.updates)
    log.batches.clear()
    log.updates = 0
    return watch, log


# -- records


def test_a_record_is_the_same_for_as_long_as_the_configuration_exists(store: ConfigurationStore) -> None:
    store.put(Facts("a", "one"))
    record = store.find("a")
    assert record is not None
    store.put(Facts("a", "two"))
    assert store.find("a") is record
    assert record.facts.name == "two"
    store.remove("a")
    assert store.find("a") is None
    assert not record.valid
    assert record.facts.name == "two"
    store.put(Facts("a", "three"))
    assert store.find("a") is not record
    assert not record.valid
    assert record.facts.name == "two"


def test_replacing_is_about_what_one_engine_has_told(store: ConfigurationStore) -> None:
    store.put(Facts("mine"))
    store.replace("e", [Facts("a"), Facts("b")])
    b = store.find("b")
    store.replace("e", [Facts("b", "new"), Facts("c")])
    assert [record.identifier for record in store.all()] == ["mine", "b", "c"]
    assert store.find("b") is b
    assert b is not None
    assert b.facts.name == "new"


def test_an_engine_has_no_say_about_another_ones(store: ConfigurationStore) -> None:
    store.put(Facts("a", "one"), "first")
    store.put(Facts("a", "two"), "second")
    store.remove("a", "second")
    record = store.find("a")
    assert record is not None
    assert (record.facts.name, record.engine) == ("one", "first")


# -- the default


@pytest.mark.parametrize(
    ("found", "default"),
    [
        ([], None),
        ([Facts("a", state=DEFINED)], None),
        ([Facts("a", state=DISCOVERED)], "a"),
        ([Facts("a", state=DISCOVERED), Facts("b", state=ACTIVE)], "b"),
        ([Facts("a", state=ACTIVE), Facts("b", state=ACTIVE, bearer_type=Configuration.BearerWLAN)], "b"),
        (
            [
                Facts("a", state=ACTIVE, bearer_type=Configuration.BearerWLAN),
                Facts("b", state=ACTIVE, bearer_type=Configuration.BearerEthernet),
            ],
            "b",
        ),
        ([Facts("a", state=ACTIVE, interface_index=9), Facts("b", state=ACTIVE, interface_index=3)], "b"),
        ([Facts("n", type=Configuration.ServiceNetwork, state=ACTIVE)], None),
    ],
)
def test_the_default_is_the_best_access_point(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch, found: list[Facts], default: str | None
) -> None:
    monkeypatch.setattr(_store, "_default_source", None)
    store.replace("e", found)
    record = store.default()
    assert (record.identifier if record is not None else None) == default


def test_whoever_knows_the_users_wish_is_asked_first(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_store, "_default_source", None)
    store.replace("e", [Facts("a", state=ACTIVE), Facts("b")])
    _store.set_default_source(lambda asked: asked.find("b"))
    assert store.default() is store.find("b")
    _store.set_default_source(lambda asked: asked.find("nothing"))
    assert store.default() is store.find("a")


# -- listeners


@pytest.mark.usefixtures("alone")
def test_a_watch_is_told_of_each_change_once(store: ConfigurationStore) -> None:
    watch, log = watch_of(store)
    store.put(Facts("a"))
    assert log.changes == []  # never at once
    assert qt.wait(lambda: log.changes)
    store.put(Facts("a", "new name"))
    store.put(Facts("b"))
    assert qt.wait(lambda: len(log.batches) == 2)
    store.remove("a")
    assert qt.wait(lambda: len(log.batches) == 3)
    assert log.batches == [[("ADDED", "a")], [("CHANGED", "a"), ("ADDED", "b")], [("REMOVED", "a")]]
    assert watch.store() is store


@pytest.mark.usefixtures("alone")
def test_what_happens_in_between_is_told_in_one_go(store: ConfigurationStore) -> None:
    store.put(Facts("a", state=DEFINED))
    _watch, log = watch_of(store)
    for _ in range(1000):
        store.put(Facts("a", state=ACTIVE))
        store.put(Facts("a", state=DISCOVERED))
    store.put(Facts("new"))
    store.put(Facts("new", "with a name"))
    assert qt.wait(lambda: log.batches)
    qt.spin(20)
    assert log.batches == [[("CHANGED", "a"), ("ADDED", "new")]]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("back", [True, False])
def test_what_is_as_before_is_not_told(store: ConfigurationStore, back: bool) -> None:
    store.put(Facts("a", state=ACTIVE))
    _watch, log = watch_of(store)
    if back:
        store.put(Facts("a", state=DEFINED))
        store.put(Facts("a", state=ACTIVE))
    else:
        store.put(Facts("b"))
        store.remove("b")
    qt.spin(20)
    assert log.batches == []
    store.put(Facts("c"))
    assert qt.wait(lambda: log.batches == [[("ADDED", "c")]])


@pytest.mark.usefixtures("alone")
def test_what_is_replaced_is_told_as_gone_and_new(store: ConfigurationStore) -> None:
    store.put(Facts("a", "old"))
    _watch, log = watch_of(store)
    store.remove("a")
    store.put(Facts("a", "new"))
    assert qt.wait(lambda: log.batches)
    qt.spin(20)
    assert log.batches == [[("REMOVED", "a"), ("ADDED", "a")]]


@pytest.mark.usefixtures("alone")
def test_whoever_begins_by_looking_is_not_told_what_he_has_seen(store: ConfigurationStore) -> None:
    store.put(Facts("old"))
    watch = ConfigurationWatch(store=store)
    log = Log(watch)
    store.put(Facts("new"))
    store.put(Facts("old", "changed"))
    assert [record.identifier for record in watch.look_up()] == ["old", "new"]
    store.put(Facts("newer"))
    assert len(watch.look_up()) == 3  # and from now on he is told, even if he looks before that
    assert qt.wait(lambda: log.changes)
    assert log.changes == [("ADDED", "newer")]


@pytest.mark.usefixtures("alone")
def test_a_watch_is_told_in_its_own_thread(store: ConfigurationStore) -> None:
    watch, _log = watch_of(store)
    thread = QThread()
    thread.start()
    heard: list[Any] = []
    watch.changed.connect(lambda changes: heard.append(threading.current_thread()))
    watch.moveToThread(thread)
    store.put(Facts("a"))
    assert qt.wait(lambda: heard)
    assert heard[0] is not threading.current_thread()
    watch.deleteLater()
    thread.quit()
    assert thread.wait(30_000)


@pytest.mark.usefixtures("alone")
def test_a_watch_goes_with_its_last_reference(store: ConfigurationStore) -> None:
    watch, _log = watch_of(store)
    gone = weakref.ref(watch)
    gc.disable()
    try:
        store.put(Facts("a"))  # a call to it is on its way
        del watch, _log
        assert gone() is None
    finally:
        gc.enable()
    qt.process()
    assert no_bearer_thread_is_left()


@pytest.mark.usefixtures("alone")
def test_a_watch_goes_with_its_parent(store: ConfigurationStore) -> None:
    parent = QObject()
    ConfigurationWatch(parent, store=store)
    assert bearer_threads()
    del parent
    assert no_bearer_thread_is_left()


@pytest.mark.usefixtures("alone")
def test_many_threads_feed_one_store(store: ConfigurationStore) -> None:
    watch, log = watch_of(store)

    def feed(engine: str) -> None:
        for i in range(300):
            store.put(Facts(f"{engine}-{i % 10}", str(i)), engine)
            if i % 7 == 0:
                store.remove(f"{engine}-{i % 5}", engine)

    feeders = [threading.Thread(target=feed, args=(name,)) for name in "abcd"]
    for feeder in feeders:
        feeder.start()
    assert qt.wait(lambda: not any(feeder.is_alive() for feeder in feeders))
    store.put(Facts("the end"))
    assert qt.wait(lambda: ("ADDED", "the end") in log.changes)
    known: set[str] = set()
    for change, identifier in log.changes:
        if change == "ADDED":
            assert identifier not in known
            known.add(identifier)
        elif change == "REMOVED":
            known.remove(identifier)
        else:
            assert identifier in known
    assert known == {record.identifier for record in watch.look_up()}


# -- engines


def test_engines_run_while_somebody_listens(store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(Facts("a"))
    with only(monkeypatch, script):
        assert store.all() == []
        assert not bearer_threads()
        first = ConfigurationWatch(store=store)
        second, log = watch_of(store)
        assert [record.identifier for record in store.all()] == ["a"]
        assert len(bearer_threads()) == 1
        del first
        store.request_update()
        assert qt.wait(lambda: log.updates)
        assert script.calls == ["initialize", "requestUpdate"]
        del second
        assert no_bearer_thread_is_left()
    assert script.calls == ["initialize", "requestUpdate", "shutdown"]
    assert script.threads == {"qnet-bearer"}
    assert [record.identifier for record in store.all()] == ["a"], "what was known last"


def test_the_next_life_knows_what_is_gone_and_keeps_the_rest(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with only(monkeypatch, Script(Facts("a"), Facts("b")), Script(Facts("c"), name="other")):
        watch_of(store)
    a, c = store.find("a"), store.find("c")
    store.put(Facts("mine"))
    assert no_bearer_thread_is_left()
    with only(monkeypatch, Script(Facts("a", "new"))):
        _watch, _log = watch_of(store)
    assert [record.identifier for record in store.all()] == ["a", "mine"]
    assert a is not None
    assert store.find("a") is a
    assert a.facts.name == "new"
    assert c is not None
    assert not c.valid


def test_what_an_ended_life_still_tells_is_not_heard(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with only(monkeypatch):
        late = _service.BearerService(store)
        _watch, _log = watch_of(store)
        store.put(Facts("a"), "e", late)
        store.replace("e", [Facts("b")], late)
        store.answered(late, Capability.NetworkSessionRequired)
        assert store.all() == []
        assert store.capabilities() == Capability(0)


def test_an_update_is_complete_when_every_engine_has_looked(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, slow = Script(), Script(name="slow")
    with only(monkeypatch, quick, slow):
        _watch, log = watch_of(store)
        slow.answers = False
        store.request_update()
        assert qt.wait(lambda: slow.calls[-1] == "requestUpdate")
        qt.spin(20)
        assert log.updates == 0
        store.request_update()  # the slow one has to look once more for this one
        qt.spin(20)
        slow.answers = True
        slow.answer()
        assert qt.wait(lambda: log.updates == 2)
        assert slow.calls == ["initialize", "requestUpdate", "requestUpdate"]


def test_an_engine_that_never_answers_delays_an_update_and_no_more(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_service, "ROUND_LIMIT", 50)
    dead = Script()
    with only(monkeypatch, dead):
        _watch, log = watch_of(store)
        dead.answers = False
        store.request_update()
        assert qt.wait(lambda: log.updates == 1)


def test_who_asks_before_the_first_answer_waits_once_and_not_for_long(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    slow = Script(Facts("late"), initialize=lambda engine: answer.wait())
    with only(monkeypatch, slow):
        watch = ConfigurationWatch(store=store)
        log = Log(watch)
        try:
            began = time.monotonic()
            assert watch.look_up() == []
            assert time.monotonic() - began >= _store.FIRST_ANSWER
            began = time.monotonic()
            for _ in range(500):
                assert watch.look_up() == []
            assert time.monotonic() - began < 500 * _store.FIRST_ANSWER / 2
        finally:
            answer.set()
        assert qt.wait(lambda: log.changes == [("ADDED", "late")])


def test_an_engine_hears_that_others_have_told_something(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def group(engine: QBearerEngine) -> None:
        """Tell of a service network of all that there is."""
        points = [record for record in store.known() if record.engine == "scripted"]
        members = tuple(Member(record.identifier) for record in points)
        engine.configurationChanged.emit(Facts("all", type=Configuration.ServiceNetwork, members=members))

    script = Script()
    with only(monkeypatch, script, Script(name="group", othersChanged=group)):
        _watch, _log = watch_of(store)
        script.tell(Facts("a"), Facts("b"))
        assert qt.wait(lambda: (found := store.find("all")) is not None and len(found.children()) == 2)


ASKED = ("initialize", "configurations", "capabilities", "hasIdentifier", "startInterface", "othersChanged")


@pytest.mark.parametrize("method", [*ASKED, "requestUpdate", "shutdown"])
def test_an_engine_that_raises_is_reported_and_given_up(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch, slot_errors: list[Any], method: str
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("no idea")

    broken = Script(Facts("a"), name="broken", **{method: fail})
    healthy = Script(Facts("b"), name="healthy")
    with only(monkeypatch, broken, healthy):
        watch, log = watch_of(store)
        store.request_update()
        assert qt.wait(lambda: log.updates)
        healthy.tell(Facts("c"))
        store.start_interface("a")
        store.start_interface("b")
        assert qt.wait(lambda: any(failure[0] == "b" for failure in log.failures))
        del watch
        assert no_bearer_thread_is_left()
    assert [str(error) for error in slot_errors] == ["no idea"]
    assert healthy.calls == ["initialize", "requestUpdate", "startInterface", "shutdown"]


def test_what_no_engine_knows_cannot_be_started(store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with only(monkeypatch, Script(Facts("a"))):
        _watch, log = watch_of(store)
        store.start_interface("nothing")
        store.stop_interface("a")
        assert qt.wait(lambda: len(log.failures) == 2)
    codes = QBearerEngine.ConnectionError
    assert [failure[:2] for failure in log.failures] == [
        ("nothing", codes.InterfaceLookupError),
        ("a", codes.OperationNotSupported),
    ]
    assert "'nothing'" in log.failures[0][2]
    assert "scripted" in log.failures[1][2]


def test_requests_to_nobody_do_nothing(store: ConfigurationStore) -> None:
    store.put(Facts("a"))
    store.request_update()
    store.start_interface("a")
    store.stop_interface("a")
    assert store.statistics("a") is None
    assert not bearer_threads()


# -- processes, namespaces, the end


def test_threads_in_different_networks_have_different_stores() -> None:
    found = [ConfigurationStore.of_this_thread()]

    def look(net: PrivateNetwork) -> None:
        net.ip("link add va type veth peer name vb")
        watch = ConfigurationWatch()
        found.append(watch.store())
        assert {record.facts.name for record in found[1].all()} == {"va", "vb"}

    run_in_private_network(look)
    assert found[0] is ConfigurationStore.of_this_thread()
    assert found[0] is not found[1]
    assert no_bearer_thread_is_left()


FORKED = """
import os, sys
from qnet.QtCore import QCoreApplication, QTimer
from qnet.QtNetwork import QNetworkConfigurationManager
app = QCoreApplication([])
manager = QNetworkConfigurationManager()
manager.updateCompleted.connect(app.quit)  # what is found until then is less on a busy machine
app.exec()
expected = len(manager.allConfigurations())
assert expected
if "again" in sys.argv:
    child = os.fork()
    if not child:
        QTimer.singleShot(30_000, lambda: app.exit(7))
        QTimer.singleShot(0, manager.updateConfigurations)
else:
    child = os.fork()
    if not child:
        del manager, app
        app = QCoreApplication([])
        manager = QNetworkConfigurationManager()
        assert len(manager.allConfigurations()) == expected
        manager.updateCompleted.connect(app.quit)
        QTimer.singleShot(30_000, lambda: app.exit(7))
if not child:
    sys.exit(app.exec())
manager.updateConfigurations()
app.exec()
_, status = os.waitpid(child, 0)
print("child", os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.parametrize("how", ["again", "afresh"])
def test_a_forked_child_has_a_bearer_thread_of_its_own(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", FORKED, how],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("child 0\n", "", 0)


ENDING = """
import sys
from qnet.QtCore import QCoreApplication
from qnet.QtNetwork import QNetworkConfigurationManager
app = QCoreApplication([])
manager = QNetworkConfigurationManager()
if "asked" in sys.argv:
    manager.allConfigurations()
if "late" in sys.argv:
    from qnet.bearer import _store
    _store.atexit.register(lambda: QNetworkConfigurationManager().isOnline())
if "slow" in sys.argv:
    import threading, time
    begun = threading.Event()
    def shut_down():
        begun.set()
        time.sleep(1)
    manager._q_watch.store().call(shut_down)
    begun.wait()
if "gone" in sys.argv or "slow" in sys.argv:
    del manager
print("end")
"""


@pytest.mark.parametrize("how", ["asked", "at once", "late", "gone", "slow"])
def test_a_program_may_end_without_a_word(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", ENDING, how], capture_output=True, text=True, timeout=100
    )
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)
