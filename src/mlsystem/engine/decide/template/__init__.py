"""The pure half of CloudFormation: from the text of a template to what is to be done, and to how a stack lives.

In the order of use:

    template = load(text)                               form, in CloudFormation's words
    texts = resolve_parameters(template.parameters, given)
    template = expand(template, region, values)         the SAM transform
    scope = make_scope(template, texts, pseudo, exports, zones)
    target = make_target(template, scope)               everything decided that can be, nothing done
    print(plan(deployed, target, kinds))                what would happen
    step = advance(state, UpdateRequested(...), kinds)  the stack machine (in `stack`)
"""

from mlsystem.engine.decide.template.capability import check_capabilities, required_capabilities
from mlsystem.engine.decide.template.conditions import evaluate_conditions
from mlsystem.engine.decide.template.dynamic import (
    DynamicReference,
    dynamic_references,
    resolve_dynamic_references,
)
from mlsystem.engine.decide.template.environment import Environment, Scope, pseudo_parameters
from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.evaluation import Evaluation, Reference, evaluate
from mlsystem.engine.decide.template.instance import Instance, Kinds, changed_properties
from mlsystem.engine.decide.template.model import Output, Parameter, Resource, Template
from mlsystem.engine.decide.template.parameters import (
    displayed_parameters,
    parameter_values,
    resolve_parameters,
)
from mlsystem.engine.decide.template.plan import Change, ChangeAction, Deployed, Plan, plan
from mlsystem.engine.decide.template.sections import load
from mlsystem.engine.decide.template.serverless import expand
from mlsystem.engine.decide.template.target import (
    Target,
    TargetResource,
    check_attributes,
    make_scope,
    make_target,
    settle,
)
from mlsystem.engine.decide.template.validation import validate

__all__ = [
    "Change",
    "ChangeAction",
    "Deployed",
    "DynamicReference",
    "Environment",
    "Evaluation",
    "Instance",
    "Kinds",
    "Output",
    "Parameter",
    "Plan",
    "Reference",
    "Resource",
    "Scope",
    "Target",
    "TargetResource",
    "Template",
    "TemplateError",
    "changed_properties",
    "check_attributes",
    "check_capabilities",
    "displayed_parameters",
    "dynamic_references",
    "evaluate",
    "evaluate_conditions",
    "expand",
    "load",
    "make_scope",
    "make_target",
    "parameter_values",
    "plan",
    "pseudo_parameters",
    "required_capabilities",
    "resolve_dynamic_references",
    "resolve_parameters",
    "settle",
    "validate",
]
