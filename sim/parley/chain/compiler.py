"""Compile the tree's contracts with the settings of brownie-config.yaml.

The compiler is native if possible (installed, or downloaded by py-solc-x), otherwise the npm package `solc`
of the same version; both give the same bytecode. Results are cached by a hash of the sources, everything they
import, the settings and the compiler version.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import re
import tempfile
import warnings
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from parley.chain import solc
from parley.core import resources
from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LOG = logging.getLogger(__name__)

# Part of the cache key; increased when the stored format changes.
_CACHE_FORMAT = 1

_COMMENTS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
_IMPORTS = re.compile(r'\bimport\b[^;"\']*["\']([^"\']+)["\']')


class CompilerError(ParleyError):
    """Contracts do not compile, or there is no compiler."""


class CompilerWarning(UserWarning):
    """A compiler warning about a source of the tree, repeated at every use of the cached result."""


@dataclass(frozen=True)
class Settings:
    """What brownie-config.yaml says about compiling.

    Attributes
    ----------
    version : str
        Compiler version, e.g. ``"0.8.30"``.
    evm_version : str
        The fork compiled for, e.g. ``"prague"``.
    optimizer : Mapping[str, Any]
        The compiler's own optimizer settings.
    remappings : tuple[str, ...]
        ``prefix=path``; paths relative to the tree.
    via_ir : bool
        Whether to compile through the intermediate representation.
    """

    version: str
    evm_version: str
    optimizer: Mapping[str, Any]
    remappings: tuple[str, ...]
    via_ir: bool

    def standard_json(self) -> dict[str, Any]:
        """Return the `settings` object of the compiler's standard JSON input."""
        return {
            "evmVersion": self.evm_version,
            "optimizer": dict(self.optimizer),
            "remappings": list(self.remappings),
            "viaIR": self.via_ir,
        }


