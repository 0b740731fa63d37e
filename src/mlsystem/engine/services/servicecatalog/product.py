"""A product: what can be launched, in versions that Service Catalog calls provisioning artifacts."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.contract import Call, House
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.s3_url import place_of
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

TEMPLATE = "CLOUD_FORMATION_TEMPLATE"


class Artifact(BaseModel):
    """One version. Service Catalog keeps the template: whatever becomes of the object that it was read from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    description: str
    template: str
    url: str
    token: str
    created_at: float
    is_active: bool = True
    guidance: str = "DEFAULT"


class Product(Record):
    """`key` is its id; `view` holds what it is called and who supports it, as CreateProduct takes it."""

    kind: ClassVar[str] = "servicecatalog.product"
    view: dict[str, str]
    token: str
    tags: dict[str, str] = Field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()

    @property
    def name(self) -> str:
        return self.view["Name"]

    def artifact(self, wanted: str | None = None) -> Artifact:
        """By id or name, else the newest active one. Raises AwsError(ResourceNotFoundException)."""
        active = [one for one in self.artifacts if one.is_active]
        found = [one for one in self.artifacts if wanted in (one.id, one.name)] if wanted else active
        if not found:
            what = f"provisioning artifact {wanted}" if wanted else "active provisioning artifact"
            raise AwsError("ResourceNotFoundException", f"Product {self.key} ({self.name}) has no {what}.")
        return found[-1]


def find_product(tx: Transaction, key: str | None, name: str | None = None) -> Product:
    """By id or name. Raises AwsError(ResourceNotFoundException)."""
    product = tx.get(Product, key) if key else next((one for one in tx.all(Product) if one.name == name), None)
    if product is None:
        raise AwsError("ResourceNotFoundException", f"Product {key or name} not found.")
    return product


def read_artifact(house: House, call: Call, parameters: dict[str, Any], token: str) -> Artifact:
    """As CreateProduct and CreateProvisioningArtifact take it; the template is read and checked as the caller."""
    kind = parameters.get("Type", TEMPLATE)
    if kind != TEMPLATE:
        raise NotImplementedHere(f"a provisioning artifact of type {kind}", f"{TEMPLATE} is")
    info = dict(parameters.get("Info", {}))
    if set(info) != {"LoadTemplateFromURL"}:
        message = "Info must have LoadTemplateFromURL, the address of a template in a bucket, and nothing else."
        raise AwsError("InvalidParametersException", message)
    template = _read_template(house, call, info["LoadTemplateFromURL"])
    if not parameters.get("DisableTemplateValidation", False):
        _check(house, call, template)
    return Artifact(
        id=f"pa-{house.new_id(13)}",
        name=parameters.get("Name", "v1"),
        description=parameters.get("Description", ""),
        template=template,
        url=info["LoadTemplateFromURL"],
        token=token,
        created_at=call.now,
    )


def _read_template(house: House, call: Call, url: str) -> str:
    place = place_of(url)
    if place is None:
        raise AwsError("InvalidParametersException", f"Invalid templateURL: {url} is not the address of an S3 object.")
    request = {"Bucket": place[0], "Key": place[1]}
    try:
        body: bytes = house.call("s3", "GetObject", request, call.principal)["Body"].read()
    except AwsError as error:
        message = f"Invalid templateURL: {url} cannot be read: {error.message}"
        raise AwsError("InvalidParametersException", message) from error
    return body.decode()


def _check(house: House, call: Call, template: str) -> None:
    try:
        house.call("cloudformation", "ValidateTemplate", {"TemplateBody": template}, call.principal)
    except AwsError as error:
        raise AwsError("InvalidParametersException", f"Invalid template: {error.message}") from error
