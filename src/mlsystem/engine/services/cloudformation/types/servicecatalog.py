"""AWS::ServiceCatalog: portfolio, product, their association, who may launch it, and in which role.

Every Create is given a token that is made of the action's key, so a repetition makes nothing twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import gone_tags, tag_list

SERVICE = "servicecatalog"
LANGUAGE = frozenset({"AcceptLanguage"})


def _token(site: Site, *what: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, "/".join((site.stack_id, site.key, *what))).hex


def _tokened(site: Site, properties: Mapping[str, Any]) -> dict[str, Any]:
    request = {**properties, "IdempotencyToken": _token(site)}
    tags = tag_list(site, properties)
    return {**request, "Tags": tags} if tags else {name: value for name, value in request.items() if name != "Tags"}


def _updated(site: Site, key: str, old: Properties, new: Properties, members: frozenset[str]) -> dict[str, Any]:
    given = {name: new[name] for name in members if name in new}
    removed = gone_tags(site, old, new)
    return {**given, "Id": key, "AddTags": tag_list(site, new) or None, "RemoveTags": removed or None}


# ------------------------------------------------------------------ portfolios
PORTFOLIO_PROPERTIES = frozenset({"DisplayName", "ProviderName", "Description"})


def _change_portfolio(site: Site, key: str, old: Properties, new: Properties) -> None:
    site.call(SERVICE, "UpdatePortfolio", _updated(site, key, old, new, PORTFOLIO_PROPERTIES))


PORTFOLIO = ApiType(
    name="AWS::ServiceCatalog::Portfolio",
    service=SERVICE,
    create_operation="CreatePortfolio",
    delete_operation="DeletePortfolio",
    properties=PORTFOLIO_PROPERTIES | LANGUAGE | {"Tags"},
    required=frozenset({"DisplayName", "ProviderName"}),
    attributes=frozenset({"PortfolioName"}),
    arguments=_tokened,
    identify=lambda answer, _request: str(answer["PortfolioDetail"]["Id"]),
    describe_with=lambda _site, _key, properties: {"PortfolioName": properties["DisplayName"]},
    delete_request=lambda key, _properties: {"Id": key},
    change=_change_portfolio,
)

# ------------------------------------------------------------------ products
VIEW = frozenset({"Name", "Owner", "Description", "Distributor", "SupportDescription", "SupportEmail", "SupportUrl"})
VERSIONS = "ProvisioningArtifactParameters"


def _product_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    view = {name: value for name, value in properties.items() if name in VIEW | LANGUAGE | {"Tags"}}
    request = {**view, "ProductType": "CLOUD_FORMATION_TEMPLATE", VERSIONS: properties[VERSIONS][0]}
    return _tokened(site, request)


def _add_versions(site: Site, key: str, versions: Sequence[Mapping[str, Any]]) -> None:
    for version in versions:
        token = _token(site, *_identity(version))
        request = {"ProductId": key, "Parameters": version, "IdempotencyToken": token}
        operation = "CreateProvisioningArtifact"
        site.call(SERVICE, operation, coerced(SERVICE, operation, request))


def _identity(version: Mapping[str, Any]) -> tuple[str, str]:
    """Versions are told from each other by name and template."""
    return str(version.get("Name", "")), str(version["Info"]["LoadTemplateFromURL"])


def _change_product(site: Site, key: str, old: Properties, new: Properties) -> None:
    site.call(SERVICE, "UpdateProduct", _updated(site, key, old, new, VIEW))
    before = {_identity(version) for version in old[VERSIONS]}
    after = {_identity(version) for version in new[VERSIONS]}
    _add_versions(site, key, [version for version in new[VERSIONS] if _identity(version) not in before])
    known = site.call(SERVICE, "DescribeProductAsAdmin", {"Id": key})["ProvisioningArtifactSummaries"]
    for summary in known:
        identity = summary["Name"], summary["ProvisioningArtifactMetadata"]["LoadTemplateFromURL"]
        if identity in before - after:
            gone = {"ProductId": key, "ProvisioningArtifactId": summary["Id"]}
            site.call(SERVICE, "DeleteProvisioningArtifact", gone)


def _describe_product(site: Site, key: str) -> dict[str, Any]:
    known = site.call(SERVICE, "DescribeProductAsAdmin", {"Id": key})
    versions = known["ProvisioningArtifactSummaries"]
    return {
        "ProductName": known["ProductViewDetail"]["ProductViewSummary"]["Name"],
        "ProvisioningArtifactIds": ",".join(version["Id"] for version in versions),
        "ProvisioningArtifactNames": ",".join(version["Name"] for version in versions),
    }


PRODUCT = ApiType(
    name="AWS::ServiceCatalog::CloudFormationProduct",
    service=SERVICE,
    create_operation="CreateProduct",
    delete_operation="DeleteProduct",
    properties=VIEW | LANGUAGE | {VERSIONS, "Tags"},
    required=frozenset({"Name", "Owner", VERSIONS}),
    attributes=frozenset({"ProductName", "ProvisioningArtifactIds", "ProvisioningArtifactNames"}),
    arguments=_product_arguments,
    identify=lambda answer, _request: str(answer["ProductViewDetail"]["ProductViewSummary"]["ProductId"]),
    finish=lambda site, key, properties: _add_versions(site, key, properties[VERSIONS][1:]),
    describe=_describe_product,
    delete_request=lambda key, _properties: {"Id": key},
    change=_change_product,
)

# ------------------------------------------------------------------ associations
PRODUCT_ASSOCIATION = ApiType(
    name="AWS::ServiceCatalog::PortfolioProductAssociation",
    service=SERVICE,
    create_operation="AssociateProductWithPortfolio",
    delete_operation="DisassociateProductFromPortfolio",
    properties=frozenset({"PortfolioId", "ProductId"}) | LANGUAGE,
    required=frozenset({"PortfolioId", "ProductId"}),
    identify=lambda _answer, request: f"{request['PortfolioId']}|{request['ProductId']}",
    delete_request=lambda _key, properties: {name: properties[name] for name in ("PortfolioId", "ProductId")},
)
PRINCIPAL_ASSOCIATION = ApiType(
    name="AWS::ServiceCatalog::PortfolioPrincipalAssociation",
    service=SERVICE,
    create_operation="AssociatePrincipalWithPortfolio",
    delete_operation="DisassociatePrincipalFromPortfolio",
    properties=frozenset({"PortfolioId", "PrincipalARN", "PrincipalType"}) | LANGUAGE,
    required=frozenset({"PortfolioId", "PrincipalARN", "PrincipalType"}),
    identify=lambda _answer, request: f"{request['PortfolioId']}|{request['PrincipalARN']}",
    delete_request=lambda _key, properties: {name: properties[name] for name in ("PortfolioId", "PrincipalARN")},
)

# ------------------------------------------------------------------ launch roles
ROLE_MEMBERS = ("RoleArn", "LocalRoleName")


def _role(properties: Properties) -> str:
    return json.dumps({name: properties[name] for name in ROLE_MEMBERS if name in properties})


def _constraint_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in properties.items() if name not in ROLE_MEMBERS}
    return {**given, "Type": "LAUNCH", "Parameters": _role(properties), "IdempotencyToken": _token(site)}


def _change_constraint(site: Site, key: str, old: Properties, new: Properties) -> None:
    request = {"Id": key, "Parameters": _role(new), "Description": new.get("Description")}
    site.call(SERVICE, "UpdateConstraint", request)


LAUNCH_ROLE = ApiType(
    name="AWS::ServiceCatalog::LaunchRoleConstraint",
    service=SERVICE,
    create_operation="CreateConstraint",
    delete_operation="DeleteConstraint",
    properties=frozenset({"PortfolioId", "ProductId", "Description", *ROLE_MEMBERS}) | LANGUAGE,
    required=frozenset({"PortfolioId", "ProductId"}),
    immutable=frozenset({"PortfolioId", "ProductId"}),
    arguments=_constraint_arguments,
    identify=lambda answer, _request: str(answer["ConstraintDetail"]["ConstraintId"]),
    delete_request=lambda key, _properties: {"Id": key},
    change=_change_constraint,
)

TYPES = (PORTFOLIO, PRODUCT, PRODUCT_ASSOCIATION, PRINCIPAL_ASSOCIATION, LAUNCH_ROLE)