@dataclass(frozen=True)
class Artifact:
    """One compiled contract, interface or library.

    Attributes
    ----------
    name, source : str
        The contract's name and its source file, relative to the tree.
    abi : list[dict]
        As the compiler gives it.
    bytecode, deployed_bytecode : bytes
        Creation code, and runtime code with immutables zero; both empty for interfaces and abstract
        contracts.
    storage_layout : dict
        As the compiler gives it.
    immutable_references : dict
        Places of immutables in `deployed_bytecode`.
    compiler : str
        Full compiler version with commit.
    """

    name: str
    source: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes
    storage_layout: dict[str, Any]
    immutable_references: dict[str, Any]
    compiler: str

    @cached_property
    def selectors(self) -> dict[str, bytes]:
        """Four-byte selectors by function name; overloaded functions by full signature."""
        from parley.chain.abi import selectors  # noqa: PLC0415 -- abi types its arguments with this class

        return selectors(self.abi)

    def to_json(self) -> dict[str, Any]:
        """Return the artifact as a JSON object, byte strings in hex."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: value.hex() if isinstance(value, bytes) else value for key, value in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Artifact:
        """Read back what `to_json` wrote."""
        codes = {key: bytes.fromhex(values[key]) for key in ("bytecode", "deployed_bytecode")}
        return cls(**{**values, **codes})


def project_root() -> Path:
    """Return the clone with this code; raises `CompilerError` in an installed package."""
    root = resources.tree()
    if root is None:
        raise CompilerError(
            "contracts can only be compiled in a clone of Parley, and this is an installed package"
        )
    return root


def read_settings(root: Path | None = None) -> Settings:
    """Read the compiler settings of a tree's brownie-config.yaml.

    Raises
    ------
    CompilerError
        If the file is missing or lacks a setting.

    Examples
    --------
    >>> read_settings().version.split(".")[:2]
    ['0', '8']
    """
    path = (root or project_root()) / resources.CONFIG
    try:
        compiler = yaml.safe_load(path.read_text(encoding="utf-8"))["compiler"]
        solc_settings = compiler["solc"]
        remappings = solc_settings.get("remappings") or ()
        return Settings(
            version=str(solc_settings["version"]),
            evm_version=str(compiler["evm_version"]),
            optimizer=dict(solc_settings["optimizer"]),
            remappings=tuple([remappings] if isinstance(remappings, str) else remappings),
            via_ir=bool(solc_settings.get("viaIR", False)),
        )
    except OSError as error:
        raise CompilerError(f"{path}: {error.strerror}") from error
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise CompilerError(f"{path}: incomplete compiler settings ({error})") from error


def compile_contracts(
    root: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    only: Iterable[str] | None = None,
) -> dict[str, Artifact]:
    """Compile the contracts of a tree, or take them from the cache or the installed package.

    Parameters
    ----------
    root : Path, optional
        The tree; by default the one with this package.
    overrides : Mapping[str, str], optional
        Source texts that replace or join those on disk, by path relative to the tree
        (``"contracts/coordination/TwoStageMechanism.sol"``). Nothing is written to the tree.
    only : Iterable[str], optional
        Compile these source files (and what they import) instead of everything under ``contracts/``.

    Returns
    -------
    dict[str, Artifact]
        By contract name, in the order of source files; without contracts that are imported from packages.

    Raises
    ------
    CompilerError
        If the contracts do not compile, two have one name, or there is no compiler.
    """
    if root is None and not overrides and only is None and resources.tree() is None:
        return dict(_packaged())
    root = root or project_root()
    texts = dict(overrides or {})
    if only is None:
        found = (path.relative_to(root).as_posix() for path in (root / "contracts").rglob("*.sol"))
        wanted = sorted({*found, *texts})
    else:
        wanted = sorted(set(only))
    return compile_sources({name: texts.get(name) for name in wanted}, root=root, overrides=texts)


@cache
def _packaged() -> Mapping[str, Artifact]:
    """Return the contracts of the installed package."""
    entries = json.loads(resources.packaged("contracts.json").read_text(encoding="utf-8"))
    return {entry["name"]: Artifact.from_json(entry) for entry in entries}


def compile_sources(
    sources: Mapping[str, str | None],
    root: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> dict[str, Artifact]:
    """Compile given sources, which may import files of a tree.

    Parameters
    ----------
    sources : Mapping[str, str | None]
        Source text by file name; None reads the file of that name in the tree.
    root : Path, optional
        Tree for settings and imports; by default the one with this package.
    overrides : Mapping[str, str], optional
        Texts that replace those of imported files.
    settings : Settings, optional
        Other settings than the tree's.

    Returns
    -------
    dict[str, Artifact]
        The contracts of `sources`, by name.

    Raises
    ------
    CompilerError
        As `compile_contracts`.
    """
    root = root or project_root()
    settings = settings or read_settings(root)
    given = dict(overrides or {}) | {name: text for name, text in sources.items() if text is not None}
    closure = source_closure(list(sources), given, root, settings.remappings)
    wanted = ["abi", "evm.bytecode.object", "evm.deployedBytecode", "metadata", "storageLayout"]
    request = {
        "language": "Solidity",
        "sources": {name: {"content": closure[name]} for name in sorted(closure)},
        "settings": {
            **settings.standard_json(),
            "outputSelection": {name: {"*": wanted} for name in sorted(sources)},
        },
    }
    key = hashlib.sha256(
        json.dumps([_CACHE_FORMAT, settings.version, request], sort_keys=True).encode()
    ).hexdigest()
    path = cache_directory(root) / f"{key[:32]}.json"
    with _locked(path):
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            artifacts = {entry["name"]: Artifact.from_json(entry) for entry in stored["artifacts"]}
            complaints = list(stored["warnings"])
        except (OSError, ValueError, KeyError, TypeError):
            _LOG.info("compiling contracts (once; up to a minute)…")
            output = solc.run(request, settings.version, root, path.parent)
            artifacts = _artifacts(output)
            complaints = [solc.summary(entry) for entry in output.get("errors") or () if _is_ours(entry)]
            entries = [artifact.to_json() for artifact in artifacts.values()]
            _write(path, json.dumps({"artifacts": entries, "warnings": complaints}))
    for complaint in complaints:
        warnings.warn(complaint, CompilerWarning, stacklevel=2)
    return artifacts


def compile_folder(folder: Path) -> dict[str, Artifact]:
    """Compile the contracts of a package outside the tree, with Parley's settings.

    They import Parley's own as ``parley/…``: ``import {Draws} from "parley/randomness/Draws.sol"``.

    Parameters
    ----------
    folder : Path
        All ``.sol`` files below it are compiled.

    Returns
    -------
    dict[str, Artifact]
        The contracts of the folder, by name.

    Raises
    ------
    CompilerError
        As `compile_contracts`, or if the folder has no contract.
    """
    root = resources.solidity()
    settings = read_settings(root)
    sources = {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.sol"))
    }
    if not sources:
        raise CompilerError(f"{folder}: no .sol file")
    settings = replace(settings, remappings=(*settings.remappings, "parley/=contracts/"))
    return compile_sources(dict(sources), root=root, settings=settings)


def cache_directory(root: Path) -> Path:
    """Return the folder for compiled contracts.

    It is $PARLEY_CACHE if set, otherwise ``build/cache`` of the tree, otherwise the user's cache.

    Raises
    ------
    CompilerError
        If none of them can be written.
    """
    if chosen := os.environ.get("PARLEY_CACHE"):
        candidates = [Path(os.path.expanduser(chosen))]  # noqa: PTH111 - Path's raises where there is no home
    else:
        home = os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")  # noqa: PTH111 - as above
        own = [] if resources.is_packaged(root) else [root / "build" / "cache"]
        candidates = [*own, Path(home) / "parley"]
    for candidate in candidates:
        if str(candidate).startswith("~"):  # no home folder
            continue
        with contextlib.suppress(OSError):
            candidate.mkdir(parents=True, exist_ok=True)
            if os.access(candidate, os.W_OK):
                return candidate
    raise CompilerError(f"no cache folder for compiled contracts: {candidates[-1]} is not writable")


def source_closure(
    names: list[str], given: Mapping[str, str], root: Path, remappings: tuple[str, ...]
) -> dict[str, str]:
    """Return the texts of `names` and of everything they import, by source unit name."""
    texts: dict[str, str] = {}
    open_names = [(name, "the command") for name in names]
    while open_names:
        name, importer = open_names.pop()
        if name in texts:
            continue
        try:
            texts[name] = given[name] if name in given else (root / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            hint = ": run `make setup`" if name.startswith("node_modules/") else ""
            raise CompilerError(f"{name}, imported by {importer}, cannot be read{hint} ({error})") from error
        open_names += [(_resolve(target, name, remappings), name) for target in _imports(texts[name])]
    return texts


def _imports(text: str) -> list[str]:
    """Return the paths that a source imports, in order, ignoring comments.

    Examples
    --------
    >>> _imports('import "./A.sol"; // import "./B.sol";' + chr(10) + 'import {C, D as E} from "@x/C.sol";')
    ['./A.sol', '@x/C.sol']
    """

    def keep_strings(match: re.Match[str]) -> str:
        return match[0] if match[0][0] in "\"'" else " "

    return _IMPORTS.findall(_COMMENTS.sub(keep_strings, text))


def _resolve(target: str, importer: str, remappings: tuple[str, ...]) -> str:
    """Return the source unit name of an import, by the compiler's rules.

    Examples
    --------
    >>> _resolve("../b/B.sol", "contracts/a/A.sol", ())
    'contracts/b/B.sol'
    >>> _resolve("@x/C.sol", "contracts/a/A.sol", ("@x=node_modules/@x",))
    'node_modules/@x/C.sol'
    """
    if target.startswith("."):
        parts = list(PurePosixPath(importer).parts[:-1])
        for part in PurePosixPath(target).parts:
            if part == "..":
                parts = parts[:-1]
            else:
                parts.append(part)
        target = "/".join(parts)
    best = ("", "")
    for remapping in remappings:
        prefix, _, replacement = remapping.partition("=")
        if target.startswith(prefix) and len(prefix) > len(best[0]):
            best = (prefix, replacement)
    return best[1] + target.removeprefix(best[0])


def _artifacts(output: Mapping[str, Any]) -> dict[str, Artifact]:
    """Turn the compiler's standard JSON output into artifacts by name."""
    artifacts: dict[str, Artifact] = {}
    for source in sorted(output["contracts"]):
        for name, contract in output["contracts"][source].items():
            if name in artifacts:
                raise CompilerError(f"{name} is defined in both {artifacts[name].source} and {source}")
            code, deployed = contract["evm"]["bytecode"]["object"], contract["evm"]["deployedBytecode"]
            if "_" in code:
                raise CompilerError(f"{source}: {name} needs a linked library; make its functions internal")
            artifacts[name] = Artifact(
                name=name,
                source=source,
                abi=contract["abi"],
                bytecode=bytes.fromhex(code),
                deployed_bytecode=bytes.fromhex(deployed["object"]),
                storage_layout=contract.get("storageLayout") or {},
                immutable_references=deployed.get("immutableReferences") or {},
                compiler=json.loads(contract["metadata"])["compiler"]["version"],
            )
    return artifacts


def _is_ours(entry: Mapping[str, Any]) -> bool:
    """Whether a compiler message is about the tree, and not about an imported package."""
    file = (entry.get("sourceLocation") or {}).get("file", "")
    return not file.startswith("node_modules/") and entry["severity"] != "info"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time compile for `path`; the others wait and read the result."""
    try:
        lock = path.with_suffix(".lock").open("w")
    except OSError:  # another user's folder: then several processes may compile at once
        yield
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _LOG.info("waiting for another process that compiles contracts…")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    """Write a cache file atomically; ignore a cache that cannot be written."""
    with contextlib.suppress(OSError):
        _replace(path, text)


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
    try:
        Path(file.name).replace(path)
    except OSError:
        Path(file.name).unlink()
        raise
