"""S3's answers have the root elements of S3's API reference, as clients that are no botocore read them."""

from __future__ import annotations

import re
import urllib.request
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from mlsystem.engine.coverage import covered
from mlsystem.engine.front.s3_xml import NAMESPACE, ROOTS
from tests.live import LiveEngine
