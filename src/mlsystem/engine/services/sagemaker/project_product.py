"""The product of the Service Catalog that a project is: asked for with the rights of whoever asks for the project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem.engine.contract import Call, House
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.sagemaker.project import Project, ProjectStatus, pairs


class ProjectProduct:
    """Launch, change, end. The Service Catalog then acts in the role of its launch constraint."""

    def __init__(self, house: House):
        self._house = house

    def launch(self, project: Project, tags: Iterable[Mapping[str, str]], call: Call) -> str:
        """The id of the provisioned product, whose name is the project's with its id."""
        details = project.details
        given = {item["Key"]: item.get("Value", "") for item in details.get("ProvisioningParameters", ())}
        asked = {
            "ProductId": details["ProductId"],
            "ProvisioningArtifactId": details.get("ProvisioningArtifactId"),
            "PathId": details.get("PathId"),
            "ProvisionedProductName": f"{project.key}-{project.id}",
            "ProvisioningParameters": pairs({**given, **project.own_parameters}),
            "Tags": list(tags),
            "ProvisionToken": project.id,
        }
        try:
            answer = self._house.call("servicecatalog", "ProvisionProduct", asked, call.principal)
        except AwsError as error:
            raise _translated(error) from error
        return str(answer["RecordDetail"]["ProvisionedProductId"])

    def change(self, project: Project, details: Mapping[str, Any], call: Call) -> Project:
        if not project.provisioned:
            raise AwsError("ValidationException", f"Project {project.key} is not one of the Service Catalog.")
        asked = {
            "ProvisionedProductId": project.provisioned,
            "ProvisioningArtifactId": details.get("ProvisioningArtifactId"),
            "ProvisioningParameters": list(details.get("ProvisioningParameters", ())),
            "UpdateToken": self._house.new_id(32),
        }
        try:
            self._house.call("servicecatalog", "UpdateProvisionedProduct", asked, call.principal)
        except AwsError as error:
            raise _translated(error) from error
        known = {**project.details, **details}
        return project.changed(state=ProjectStatus.UPDATE_IN_PROGRESS, details=known)

    def end(self, project: Project, call: Call) -> bool:
        """False where somebody has terminated it in the Service Catalog already."""
        asked = {"ProvisionedProductId": project.provisioned, "TerminateToken": self._house.new_id(32)}
        try:
            self._house.call("servicecatalog", "TerminateProvisionedProduct", asked, call.principal)
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return False
        return True


def _translated(error: AwsError) -> AwsError:
    """SageMaker tells in its own code what the Service Catalog refused."""
    if isinstance(error, NotImplementedHere) or error.code.startswith("AccessDenied"):
        return error
    return AwsError("ValidationException", f"Service Catalog: {error.message}")
