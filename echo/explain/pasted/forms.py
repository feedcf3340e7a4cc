"""The forms that are known, and which of them a piece is."""

from echo.clientip import quote
from echo.explain.pasted.documents import JSON_FORMS
from echo.explain.pasted.http import HTTP_FORMS
from echo.explain.pasted.lines import MAX_ITEM_BYTES
from echo.explain.pasted.logs import LINE_FORMS
from echo.explain.pasted.pasted import Form, Pasted, Unlike
from echo.explain.pasted.split import ANSWER, HEAD, JSON, LINE, Piece

AUTO = "auto"
# in the order they are tried: those that ask for more go first
FORMS: dict[str, Form] = {form.name: form for form in (*HTTP_FORMS, *JSON_FORMS, *LINE_FORMS)}
# shape -> what a piece of another shape lacks for it
SHAPES = {
    HEAD: "no request line",
    ANSWER: "no Hostname: or RemoteAddr: line",
    JSON: "no JSON object",
    LINE: "no line of a log",
}
TOO_LONG = f"it is longer than {MAX_ITEM_BYTES >> 10} KiB"


def read(piece: Piece, name: str = AUTO) -> Pasted:
    """Read a piece as the form of that name, or as the first that it is. Raises Unlike naming each that it is not."""
    if piece.overlong:
        raise Unlike(f"{quote(piece.lines[0])}: {TOO_LONG}")
    reasons: dict[str, list[str]] = {}
    for form in FORMS.values() if name == AUTO else (FORMS[name],):
        if form.shape != piece.shape:
            reasons.setdefault(SHAPES[form.shape], []).append(form.name)
            continue
        try:
            return form.read(piece)
        except Unlike as why:
            reasons.setdefault(str(why), []).append(form.name)
    tried = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
    raise Unlike(f"{quote(piece.lines[0])} is nothing known ({tried})")
