"""The office's own workbooks in data/master: register, bases, liaison groups, tasks. Imports checks, workbook, reader, workspace.

The office keeps these, so an error in one is an error of the workspace: nothing is received until it is put right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from jianbao.definitions.catalogue import takes_opening
from jianbao.definitions.finding import Finding
from jianbao.definitions.load import Definitions
from jianbao.definitions.register import Register
from jianbao.errors import DefinitionError, WorkbookError, unknown
from jianbao.intake.checks import Checked, check_sheets
from jianbao.intake.contract import Contract
from jianbao.intake.reader import RawSheet, read_batch
from jianbao.intake.reading import read_sheet
from jianbao.intake.receipt import FileReport, SheetReport
from jianbao.intake.sheet import Sheet
from jianbao.store import Delivery, Received, Submission
from jianbao.workspace import Workspace, unit_from

SUFFIXES = (".xlsx", ".xls", ".csv")


@dataclass(frozen=True)
class MasterFile:
    path: Path
    content: bytes
    checked: tuple[Checked, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for c in self.checked for f in c.sheet.findings)


def receive_master(workspace: Workspace, received_at: datetime) -> list[FileReport]:
    """Stores each master workbook whose content is new; what was stored. The caller holds the store's lock.

    Raises DefinitionError with file, sheet and cell when a workbook says what cannot be meant; then none is stored.
    """
    paths = master_paths(workspace)
    contents = {path: path.read_bytes() for path in paths}
    shas = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    seen = workspace.store.seen(shas.values())
    if all(sha in seen for sha in shas.values()):
        return []
    new = [m for m in read_master(workspace, received_at.date()) if m.sha256 not in seen]
    received, reports = [], []
    for m in new:
        name = f"master/{m.path.name}"
        submissions = tuple(
            Submission(
                c.sheet.ledger.name,
                "",
                received_at.date(),
                workspace.definitions.campaign.office_code,
                c.units,
                False,
                c.sheet.name,
                True,
                False,
                c.rows,
                c.sheet.findings,
            )
            for c in m.checked
        )
        received.append(
            Received(
                Delivery(m.sha256, name, len(m.content), workspace.definitions.campaign.office_code, received_at, "stored"),
                m.content,
                submissions,
            )
        )
        reports.append(
            FileReport(
                name,
                "stored",
                received_at,
                workspace.definitions.campaign.office_code,
                "",
                tuple(
                    SheetReport(c.sheet.ledger.name, c.sheet.ledger.title, c.sheet.name, len(c.sheet.rows), False, True)
                    for c in m.checked
                ),
                m.findings,
                tuple(dict.fromkeys(said for c in m.checked for said in c.sheet.guesses)),
            )
        )
    if received:
        workspace.store.receive(received, received_at=received_at)
        workspace.refresh()
    return reports


def master_paths(workspace: Workspace) -> list[Path]:
    folder = workspace.path("master")
    return sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith(("~$", ".")))


def register_of(workspace: Workspace, on: date) -> Register:
    """The register as received, or as it stands in data/master when none was received yet."""
    if workspace.master_rows("register") is None:
        for m in read_master(workspace, on):
            for c in m.checked:
                if c.sheet.ledger.name == "register":
                    return _register(c)
    return workspace.register


def read_master(workspace: Workspace, on: date) -> list[MasterFile]:
    """Every master workbook read and checked. Raises DefinitionError for any error in them."""
    definitions = workspace.definitions
    ledgers = {name: x for name, x in definitions.ledgers.items() if x.kind == "master"}
    files = {path: (path.name, path.read_bytes()) for path in master_paths(workspace)}
    problems: list[str] = []
    raw: dict[Path, list[RawSheet]] = {}
    for path, book in read_batch(files).items():
        if isinstance(book, WorkbookError):
            problems.append(f"data/master/{path.name}: {book}")
        else:
            raw[path] = book
    # The register first: the others name its units.
    empty = Contract(definitions, Register(()), ledgers)
    first = [c for path, sheets in raw.items() for c in _checked(workspace, empty, path, sheets, on, problems, only="register")]
    if problems:
        raise DefinitionError("\n".join(problems))
    try:
        register = _register(first[0]) if first else workspace.register
    except DefinitionError as e:
        raise DefinitionError("\n".join(f"data/master: {line}" for line in str(e).splitlines())) from None
    contract = Contract(definitions, register, ledgers)
    result = []
    for path, sheets in raw.items():
        mine = [c for c in first if c.sheet.file == path.name]
        mine += _checked(workspace, contract, path, sheets, on, problems, only="")
        result.append(MasterFile(path, files[path][1], tuple(mine)))
    if problems:
        raise DefinitionError("\n".join(problems))
    return result


def _checked(
    workspace: Workspace, contract: Contract, path: Path, raw: Sequence[RawSheet], on: date, problems: list[str], only: str
) -> list[Checked]:
    """The sheets that are master ledgers: the register alone, or all but the register."""
    sheets: list[Sheet] = []
    for one in raw:
        ledger = contract.ledger_named(one.name)
        if ledger is None and len(raw) == 1:
            ledger = contract.ledger_named(path.stem)
        if ledger is None or (ledger.name == "register") != (only == "register"):
            continue
        header = contract.header(one, ledger)
        if header is None:
            problems.append(
                f"data/master/{path.name}: {one.name}: 找不到表头。"
                f"列名应为：{'、'.join(c.title for c in ledger.columns.values())}。"
            )
            continue
        sheet = read_sheet(
            one,
            ledger,
            header,
            file=path.name,
            filer=contract.definitions.campaign.office_code,
            period=None,
            nil=False,
            parse=contract.how(ledger, None, on),
            own_unit="",
        )
        if "unit" in ledger.columns:
            sheet = replace(sheet, units=sheet.values["unit"])
        elif ledger.name == "register":
            sheet = replace(sheet, units=sheet.values["code"])
        sheets.append(sheet)
    checked = check_sheets(sheets, contract, workspace.store, on)
    problems += [f"data/master/{path.name}: {said}" for c in checked for said in _wrong_openings(c, contract.definitions)]
    problems += [
        f"data/master/{f.place}: {f.message}{f.remedy}" for c in checked for f in c.sheet.findings if f.severity == "error"
    ]
    return checked


def _wrong_openings(checked: Checked, definitions: Definitions) -> list[str]:
    """Opening balances of figures that are not there, or that cannot have any."""
    if checked.sheet.ledger.name != "openings" or checked.rows is None:
        return []
    catalogue, problems = definitions.catalogue, []
    for row in checked.rows.to_pylist():
        name = row["indicator"] or ""
        if name not in catalogue:
            problems.append(f"{checked.sheet.name}: 第{row['row']}行：{unknown('indicator', name, catalogue.names)}")
        elif not takes_opening(catalogue[name], definitions.ledgers):
            problems.append(f"{checked.sheet.name}: 第{row['row']}行：“{catalogue[name].title.zh}”不能有期初数。"
                            "只有可以累加的数和逐件登记的存量可以有。")
    return problems


def _register(checked: Checked) -> Register:
    assert checked.rows is not None
    return Register(unit_from(row) for row in checked.rows.to_pylist())
