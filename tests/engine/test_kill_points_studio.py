"""Projects when the engine is killed: each is launched once, and ended once, wherever that happens."""

from __future__ import annotations

from pathlib import Path

from tests.engine.test_studio import SMALL
from tests.killpoints import Harness
from tests.live import LiveEngine


class ProjectScenario:
    """A project is made and deleted. Without a launch role, which is a matter of rights and not of time."""

    essential: tuple[str, ...] = (
        "servicecatalog.provisioned_product.UNDER_CHANGE.before_commit",
        "sagemaker.project.CreateCompleted.before_commit",
        "servicecatalog.change_stack.before",
        # The stack has been asked for, and nobody knows.
        "servicecatalog.change_stack.after",
        "servicecatalog.provisioned_product.AVAILABLE.after_commit",
        "servicecatalog.provisioned_product.TERMINATED.before_commit",
        "sagemaker.project.DeleteCompleted.after_commit",
    )

    def prepare(self, live: LiveEngine) -> None:
        live.client("s3").create_bucket(Bucket="templates")
        live.client("s3").put_object(Bucket="templates", Key="small.json", Body=SMALL)
        catalogue = live.client("servicecatalog")
        portfolio = catalogue.create_portfolio(DisplayName="all", ProviderName="us")["PortfolioDetail"]["Id"]
        version = {"Name": "v1", "Info": {"LoadTemplateFromURL": "https://templates.s3.amazonaws.com/small.json"}}
        made = catalogue.create_product(
            Name="small", Owner="us", ProductType="CLOUD_FORMATION_TEMPLATE", ProvisioningArtifactParameters=version
        )
        product = made["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
        catalogue.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)

    def act(self, live: LiveEngine) -> None:
        (product,) = live.client("servicecatalog").search_products()["ProductViewSummaries"]
        sagemaker = live.client("sagemaker")
        if not sagemaker.list_projects()["ProjectSummaryList"]:
            details = {"ProductId": product["ProductId"]}
            sagemaker.create_project(ProjectName="killed", ServiceCatalogProvisioningDetails=details)
        if self._settled(live) == "CreateCompleted":
            (topic,) = live.client("sns").list_topics()["Topics"]
            assert ":mls-killed-p-" in topic["TopicArn"], "made once"
            sagemaker.delete_project(ProjectName="killed")

    def settle(self, live: LiveEngine) -> None:
        live.eventually(lambda: self._status(live) == "DeleteCompleted")

    def check(self, live: LiveEngine) -> None:
        catalogue = live.client("servicecatalog")
        assert catalogue.scan_provisioned_products()["ProvisionedProducts"] == []
        assert live.client("sns").list_topics()["Topics"] == []
        found = live.client("cloudformation").list_stacks()["StackSummaries"]
        assert [stack["StackStatus"] for stack in found] == ["DELETE_COMPLETE"]
        records = catalogue.list_record_history()["RecordDetails"]
        assert [(one["RecordType"], one["Status"]) for one in records] == [
            ("TERMINATE_PROVISIONED_PRODUCT", "SUCCEEDED"),
            ("PROVISION_PRODUCT", "SUCCEEDED"),
        ]

    def _settled(self, live: LiveEngine) -> str:
        def look() -> str:
            status = self._status(live)
            return "" if status.endswith("InProgress") else status

        return str(live.eventually(look))

    def _status(self, live: LiveEngine) -> str:
        return str(live.client("sagemaker").describe_project(ProjectName="killed")["ProjectStatus"])


def test_a_project_outlives_the_engine_at_every_essential_point(tmp_path: Path) -> None:
    Harness(tmp_path, ProjectScenario()).visit()
