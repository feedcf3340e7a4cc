"""Header fields of one name, out of the pairs of a request in their order of arrival."""

from collections.abc import Iterable


def fields(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """
    Return the values of every field called name, in order of arrival.

    Names compare without case (RFC 9110 §5.1). `X_Forwarded_For` is another name: folding it onto X-Forwarded-For,
    as CGI does, would let a client speak where its proxy has been made to keep silent.
    """
    lowered = name.lower()
    return [value for key, value in headers if key.lower() == lowered]
