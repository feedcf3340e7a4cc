"""How many workers a container has room for."""

import pytest

from echo.cores import workers

MIB = 1 << 20


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n", "memory.max": "max\n"}, 8),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"memory.max": f"{256 * MIB}\n"}, 4),
        ({"memory.max": f"{32 * MIB}\n"}, 1),
        ({"cpu.max": "300000 100000\n", "memory.max": f"{128 * MIB}\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 8),
        ({"cpu.max": "\n", "memory.max": "no number\n"}, 8),
        ({"cpu.max": "100000 0\n"}, 8),
    ],
)
def test_workers(tmp_path, files, count):
    """Of eight cores, what the cgroup of either version leaves; what cannot be read limits nothing."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert workers(8, tmp_path) == count


def test_this_machine_has_room_for_one():
    """Wherever we run."""
    assert workers() >= 1
