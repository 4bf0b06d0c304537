"""The reference model: the rules once more, on plain lists, so plain that they are seen to be right.

Nothing is kept that can be counted: what is held is added up over the open orders, the best order is
looked for among all, whether an order could be filled whole is found out by trying on a copy, and an
auction tries every price. One is one here: prices, quantities and amounts have no decimals, ticks and
lots are 1.
"""

from tests.matching.model.market import Model
from tests.matching.model.orders import ModelOrder

__all__ = ["Model", "ModelOrder"]
