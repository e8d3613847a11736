"""Put into the package what cannot be made where it is installed.

Contracts and their sources, d3, Plot, ready problems.

A wheel built from a source distribution takes what that one carries, and needs neither Node nor a compiler.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LIBRARIES = ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js")


class PackageData(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is of no use here
    """Fills `_packaged` before the package is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile and copy, but for an editable installation, which uses the clone's own files."""
        del build_data
        root = Path(self.root)
        target = root / "sim" / "parley" / "_packaged"
        if version == "editable" or (target.is_dir() and not (root / ".git").exists()):
            return
        libraries = [root / "node_modules" / library for library in _LIBRARIES]
        for library in libraries:
            if not library.is_file():
                raise SystemExit(f"{library}: is missing; `make setup` installs it")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        sys.path.insert(0, str(root / "sim"))
        from parley.chain import compiler  # noqa: PLC0415 -- the package is only now found

        artifacts = [artifact.to_json() for artifact in compiler.compile_contracts(root).values()]
        (target / "contracts.json").write_text(json.dumps(artifacts), encoding="utf-8")
        # For packages that add a mechanism: their contracts may import these.
        names = sorted(path.relative_to(root).as_posix() for path in (root / "contracts").rglob("*.sol"))
        remappings = compiler.read_settings(root).remappings
        for name, text in compiler.source_closure(names, {}, root, remappings).items():
            file = target / "solidity" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        shutil.copy(root / "brownie-config.yaml", target / "solidity")
        for library in libraries:
            shutil.copy(library, target)
        shutil.copytree(root / "problems", target / "problems")
