"""
Log formats: one file each, all of one shape.

A format takes lines and gives a batch of `RECORD_SCHEMA`, the index of the line that each row came from, and the lines
that it refuses, each with a reason that tells a person what is wrong. It never raises for what a line holds, and
every line is a row or a reject.
"""

from collections.abc import Sequence

import pyarrow as pa

from echo.clientip import quote
from pipeline.errors import UsageFault
from pipeline.sources.alb import ALB
from pipeline.sources.caddy import CADDY
from pipeline.sources.cloudflare import CLOUDFLARE
from pipeline.sources.combined import COMBINED
from pipeline.sources.envoy import ENVOY, ISTIO
from pipeline.sources.envoy_json import ENVOY_JSON
from pipeline.sources.format import Format, Parsed
from pipeline.sources.haproxy import HAPROXY, capturing
from pipeline.sources.ingress_nginx import INGRESS_NGINX
from pipeline.sources.ndjson import NDJSON
from pipeline.sources.nginx import compiled
from pipeline.sources.nginx_json import NGINX_JSON
from pipeline.sources.tencent_clb import TENCENT_CLB
from pipeline.sources.traefik import TRAEFIK
from pipeline.sources.traefik_json import TRAEFIK_JSON

# told apart by their keys: no line is of two of them
JSON_FORMATS = (NGINX_JSON, TRAEFIK_JSON, ENVOY_JSON, CADDY, CLOUDFLARE)
# in the order of sniffing: narrow ones before those that take their lines too
TEXT_FORMATS = (INGRESS_NGINX, TRAEFIK, ENVOY, ISTIO, HAPROXY, ALB, TENCENT_CLB, COMBINED)
FORMATS: dict[str, Format] = {form.name: form for form in (NDJSON, *JSON_FORMATS, *TEXT_FORMATS)}
# known by a line's beginning: what a client chose, within another message of the program, cannot pass for one of these
MIXABLE = (NDJSON, *JSON_FORMATS, INGRESS_NGINX, TRAEFIK, ENVOY, ISTIO, COMBINED)
SNIFFED_LINES = (100, 10_000)  # first lines that a format is chosen by: a few, then, if all of them are odd, many


def named(text: str) -> Format:
    """
    Return a format by its name, or the one that an nginx log_format or `haproxy{…}` describes.

    Raises UsageFault.
    """
    form = FORMATS.get(text)
    if form is not None:
        return form
    if text.startswith(f"{HAPROXY.name}{{"):
        return capturing(text)
    if "$" in text:
        return compiled(text)
    raise UsageFault("no such format", quote(text), f"one of {', '.join(FORMATS)}, or an nginx log_format")


def sniff(lines: Sequence[bytes], forms: Sequence[Format] = tuple(FORMATS.values())) -> Format | None:
    """
    Return the format of the first lines, or None if none takes any.

    It is the first of forms that takes half of what the best one takes: a narrow format comes before the wider one
    that takes its lines too, and is not given up for a few odd ones.
    """
    filled = [line for line in lines[: SNIFFED_LINES[-1]] if line.strip()]
    for number in SNIFFED_LINES:
        counts = {form: form.takes(filled[:number]) for form in forms}
        most = max(counts.values())
        if most:
            return next(form for form, count in counts.items() if 2 * count >= most)
    return None


def parse_mixed(form: Format, lines: Sequence[bytes], others: Sequence[Format] = MIXABLE) -> Parsed:
    """
    Parse lines by a format that was found out, and those that it refuses by the one of others that they are of.

    A log has lines of several formats where its writer was told to use another one, or where several programs write
    it. Rows do not come in the order of their lines; what is refused keeps the first format's reason. A wider format
    whose lines the first one takes is not asked again: what that one doubts, the wider one would believe.
    """
    parsed = form.parse(lines)
    refused = [index for index, _ in parsed.rejects]
    rest = [lines[index] for index in refused]
    others = [one for one in others if one is not form and one.name != form.within]
    other = sniff(rest, others) if rest and others else None
    if other is None:
        return parsed
    more = parse_mixed(other, rest, others)
    taken = set(more.lines.to_pylist())
    return Parsed(
        pa.concat_batches([parsed.batch, more.batch]),
        pa.concat_arrays([parsed.lines, pa.array(refused, pa.int64()).take(more.lines)]),
        [reject for at, reject in enumerate(parsed.rejects) if at not in taken],
    )


__all__ = ["FORMATS", "JSON_FORMATS", "TEXT_FORMATS", "Format", "Parsed", "named", "parse_mixed", "sniff"]
