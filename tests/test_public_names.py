"""Every public name is explained: in the README or by a docstring, and the README's examples run."""

from __future__ import annotations

import ast
import doctest
from pathlib import Path

import journeylib

ROOT = Path(__file__).parent.parent


def test_every_first_name_stands_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in journeylib.__all__ if name not in readme] == []


def test_every_public_name_of_every_module_has_a_docstring():
    lacking = []
    for path in sorted((ROOT / "journeylib").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and not ast.get_docstring(tree):
            lacking.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            is_public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if is_public and not ast.get_docstring(node):
                lacking.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert lacking == []


def test_the_readme_s_examples_run(monkeypatch):
    monkeypatch.chdir(ROOT)
    failures, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert (failures, tried > 0) == (0, True)


def test_no_module_is_a_hub():
    assert [path.name for path in (ROOT / "journeylib").rglob("utils*")] == []
    assert len((ROOT / "journeylib" / "__init__.py").read_text(encoding="utf-8").splitlines()) < 40
