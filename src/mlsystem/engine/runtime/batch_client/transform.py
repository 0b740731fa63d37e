"""The work itself: the records of all objects through the container, as many requests at a time as it takes.

Answers are taken in the order in which the requests were made, so that little waits in memory, and an object that fails is left while
the others go on: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html ("Batch Transform Errors").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from .config import Config, Failure, Limits, Result, Source
from .container import Answer, Container, NoAnswer
from .outputs import Output
from .payloads import BadInput, Pair, batches, open_input, payload, records
from .processing import BadAnswer, Processing

# Requests that wait beside those under way, so that no thread waits for the order of the answers.
AHEAD = 2

Say = Callable[[str], None]


class Transform:
    """`say` writes a line of the data log."""

    def __init__(self, config: Config, container: Container, say: Say):
        self._config = config
        self._container = container
        self._say = say
        self._processing = Processing(
            config.content_type, config.is_split, config.input_filter, config.output_filter, config.is_joined
        )
        self._ends_lines = config.is_assembled_by_line or (config.is_split and self._processing.changes_answers)

    def run(self) -> Result:
        count = len(self._config.sources)
        try:
            limits = self._container.limits()
        except NoAnswer as error:
            self._say(str(error))
            return Result(count, [Failure("execution-parameters", str(error))])
        self._say(limits.sentence)
        failures: list[Failure] = []
        with ThreadPoolExecutor(limits.concurrent) as pool:
            waiting: deque[Callable[[], None]] = deque()
            for step in self._steps(pool, limits, failures):
                waiting.append(step)
                while len(waiting) > limits.concurrent * AHEAD:
                    waiting.popleft()()
            while waiting:
                waiting.popleft()()
        return Result(count, failures)

    def _steps(self, pool: ThreadPoolExecutor, limits: Limits, failures: list[Failure]) -> Iterator[Callable[[], None]]:
        """What is to be done in order: each waits for one request, whose answer it writes down."""
        for source in self._config.sources:
            output = Output(source, self._ends_lines)
            try:
                for group in batches(self._pairs(source, limits), limits):
                    if output.failure is not None:
                        break
                    future = pool.submit(self._container.invoke, payload(group), limits.payload_bytes is None)
                    yield partial(self._take, output, group, future)
            except BadInput as error:
                output.fail(str(error))
            yield partial(self._finish, output, failures)

    def _pairs(self, source: Source, limits: Limits) -> Iterator[Pair]:
        with open_input(Path(source.input), self._config.is_gzip) as file:
            for record in records(file, self._config.is_split, limits.payload_bytes):
                yield Pair(record, self._processing.sent(record))

    def _take(self, output: Output, group: list[Pair], future: Future[Answer]) -> None:
        try:
            answer = future.result()
            records_sent = [pair.record for pair in group]
            output.write(self._processing.answer(records_sent, answer.body, answer.content_type))
        except (NoAnswer, BadAnswer) as error:
            output.fail(str(error))

    def _finish(self, output: Output, failures: list[Failure]) -> None:
        output.finish()
        if output.failure is not None:
            failures.append(output.failure)
            for line in output.failure.reason.splitlines():
                self._say(f"{output.source.name}: {line}")
