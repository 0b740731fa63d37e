"""Pages of CodeDeploy's lists, whose length a client cannot choose."""

from __future__ import annotations

from mlsystem.engine.decide.paging import Paging

PAGES = Paging(100, "", "nextToken", "nextToken")
