"""Charts in the house look: numbers and labels in, SVG and PNG out. Imports parts only.

style: font, colours, figure · single: bars, columns · dumbbell: now against before · grids: heat, multiples ·
totals: parts of a change, stacks. None of them computes a figure or knows an indicator.
"""

from __future__ import annotations

from jianbao.brief.charts.dumbbell import pairs
from jianbao.brief.charts.grids import heat, multiples
from jianbao.brief.charts.single import bars, columns
from jianbao.brief.charts.style import house, house_style, pictures
from jianbao.brief.charts.totals import parts, stacks

__all__ = ["bars", "columns", "heat", "house", "house_style", "multiples", "pairs", "parts", "pictures", "stacks"]
