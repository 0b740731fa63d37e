"""Tests of pages. A package, so that its fixtures last for all of its files, and no longer."""
