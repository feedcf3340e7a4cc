"""
The Equal Earth projection: areas are as large as they are, so that a shade is not larger for lying in the north.

Source: B. Šavrič, T. Patterson, B. Jenny, "The Equal Earth map projection", International Journal of Geographical
Information Science 33(3), 2019.
"""

from __future__ import annotations

import math

A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
HALF_ROOT_3 = math.sqrt(3) / 2


def equal_earth(longitude: float, latitude: float) -> tuple[float, float]:
    """Return x (east) and y (north) of degrees: x within ±2.7067, y within ±1.3173."""
    theta = math.asin(HALF_ROOT_3 * math.sin(math.radians(latitude)))
    square = theta * theta
    sixth = square * square * square
    slope = 9 * A4 * sixth * square + 7 * A3 * sixth + 3 * A2 * square + A1
    x = math.radians(longitude) * math.cos(theta) / (HALF_ROOT_3 * slope)
    return x, theta * (A4 * sixth * square + A3 * sixth + A2 * square + A1)
