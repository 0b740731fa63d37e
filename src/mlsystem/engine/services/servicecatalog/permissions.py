"""What Service Catalog's operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsservicecatalog.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, Requirement, on

ROOT = "arn:${Partition}:catalog:${Region}:${Account}:"
PORTFOLIO = ROOT + "portfolio/${Id}"
PORTFOLIO_ID = ROOT + "portfolio/${PortfolioId}"
PRODUCT = ROOT + "product/${Id}"
PRODUCT_ID = ROOT + "product/${ProductId}"


def launch_role(asked: Asked) -> Iterator[Requirement]:
    """The role of a launch constraint is handed to the service; it stands in the text of the constraint's parameters."""
    try:
        role = json.loads(asked.request.get("Parameters", "")).get("RoleArn")
    except (ValueError, AttributeError):
        return
    if isinstance(role, str):
        yield Requirement("iam:PassRole", role, {"iam:passedtoservice": ("servicecatalog.amazonaws.com",)})


PERMISSIONS = Permissions(
    "servicecatalog",
    {
        # portfolios
        "CreatePortfolio": [on(PORTFOLIO)],
        "DescribePortfolio": [on(PORTFOLIO)],
        "ListPortfolios": [on(ANY)],
        "UpdatePortfolio": [on(PORTFOLIO)],
        "DeletePortfolio": [on(PORTFOLIO)],
        "AssociateProductWithPortfolio": [on(ANY)],
        "DisassociateProductFromPortfolio": [on(ANY)],
        "ListPortfoliosForProduct": [on(PRODUCT_ID)],
        "AssociatePrincipalWithPortfolio": [on(PORTFOLIO_ID)],
        "DisassociatePrincipalFromPortfolio": [on(PORTFOLIO_ID)],
        "ListPrincipalsForPortfolio": [on(PORTFOLIO_ID)],
        # products
        "CreateProduct": [on(PRODUCT)],
        "DescribeProductAsAdmin": [on(PRODUCT)],
        "UpdateProduct": [on(PRODUCT)],
        "DeleteProduct": [on(PRODUCT)],
        "SearchProductsAsAdmin": [on(ANY)],
        "CreateProvisioningArtifact": [on(PRODUCT_ID)],
        "DescribeProvisioningArtifact": [on(PRODUCT_ID)],
        "UpdateProvisioningArtifact": [on(PRODUCT_ID)],
        "DeleteProvisioningArtifact": [on(PRODUCT_ID)],
        "ListProvisioningArtifacts": [on(PRODUCT_ID)],
        # constraints
        "CreateConstraint": [on(PRODUCT_ID), launch_role],
        "DescribeConstraint": [on(ANY)],
        "UpdateConstraint": [on(ANY), launch_role],
        "DeleteConstraint": [on(ANY)],
        "ListConstraintsForPortfolio": [on(ANY)],
        # what a user sees and launches
        "SearchProducts": [on(ANY)],
        "DescribeProduct": [on(PRODUCT)],
        "ListLaunchPaths": [on(PRODUCT_ID)],
        "DescribeProvisioningParameters": [on(PRODUCT_ID)],
        "ProvisionProduct": [on(PRODUCT_ID)],
        "UpdateProvisionedProduct": [on(ANY)],
        "TerminateProvisionedProduct": [on(ANY)],
        "DescribeProvisionedProduct": [on(ANY)],
        "GetProvisionedProductOutputs": [on(ANY)],
        "SearchProvisionedProducts": [on(ANY)],
        "ScanProvisionedProducts": [on(ANY)],
        "DescribeRecord": [on(ANY)],
        "ListRecordHistory": [on(ANY)],
    },
)
