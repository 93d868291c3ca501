"""Versions of installed packages."""

from importlib.metadata import version


def of(*packages: str) -> dict[str, dict[str, str]]:
    """What was really measured."""
    return {"versions": {package: version(package) for package in packages}}
