"""Makes the filings of an invented city, 澜川, week by week, with what they must add up to.

    python data/example/make_example.py                          everything: master data, inbox, planted.json
    python data/example/make_example.py --weeks 2023-W41 2023-W42 --out data/inbox

Always the same bytes. The workbooks go to OUT/<week>/ with a received.csv that says when each one came.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from pathlib import Path
from random import Random

import city
import events
import filing
import matters
import office
import planted
import sheets

from jianbao.definitions.load import load

HERE = Path(__file__).resolve().parent
WORKSPACE = HERE.parents[1]
SEED = 20230828


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--weeks",
        nargs="*",
        default=events.WEEKS,
        choices=events.WEEKS,
        metavar="WEEK",
        help=f"weeks to write, {events.WEEKS[0]} to {events.WEEKS[-1]}; all when left out",
    )
    parser.add_argument("--out", type=Path, default=WORKSPACE / "data" / "inbox", help="folder for the filed workbooks")
    parser.add_argument("--no-master", action="store_true", help="leave data/master and planted.json as they are")
    said = parser.parse_args()
    ledgers = load(WORKSPACE / "params").ledgers
    place, deliveries = make()
    if not said.no_master:
        for name in ("register", "bases", "groups", "tasks"):
            sheets.master(ledgers[name], getattr(place, name), WORKSPACE / "data" / "master" / f"{name}.xlsx")
        write_planted(planted.planted(place, deliveries), HERE / "planted.json")
    written = 0
    for week in said.weeks:
        written += write_week([d for d in deliveries if d.period == week], ledgers, place, said.out / week)
    print(f"{written} files for {len(said.weeks)} weeks in {said.out}")


def make() -> tuple[city.City, list[filing.Delivery]]:
    """The city and all that is filed in it; the same every time."""
    random = Random(SEED)
    place = city.build(random)
    happened = events.happen(place, random)
    happened.matters = matters.add(place, happened) + office.add(place, happened)
    return place, filing.everything_filed(place, happened, random)


def write_week(deliveries: list[filing.Delivery], ledgers: dict, place: city.City, folder: Path) -> int:
    """The files of one week and their received.csv; what stood there before is removed. The number of files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    listed = [(d.file, sheets.received(d.received_at), sheets.content(d, ledgers, place)) for d in deliveries]
    week = deliveries[0].period
    if week == "2023-W37":  # not everything in an inbox is a workbook
        listed.append(("报送情况说明.txt", "2023-09-15 10:20", "本周报送事项见附件，请查收。\n".encode()))
    with (folder / "received.csv").open("w", encoding="utf-8", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["file", "received_at"])
        for name, when, data in sorted(listed, key=lambda x: (x[1], x[0])):
            (folder / name).write_bytes(data)
            rows.writerow([name, when])
    return len(listed)


def write_planted(values: dict, path: Path) -> None:
    """One line per unit, so that a change of the example can be read as a difference."""
    lines = [
        "{",
        f' "about": {json.dumps(values["about"])},',
        f' "as_of": {json.dumps(values["as_of"])},',
        ' "values": {',
    ]
    weeks = []
    for week, views in values["values"].items():
        shown = []
        for view, units in views.items():
            rows = [f"   {json.dumps(u)}: {json.dumps(v, ensure_ascii=False)}" for u, v in units.items()]
            shown.append(f"  {json.dumps(view)}: {{\n" + ",\n".join(rows) + "\n  }")
        weeks.append(f" {json.dumps(week)}: {{\n" + ",\n".join(shown) + "\n }")
    path.write_text("\n".join(lines) + "\n" + ",\n".join(weeks) + "\n}}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
