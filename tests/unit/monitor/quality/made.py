"""Rows of answers, and what was measured of them, for tests."""

import numpy as np

from mlsystem.monitor.quality.evaluation import Quality, evaluate, pairs_of
from mlsystem.monitor.quality.pairs import Answer
from mlsystem.monitor.quality.problem import Problem, ProblemType

SCORED = Problem(ProblemType.BINARY, probability="p")


def judge(problem: Problem, answers: list[Answer]) -> Quality:
    pairs = pairs_of(problem)
    pairs.add(answers)
    return evaluate(problem, pairs)


def scored(truths: list[int], scores: list[float], problem: Problem = SCORED) -> Quality:
    rows = zip(truths, scores, strict=True)
    return judge(problem, [Answer(str(truth), probability=repr(score)) for truth, score in rows])


def some_scores(rows: int, seed: int = 1, worse: float = 0.0) -> tuple[list[int], list[float]]:
    """Labels, a third of them positive, and scores that tell them apart well, or less well."""
    random = np.random.default_rng(seed)
    truths = random.random(rows) < 1 / 3
    logits = np.where(truths, 1.3 - worse, -1.3 + worse) + random.normal(size=rows)
    return truths.astype(int).tolist(), (1 / (1 + np.exp(-logits))).tolist()


def labelled(truths: list[str], said: list[str], kind: ProblemType = ProblemType.MULTICLASS) -> Quality:
    rows = zip(truths, said, strict=True)
    return judge(Problem(kind, inference="answer"), [Answer(truth, answer) for truth, answer in rows])
