"""Makes the register and the weekly deliveries of this workspace from the rows in data/source.

    python examples/bulletin/data/make_inbox.py              data/master/register.csv and data/inbox/*.csv
    python examples/bulletin/data/make_inbox.py --out DIR    the same below DIR

Always the same bytes. Each week's table arrives on the Monday after it; `received.csv` beside the tables says so.
Standard library only.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIRST, LAST = date(2020, 1, 16), date(2020, 4, 30)
COUNTS = ("confirmed", "suspected", "cured", "dead")
COUNTRY, SOURCE = "CN", "SRC"

# What the source lists beside the cities. It gave most of these a code from March on; one it never did.
CODES = {
    ("420000", "所属地待确认"): "4200x1",
    ("420000", "未公布来源"): "4200c7",
    ("420000", "监狱系统"): "4200y0",
    ("360000", "赣江新区"): "3600db",
    ("360000", "未公布来源"): "3600xx",
}
OTHER = {"4200x1", "4200c7", "4200y0", "4200y1", "3600xx", "3600y0"}
SHORT = {
    "内蒙古自治区": "内蒙古",
    "广西壮族自治区": "广西",
    "西藏自治区": "西藏",
    "宁夏回族自治区": "宁夏",
    "新疆维吾尔自治区": "新疆",
    "香港特别行政区": "香港",
    "澳门特别行政区": "澳门",
    "恩施土家族苗族自治州": "恩施州",
}
REGISTER = (
    "地区编码", "地区名称", "简称", "上级编码", "层级", "类型", "代报单位编码", "是否报送", "生效日期", "失效日期", "又称",
)  # fmt: skip
TABLE = ("单位编码", "日期", "累计确诊", "现有疑似", "累计治愈", "累计死亡")

Row = tuple[str, date, tuple[str, ...]]  # unit, day, counts as the source has them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="the folder that gets master/ and inbox/")
    out = parser.parse_args().out
    rows, names = read(HERE / "source")
    write(out / "master" / "register.csv", REGISTER, register(rows, names))
    weeks = by_week(rows)
    for monday, week in weeks.items():
        write(out / "inbox" / file_name(monday), TABLE, ((u, d.isoformat(), *counts) for u, d, counts in week))
    received = ((file_name(m), datetime.combine(m + timedelta(days=7), time(10)).isoformat()) for m in weeks)
    write(out / "inbox" / "received.csv", ("file", "received_at"), received)
    print(f"{len(rows)} rows of {len(names)} places in {len(weeks)} weekly tables in {out / 'inbox'}")


def read(source: Path) -> tuple[list[Row], dict[str, tuple[str, str]]]:
    """All rows by day and unit, and unit → (name, unit above). Province rows stand in several tables; the first counts."""
    found: dict[tuple[date, str], tuple[str, ...]] = {}
    names = {COUNTRY: ("中国", "")}
    for file in ("cn_province_daily.csv", "hubei_city_daily.csv", "jiangxi_city_daily.csv"):
        with (source / file).open(encoding="utf-8-sig", newline="") as f:
            for r in csv.DictReader(f):
                unit, above = COUNTRY, ""
                if r["city"]:
                    unit, above = r["cityCode"] or CODES[r["provinceCode"], r["city"]], r["provinceCode"]
                elif r["province"]:
                    unit, above = r["provinceCode"], COUNTRY
                if unit != COUNTRY:
                    names[unit] = (r["city"] or r["province"], above)
                counts = tuple(r[c] for c in COUNTS)
                known = found.setdefault((date.fromisoformat(r["date"]), unit), counts)
                assert known == counts, f"{file}: {r['date']} {unit} differs from another table"
    return [(unit, day, counts) for (day, unit), counts in sorted(found.items())], names


def register(rows: Iterable[Row], names: dict[str, tuple[str, str]]) -> Iterable[tuple[str, ...]]:
    """The units, parents first. What the source lists for some days only is valid for those days."""
    days: dict[str, list[date]] = defaultdict(list)
    for unit, day, _ in rows:
        days[unit].append(day)
    begin = FIRST.isoformat()
    yield (SOURCE, "逐日统计整理方", "整理方", "", "无", "数据来源", "", "否", begin, "", "")
    yield (COUNTRY, "中国", "全国", "", "国", "国家", "", "否", begin, "", "")
    for unit, (name, above) in sorted(names.items(), key=lambda item: (item[1][1] != COUNTRY, item[0] in OTHER, item[0])):
        if unit == COUNTRY:
            continue
        city = above != COUNTRY
        kind = "其他类别" if unit in OTHER else "市级" if city else "省级"
        short = SHORT.get(name, name if city else name.rstrip("省市"))
        if kind == "其他类别":  # the same words are used in both provinces
            name = f"{names[above][0]}{name}"
        spans = [(FIRST, None)] if days[unit][-1] == LAST else list(runs(days[unit]))
        for first, last in spans:
            yield (unit, name, short, above, "市" if city else "省", kind, "", "否", first.isoformat(),
                   last.isoformat() if last else "", "")  # fmt: skip


def runs(days: list[date]) -> Iterable[tuple[date, date]]:
    """First and last day of each stretch without a gap."""
    start = before = days[0]
    for day in [*days[1:], None]:
        if day is None or day - before > timedelta(days=1):
            yield start, before
            start = day or start
        before = day or before


def by_week(rows: Iterable[Row]) -> dict[date, list[Row]]:
    """Monday → the rows of its week."""
    weeks: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        weeks[row[1] - timedelta(days=row[1].weekday())].append(row)
    return dict(weeks)


def file_name(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"分地区逐日统计_{year}-W{week:02d}.csv"


def write(path: Path, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as f:
        table = csv.writer(f, lineterminator="\n")
        table.writerow(head)
        table.writerows(rows)


if __name__ == "__main__":
    main()
