"""A page of indicators written from the definitions, so that it cannot fall behind. Imports definitions."""

from __future__ import annotations

from typing import Any

from jianbao.definitions.catalogue import Indicator, Measure
from jianbao.definitions.load import Definitions

_NATURES = {"activity": "活动量", "coverage": "覆盖", "result": "成效", "handling": "办理量", "index": "研判"}
_ROLLS = {"sum": "相加", "distinct": "去重", "stock": "时点", "ratio": "分子分母各自汇总", "none": "逐级重算"}
_WAYS = {"mean_of": "各分项得分的平均", "progress": "各分项完成程度的加权平均", "gap": "层级之差", "first_act": "首次有记录的间隔天数",
         "rank_gap": "两组指标百分位之差", "rank_of": "同类单位中的位次"}
_BETTER = {"higher": "越高越好", "lower": "越低越好", "none": "不论高低"}


def indicators_page(definitions: Definitions) -> str:
    """Every indicator with its definition and how it is counted, by code, as Markdown."""
    lines = [f"# 指标口径：{definitions.campaign.title}", "", f"共 {len(definitions.catalogue)} 个指标。本页由 `params/` 生成。", ""]
    for i in sorted(definitions.catalogue, key=lambda i: i.code):
        lines += [f"## {i.code} {i.title.zh}", "", i.definition, "",
                  f"- 标识：`{i.id}`" + (f"；英文：{i.title.en}" if i.title.en else ""),
                  f"- 单位：{i.unit}；性质：{_NATURES[i.nature]}；{_BETTER[i.better]}；汇总：{_ROLLS[i.rolls_up]}",
                  f"- 读法：{'、'.join(i.forms)}" + (f"；来源：{i.source}" if i.source else ""),
                  f"- 算法：{_how(i)}", ""]
    return "\n".join(lines)


def _how(i: Indicator) -> str:
    if i.combine:
        return f"`{i.combine}`"
    if i.numerator is not None:
        return f"{_part(i.numerator)} ÷ {_part(i.denominator)}"
    if i.index is not None:
        made = "、".join(f"`{name}`" for name in (*i.index.names, *(a.ledger for a in i.index.first_act)))
        return f"{_WAYS[i.index.way]}：{made}"
    return _measure(i)


def _part(part: Any) -> str:
    return f"`{part}`" if isinstance(part, str) else f"（{_measure(part)}）"


def _measure(m: Measure) -> str:
    kind, inner = m.aggregate
    what = {"units": "单位数", "stock": f"自 `{m.enter}` 起、`{m.leave}` 前", "median": f"`{inner}` 的中位数",
            "count": "行数", "sum": f"`{inner}` 之和", "distinct": f"不同的 `{inner}` 数"}[kind]
    if m.units_having:
        what = "有 " + " 且有 ".join(f"`{x}`" for x in m.units_having.all) + (
            " 而没有 " + "、".join(f"`{x}`" for x in m.units_having.none) if m.units_having.none else "") + " 的单位数"
    conditions = [f"`{m.where}`"] if m.where else []
    if m.linked_to:
        conditions.append(f"`{m.link}` 在 {'、'.join(f'`{x}`' for x in m.linked_to)} 中查得到")
    chosen = f"，凡 {' 且 '.join(conditions)}，" if conditions else "的"
    return f"台账 `{m.ledger}` 中{chosen}{what}" + (f"，按 `{m.date}` 归期" if m.date else "")
