"""EventBridge: which events a rule matches, and what its targets are given.

pattern = read_pattern(text)                  raises AwsError(InvalidEventPatternException)
pattern.matches(event)
transformer = InputTransformer(paths, template); transformer.check(target_id); transformer.apply(event, reserved)
"""

from mlsystem.engine.decide.pattern.path import extract
from mlsystem.engine.decide.pattern.pattern import Pattern, read_pattern
from mlsystem.engine.decide.pattern.transformer import InputTransformer, TransformFailed, reserved_variables

__all__ = ["InputTransformer", "Pattern", "TransformFailed", "extract", "read_pattern", "reserved_variables"]
