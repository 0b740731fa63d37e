"""Licences: what a package says of itself as an SPDX expression, and which expressions we take without a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path

import yaml

from tests.supply_chain.locks import ROOT, Package

TABLE = ROOT / "requirements" / "licences.tsv"
REASONS = ROOT / "requirements" / "licences.yaml"
UNKNOWN = "LicenseRef-unknown"
# They ask for no more than that their text and the name of the author stay.
PERMISSIVE = frozenset(
    {
        *("0BSD", "AFL-2.1", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "BlueOak-1.0.0", "CC0-1.0"),
        *(
            "CNRI-Python",
            "HPND",
            "ISC",
            "LicenseRef-BSD",
            "MIT",
            "MIT-0",
            "MIT-CMU",
            "PSF-2.0",
            "Python-2.0",
            "Unlicense",
            "ZPL-2.1",
            "Zlib",
        ),
    }
)
BSD = "BSD"  # which of them is only in its text

_TOKEN = re.compile(r"\s*(\(|\)|[\w.+-]+)")
# What the field `License` says where it is no SPDX expression; looked for at its beginning, without case.
_WORDS = {
    r"(the )?apache( software)?( license)?,?\s*(version )?2(\.0)?$|asl 2|apache license\s+version 2": "Apache-2.0",
    r"(the )?mit( license)?\b": "MIT",
    r"(bsd 3-clause|3-clause bsd)": "BSD-3-Clause",
    r"bsd 2-clause": "BSD-2-Clause",
    r"isc license": "ISC",
    r"cc0$": "CC0-1.0",
    r"psf": "PSF-2.0",
    r"bsd$": BSD,
}
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": BSD,
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Zope Public License": "ZPL-2.1",
    "GNU General Public License (GPL)": "GPL-3.0-or-later",
    "Public Domain": "LicenseRef-public-domain",
}


@dataclass(frozen=True)
class Reasons:
    """Written by hand: licences of packages that do not say all of theirs, and why those that are not permissive may be here.

    `for_tests` are exceptions that what is shipped must not need.
    """

    stated: Mapping[str, str]
    exceptions: Mapping[str, str]
    for_tests: Mapping[str, str]


def reasons() -> Reasons:
    content = yaml.safe_load(REASONS.read_text())
    stated = {name: str(entry["licence"]) for name, entry in content["stated"].items()}
    return Reasons(stated, content["exceptions"], content["exceptions_for_tests"])


def table() -> dict[Package, str]:
    """What was found for each locked package when the table was last written."""
    found = {}
    for line in TABLE.read_text().splitlines():
        pin, _, licence = line.partition("\t")
        name, _, version = pin.partition("==")
        found[Package(name, version)] = licence.strip()
    return found


def table_text(licences: Mapping[Package, str]) -> str:
    return "".join(f"{package}\t{licence}\n" for package, licence in sorted(licences.items()))


def refused(licences: Mapping[Package, str], exceptions: Iterable[str]) -> list[str]:
    """The packages whose licence is not permissive, and that nobody has explained."""
    explained = set(exceptions)
    return [
        f"{package}: {licence}"
        for package, licence in sorted(licences.items())
        if not is_permissive(licence) and package.name not in explained
    ]


def is_permissive(expression: str) -> bool:
    """Of an SPDX expression: all that AND joins must be, one of what OR joins. Raises ValueError for what is none."""
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != re.sub(r"\s", "", expression) or not tokens:
        raise ValueError(f"{expression!r} is no SPDX expression")
    is_fine = _any(tokens)
    if tokens:
        raise ValueError(f"{expression!r} is no SPDX expression: {tokens[0]}")
    return is_fine


def _any(tokens: list[str]) -> bool:
    found = [_all(tokens)]
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        found.append(_all(tokens))
    return any(found)


def _all(tokens: list[str]) -> bool:
    found = [_one(tokens)]
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        found.append(_one(tokens))
    return all(found)


def _one(tokens: list[str]) -> bool:
    token = tokens.pop(0) if tokens else ""
    if token == "(":
        is_fine = _any(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("a parenthesis is not closed")
        return is_fine
    if token in ("", ")", "AND", "OR"):
        raise ValueError(f"{token!r} where a licence should be")
    if tokens[:1] == ["WITH"]:  # an exception permits more, not enough to ask for nothing
        del tokens[:2]
    return token in PERMISSIVE


def licence_of(distribution: Distribution) -> str:
    """From its metadata, and from its licence's text where those only say BSD."""
    metadata: Message = distribution.metadata  # type: ignore[assignment]
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    words = " ".join(str(metadata.get("License") or "").split())
    found = _of_words(words) or _of_classifiers(metadata.get_all("Classifier") or []) or _of_text(distribution)
    return " ".join(_bsd(distribution) if name == BSD else name for name in found.split())


def _of_words(words: str) -> str:
    try:
        is_permissive(words)
    except ValueError:
        pass
    else:
        if _is_known(words):
            return words
    for pattern, licence in _WORDS.items():
        if re.match(pattern, words, re.IGNORECASE):
            return licence
    return ""


def _is_known(expression: str) -> bool:
    names = [token for token in _TOKEN.findall(expression) if token not in ("(", ")", "AND", "OR")]
    return all(name in PERMISSIVE or re.fullmatch(r"(MPL|L?GPL)-\d\.\d(-only|-or-later)?", name) for name in names)


def _of_classifiers(classifiers: Iterable[str]) -> str:
    """Where there are several they all count: which of them may be chosen is not said there."""
    last = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License ::")]
    found = sorted({_CLASSIFIERS[name] for name in last if name in _CLASSIFIERS})
    return " AND ".join(found)


def _of_text(distribution: Distribution) -> str:
    return "MIT" if "permission is hereby granted, free of charge" in _text(distribution) else UNKNOWN


def _bsd(distribution: Distribution) -> str:
    text = _text(distribution)
    if "neither the name" in text or "names of its contributors may" in text:
        return "BSD-3-Clause"
    return "BSD-2-Clause" if "redistributions of source code" in text else "LicenseRef-BSD"


def _text(distribution: Distribution) -> str:
    return " ".join(" ".join(path.read_text(errors="replace").split()) for path in _licence_files(distribution)).lower()


def _licence_files(distribution: Distribution) -> Iterator[Path]:
    for file in distribution.files or []:
        if re.search(r"dist-info/(.*/)?(licen[cs]e|copying)", str(file), re.IGNORECASE):
            path = Path(str(distribution.locate_file(file)))
            if path.is_file():
                yield path
