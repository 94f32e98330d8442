"""The reference pages say what the code says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "page"), generator().PAGES.items())
def test_a_generated_page_is_current(name: str, page) -> None:
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == page(), f"docs/reference/{name} is out of date: run python docs/generate.py"
