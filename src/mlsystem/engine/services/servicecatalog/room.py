"""AWS Service Catalog: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.servicecatalog.artifacts import Artifacts
from mlsystem.engine.services.servicecatalog.constraints import Constraints
from mlsystem.engine.services.servicecatalog.launching import Launching
from mlsystem.engine.services.servicecatalog.permissions import PERMISSIONS
from mlsystem.engine.services.servicecatalog.portfolios import Associations, Portfolios
from mlsystem.engine.services.servicecatalog.products import Products
from mlsystem.engine.services.servicecatalog.provisioned_product import ProvisionedProductMachine
from mlsystem.engine.services.servicecatalog.provisioned_products import ProvisionedProducts
from mlsystem.engine.services.servicecatalog.shelf import Shelf
from mlsystem.engine.services.servicecatalog.stack_changes import StackChanges


def open_room(house: House) -> Room:
    machine = ProvisionedProductMachine()
    return Room(
        "servicecatalog",
        [
            Portfolios(house),
            Associations(),
            Products(house),
            Artifacts(house),
            Constraints(house),
            Shelf(house),
            Launching(house, machine),
            ProvisionedProducts(house),
            StackChanges(house, machine),
        ],
        PERMISSIONS,
    )
