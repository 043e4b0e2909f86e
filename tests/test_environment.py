"""environment.yml asks for what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def bounds(requirements: list[str]) -> dict[str, str]:
    """Package name (normalised) → its bounds, as in {"duckdb": ">=2.0"}."""
    split = [re.fullmatch(r"([\w.-]+)\s*(.*)", requirement) for requirement in requirements]
    return {re.sub(r"[-_.]+", "-", match[1]).lower(): match[2].replace(" ", "") for match in split if match}


def test_environment_and_pyproject_ask_for_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = [item for item in conda if isinstance(item, str)]
    from_pip = next(item["pip"] for item in conda if isinstance(item, dict))

    assert bounds(plain + from_pip) == bounds(
        [f"python{project['requires-python']}", "pip", *project["dependencies"]]
    )
    assert len(from_pip) == len(bounds(from_pip)), "a package is named twice"


def test_a_differing_bound_is_seen() -> None:
    assert bounds(["Typst >= 0.14", "pip"]) == {"typst": ">=0.14", "pip": ""}
    assert bounds(["typst>=0.13"]) != bounds(["typst>=0.14"])
