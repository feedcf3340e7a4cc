"""What addresses are, as columns."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import classify, parse_hop
from pipeline.texts import addresses


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", "public"),
        ("10.1.2.3", "private"),
        ("100.64.0.5", "cgnat"),
        ("127.0.0.6", "loopback"),
        ("169.254.169.254", "cloud-metadata"),
        ("192.88.99.1", "transition"),
        ("fe80::1", "link-local"),
        ("2001:db8::1", "documentation"),
        ("2002::1", "transition"),
        ("2400:cb00::1", "public"),
        ("unknown", None),
    ],
)
def test_what_an_address_is_by_itself(address: str, expected: str | None) -> None:
    assert addresses(pa.array([address]))["client_class"].to_pylist() == [expected]


@given(st.lists(st.none() | st.ip_addresses().map(str) | st.text(alphabet="0123456789abcdef.:[]% ", max_size=20)))
def test_a_column_is_read_as_its_texts_one_by_one(texts: list[str | None]) -> None:
    found = addresses(pa.array(texts, pa.string()))
    alone = [None if text is None else parse_hop(text) for text in texts]
    assert found["client_ip"].to_pylist() == [one and str(one) for one in alone]
    assert found["client_ip_num"].to_pylist() == [one and one.packed for one in alone]
    assert found["client_class"].to_pylist() == [one and classify(one.packed) for one in alone]
