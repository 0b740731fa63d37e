"""Payload templates: JSON in which fields named `x.$` hold a path or a call of an intrinsic function.

https://states-language.net/spec.html#payload-template. Used by Parameters, ResultSelector, ItemSelector, BatchInput,
Credentials and Assign of JSONPath states.
"""

from __future__ import annotations

from mlsystem.engine.decide.states.documents import Json, compact
from mlsystem.engine.decide.states.faults import RuntimeFailure
from mlsystem.engine.decide.states.intrinsic_syntax import (
    Call,
    Constant,
    IntrinsicSyntaxError,
    Text,
    parse_intrinsic,
)
from mlsystem.engine.decide.states.intrinsics import FUNCTIONS, IntrinsicFailure, format_text
from mlsystem.engine.decide.states.path_syntax import CONTEXT, ROOT, Path
from mlsystem.engine.decide.states.paths import PathNotFound, check_path, read
from mlsystem.engine.decide.states.scope import Scope

SUFFIX = ".$"


def fill(template: Json, document: Json, scope: Scope) -> Json:
    """The payload. `document` is what `$` means. Raises RuntimeFailure."""
    if isinstance(template, list):
        return [fill(item, document, scope) for item in template]
    if not isinstance(template, dict):
        return template
    return {
        name.removesuffix(SUFFIX): (
            resolve(value, document, scope, name) if name.endswith(SUFFIX) else fill(value, document, scope)
        )
        for name, value in template.items()
    }


def resolve(text: str, document: Json, scope: Scope, field: str) -> Json:
    """The value of a path or of a call, in the field named so."""
    if text.startswith("$"):
        return look_up(check_path(text), document, scope, field)
    return _invoke(parse_intrinsic(text), document, scope, field)


def look_up(path: Path, document: Json, scope: Scope, field: str) -> Json:
    """What a path means. Raises RuntimeFailure in AWS's words if it means nothing."""
    root = root_of(path, document, scope)
    try:
        return read(path, root)
    except PathNotFound as error:
        wanted = f"The JSONPath '{path.text}' specified for the field '{field}'"
        raise RuntimeFailure(f"{wanted} could not be found in the input '{compact(document)}'") from error


def root_of(path: Path, document: Json, scope: Scope) -> Json:
    """The document that the path applies to: the given one, the context object or a variable."""
    if path.root == ROOT:
        return document
    if path.root == CONTEXT:
        return scope.context
    if path.root not in scope.variables:
        raise RuntimeFailure(f"The variable '${path.root}' in the path '{path.text}' has not been assigned")
    return scope.variables[path.root]


def _invoke(call: Call, document: Json, scope: Scope, field: str) -> Json:
    values = [_value(argument, document, scope, field) for argument in call.arguments]
    template = call.arguments[0] if call.arguments else None
    try:
        if call.name == "States.Format" and isinstance(template, Text):
            return format_text(template.raw, values[1:])
        return FUNCTIONS[call.name].work(values, scope.chance)
    except IntrinsicFailure as error:
        raise RuntimeFailure(f"The function '{call.name}' specified for the field '{field}' failed: {error}") from error


def _value(argument: Text | Constant | Path | Call, document: Json, scope: Scope, field: str) -> Json:
    if isinstance(argument, Text):
        return argument.plain
    if isinstance(argument, Constant):
        return argument.value
    if isinstance(argument, Path):
        return look_up(argument, document, scope, field)
    return _invoke(argument, document, scope, field)


def check_intrinsic(text: str) -> Call:
    """Parse a call and see that its functions exist and take so many arguments.

    Raises IntrinsicSyntaxError and PathSyntaxError.
    """
    call = parse_intrinsic(text)
    _check_call(call)
    return call


def _check_call(call: Call) -> None:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise IntrinsicSyntaxError(f"there is no intrinsic function '{call.name}'")
    count = len(call.arguments)
    if count < function.fewest or (function.most is not None and count > function.most):
        most = "or more" if function.most is None else f"to {function.most}"
        raise IntrinsicSyntaxError(f"'{call.name}' takes {function.fewest} {most} arguments, not {count}")
    for argument in call.arguments:
        if isinstance(argument, Call):
            _check_call(argument)
