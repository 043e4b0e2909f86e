"""All families together; importing this fills `ALL`."""

from oracle import office, research, results, study
from oracle.parts import ALL, AT, IN, TO, Ahead, Part, Ratio, Sum, distinct, indicator, of

FAMILIES = (study, research, results, office)

__all__ = ["ALL", "AT", "FAMILIES", "IN", "TO", "Ahead", "Part", "Ratio", "Sum", "distinct", "indicator", "of"]
