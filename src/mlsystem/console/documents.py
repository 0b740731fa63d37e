"""What lies in S3 for good and was read once, for all pages of this process."""

from __future__ import annotations

from mlsystem.client.stored_file import FinalDocuments

DOCUMENTS = FinalDocuments()
