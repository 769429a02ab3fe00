"""A crew of processes of this machine: each runs one job at a time, so that whose death it was is known."""

from __future__ import annotations

import selectors
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from ocitool.adapters.crew.member import Member, Task
from ocitool.adapters.crew.worker import was_interrupted
from ocitool.api.jobs.crew import Completion
from ocitool.engine.workers import processor_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.api.jobs.crew import CrewWatch

ATTEMPTS: Final = 3
"""How often a job is begun whose worker is lost."""

PATIENCE: Final = 10.0
"""Seconds that jobs get to end in order before their processes are killed."""


class LocalCrew:
    """Up to `workers` processes (default: one a processor), started as they are needed."""

    def __init__(self, workers: int | None = None) -> None:
        self.size = workers or processor_count()
        self._waiting: deque[Task] = deque()
        self._members: list[Member] = []
        self._selector = selectors.DefaultSelector()

    @property
    def threads(self) -> int:
        """How many threads a job has, so that all together have one a processor."""
        return max(1, processor_count() // self.size)

    def submit(self, number: int, text: str) -> None:
        """Take a request."""
        self._waiting.append(Task(number, text))

    def completed(self, watch: CrewWatch, at_once: int | None = None) -> Iterator[Completion]:
        """Run all requests and yield what became of each."""
        if at_once is not None:
            self.size = min(self.size, at_once)
        while self._waiting or any(member.task for member in self._members):
            self._hand_out(watch)
            for key, _ in self._selector.select():
                member: Member = key.data
                completion = self._listen(member, watch)
                if completion is not None:
                    yield completion
        self._dismiss()

    def cancel(self) -> list[Completion]:
        """Ask all to end, kill those that do not; return what ended as if nothing had been."""
        self._waiting.clear()
        for member in self._members:
            member.interrupt()
        ended: list[Completion] = []
        deadline = time.monotonic() + PATIENCE
        while self._members and (left := deadline - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                completion = self._listen(key.data, None)
                if completion is not None:
                    ended.append(completion)
        for member in self._members:
            member.kill()
        self._dismiss()
        return [completion for completion in ended if completion.text and not was_interrupted(completion.text)]

    def _hand_out(self, watch: CrewWatch) -> None:
        """Give every idle process a task, and start another one while there are tasks and room for it."""
        for member in self._members:
            if self._waiting and member.task is None:
                self._begin(member, watch)
        while self._waiting and len(self._members) < self.size:
            member = Member()
            self._members.append(member)
            self._selector.register(member, selectors.EVENT_READ, member)
            self._begin(member, watch)

    def _begin(self, member: Member, watch: CrewWatch) -> None:
        task = self._waiting.popleft()
        member.begin(task)
        watch.started(task.number)

    def _listen(self, member: Member, watch: CrewWatch | None) -> Completion | None:
        """Take in what a process says, or that it is gone; return what became of its task, if that has ended."""
        try:
            for message in member.listen():
                if "bytes" in message and watch is not None:
                    watch.advance(message["bytes"])
                elif "answer" in message and (task := member.task) is not None:
                    if watch is not None and was_interrupted(message["answer"]):
                        # Not by this crew: it is about to be lost, as by whoever frees memory.
                        return None
                    member.task = None
                    return Completion(task.number, message["answer"], member.name, task.attempts)
        except EOFError:
            return self._lose(member, watch)
        return None

    def _lose(self, member: Member, watch: CrewWatch | None) -> Completion | None:
        """Let go of a process that is gone; its task is begun again, unless that was tried often enough."""
        self._selector.unregister(member)
        self._members.remove(member)
        ending, task = member.dismiss(), member.task
        if task is None or watch is None:
            return None
        if task.attempts < ATTEMPTS:
            self._waiting.appendleft(task)
            return None
        trouble = f"the process that ran it was lost {task.attempts} times; the last one was {ending}"
        return Completion(task.number, None, member.name, task.attempts, trouble)

    def _dismiss(self) -> None:
        for member in self._members:
            self._selector.unregister(member)
            member.dismiss()
        self._members.clear()
