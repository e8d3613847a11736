"""Trials of mutants: tests are collected once, and each mutant meets them in a process of its own."""

import contextlib
import gc
import json
import os
import resource
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import IO, Any, NamedTuple

import hypothesis
import pytest

from tests.mutants.building import Built
from tests.mutants.operators import Mutant
from tests.mutants.targets import Target, Watch, install, load, wanders

SPARE = 3
"""Seconds of processor time that a step may take beyond five times what it takes without a mutant."""
NEIGHBOURS = 4
"""How many of the last steps that killed in a function its next mutant meets first."""
_WITHOUT = ("cacheprovider", "xdist", "terminal", "logging", "faulthandler")
"""Parts of pytest that are not needed here."""


class NoVerdictError(Exception):
    """The contract without any change is not accepted, or a trial went wrong."""


class Verdict(NamedTuple):
    """What became of a mutant: the step that noticed it, or nothing; and seconds of processor time."""

    mutant: Mutant
    killer: str
    seconds: float


class _Running(NamedTuple):
    """A process that tries a mutant with steps in this order, and writes down what came of it."""

    number: int
    order: Sequence[str]
    said: IO[str]


class Trials:
    """A plugin for pytest that tries mutants with the tests that were collected, instead of running these.

    A step is a run of arbitrary calls or a test. All steps are first taken with the contract as it is, which
    tells how long each takes, and which of them use the contract at all. A mutant meets the last steps that
    killed in its function, then all others that use it: those that kill most in a second come first.

    Parameters
    ----------
    target : Target
    built : Built
    runs : int
        Runs of arbitrary calls.
    jobs : int
        Processes at once.
    tell : callable
        Takes each verdict.
    """

    def __init__(
        self, target: Target, built: Built, runs: int, jobs: int, tell: Callable[[Verdict], None]
    ) -> None:
        self.target, self.built, self.jobs, self.tell = target, built, jobs, tell
        self.steps: dict[str, Callable[[], bool]] = {
            f"arbitrary calls {seed}": partial(wanders, target, seed) for seed in range(runs)
        }
        self.seconds: dict[str, float] = {}
        self.met: dict[str, int] = defaultdict(int)
        self.killed: dict[str, int] = defaultdict(int)
        self.last: dict[str, list[str]] = defaultdict(list)
        """By function, the steps that killed, the last one first."""
        self.numbers: Sequence[int] = ()
        self.failed = False
        self.wrong = ""

    def run(self, numbers: Sequence[int]) -> None:
        """Try the mutants of these numbers."""
        self.numbers = numbers
        load()
        # What tests are written with has been imported before.
        known = "ignore::pytest.PytestAssertRewriteWarning"
        options = ["-s", "-W", known, *(part for name in _WITHOUT for part in ("-p", f"no:{name}"))]
        with _no_shrinking():
            status = pytest.main([*options, *self.target.files], plugins=[self])
        if self.wrong or status != pytest.ExitCode.OK:
            raise NoVerdictError(self.wrong or f"the tests of {self.target.file} cannot be collected")

    # ── in the process that hands the mutants out ──────────────────────────────────────────────────────────

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Try the mutants."""
        if session.testsfailed:
            return None
        self.steps |= {item.nodeid: partial(self._passes, item) for item in session.items}
        # So that the children do not touch, and thereby copy, what they share.
        gc.freeze()
        try:
            self._measure()
            self._try_all()
        except NoVerdictError as error:
            self.wrong = str(error)
        return True

    def _measure(self) -> None:
        """Take all steps with the contract as it is."""
        child, running = self._fork(0, list(self.steps))
        _, status = os.waitpid(child, 0)
        found = _read(running.said)
        if status or found is None:
            raise NoVerdictError(f"{self.target.file} could not be tried as it is")
        if found["killer"]:
            raise NoVerdictError(f"{self.target.file} is not accepted as it is: {found['killer']}")
        self.seconds = found["seconds"]

    def _try_all(self) -> None:
        waiting = list(self.numbers)
        running: dict[int, _Running] = {}
        while waiting or running:
            while waiting and len(running) < self.jobs:
                number = waiting.pop(0)
                child, begun = self._fork(number, self._order(self.built.mutants[number]))
                running[child] = begun
            child, status, used = os.wait4(-1, 0)
            number, order, said = running.pop(child)
            mutant, found = self.built.mutants[number], _read(said)
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
                killer = "too long"
            elif status or found is None:
                raise NoVerdictError(f"trying {mutant.name} failed")
            else:
                killer = found["killer"]
                self._note(mutant, order, killer)
            self.tell(Verdict(mutant, killer, used.ru_utime + used.ru_stime))

    def _order(self, mutant: Mutant) -> list[str]:
        rates = {
            step: (self.killed[step] + 0.5) / (self.met[step] + 1) / (self.seconds[step] + 0.001)
            for step in self.seconds
        }
        first = self.last[mutant.function][:NEIGHBOURS]
        return list(dict.fromkeys([*first, *sorted(rates, key=rates.__getitem__, reverse=True)]))

    def _note(self, mutant: Mutant, order: Sequence[str], killer: str) -> None:
        for step in order:
            self.met[step] += 1
            if step == killer:
                self.killed[step] += 1
                last = self.last[mutant.function]
                last[:] = [step, *(other for other in last if other != step)]
                break

    def _fork(self, number: int, order: Sequence[str]) -> tuple[int, _Running]:
        said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - `_read` closes it
        child = os.fork()
        if not child:
            status = 1
            try:
                self._meet(number, order, said)
                status = 0
            finally:
                os._exit(status)
        return child, _Running(number, order, said)

    # ── in the process that tries a mutant ─────────────────────────────────────────────────────────────────

    def _meet(self, number: int, order: Sequence[str], said: IO[str]) -> None:
        """Take the steps up to the one that kills; writes down which it is, and how long each took."""
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        install(self.built.artifacts, number)
        seconds, killer = {}, ""
        watch = None if self.seconds else Watch(self.built.artifacts.keys())
        for step in order:
            began = time.process_time()
            if watch:
                watch.used = False
            else:
                most = int(began + 5 * self.seconds[step] + SPARE)
                resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
            if not self.steps[step]():
                killer = step
                break
            if watch is None or watch.used:
                seconds[step] = time.process_time() - began
        json.dump({"killer": killer, "seconds": seconds}, said)
        said.flush()

    def _passes(self, item: pytest.Item) -> bool:
        self.failed = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take notice of a failure."""
        self.failed |= report.failed


def _read(said: IO[str]) -> Any:  # noqa: ANN401 - what the process wrote
    with said:
        said.seek(0)
        text = said.read()
    return json.loads(text) if text else None


@contextlib.contextmanager
def _no_shrinking() -> Iterator[None]:
    """Let generated tests try the same examples every time, and stop at the first that fails."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    before = hypothesis.settings.get_current_profile_name()
    hypothesis.settings.register_profile(
        "mutants", phases=phases, derandomize=True, database=None, deadline=None, report_multiple_bugs=False
    )
    hypothesis.settings.load_profile("mutants")
    try:
        yield
    finally:
        hypothesis.settings.load_profile(before)
