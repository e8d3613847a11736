from parley.chain.compiler import project_root
from scripts.python_page import PAGE, page


def test_the_page_says_what_docstrings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python scripts/python_page.py`"


def test_readers_find_the_page() -> None:
    assert "reference/python.md" in (project_root() / "docs" / "index.md").read_text(encoding="utf-8")
