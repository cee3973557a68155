"""Words beside marks, as many as there is room for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visualizations.charts import look

Box = tuple[float, float, float, float]


def with_room(
    spots: NDArray[np.float64], told: Sequence[str], *, size: float, radius: float
) -> list[int]:
    """Which words can stand right of their marks without meeting a mark or words before them.

    Parameters
    ----------
    spots : shape (n, 2), px, x to the right
    size : px, of the letters
    radius : px, of the marks
    """
    boxes: list[Box] = [
        (float(x) - radius, float(y) - radius, float(x) + radius, float(y) + radius)
        for x, y in spots
    ]
    marks = len(boxes)
    kept = []
    for number, text in enumerate(told):
        x, y = (float(one) for one in spots[number])
        right = x + radius + 3 + look.breadth(text) * size
        box = (x + radius + 1, y - size / 2, right, y + size / 2)
        others = (*boxes[: min(number, marks)], *boxes[number + 1 :])
        if not any(meet(box, other) for other in others):
            kept.append(number)
            boxes.append(box)
    return kept


def meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
