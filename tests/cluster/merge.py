"""
Patches, as `kubectl apply` sends them.

Which lists are merged, and by which key, stands in the schemas of Kubernetes
(https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/).
"""

import functools
import json
from importlib import resources
from typing import Any

from kubernetes_validate.utils import latest_version

Schema = dict[str, Any]
DIRECTIVES = ("$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")


def merge(old: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(old: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return what a strategic merge patch makes of an object, or of a part of it, that the schema describes."""
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    kept = patch.get("$retainKeys", old)
    result = {key: value for key, value in old.items() if key in kept}
    for key, value in patch.items():
        if key.startswith(DIRECTIVES):
            continue
        if value is None:
            result.pop(key, None)
            continue
        described = resolved(schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {})
        if isinstance(value, dict):
            result[key] = strategic(result.get(key) or {}, value, described)
        elif isinstance(value, list) and "merge" in described.get("x-kubernetes-patch-strategy", ""):
            result[key] = _merged(result.get(key) or [], value, described)
        else:
            result[key] = value
    for key, value in patch.items():
        _, directive, name = key.rpartition("$deleteFromPrimitiveList/")
        if directive:
            result[name] = [item for item in result.get(name, []) if item not in value]
        _, directive, name = key.rpartition("$setElementOrder/")
        if directive and name in result:
            described = resolved(schema.get("properties", {}).get(name) or {})
            result[name] = _ordered(result[name], value, described.get("x-kubernetes-patch-merge-key"))
    return result


def _merged(old: list[Any], patch: list[Any], schema: Schema) -> list[Any]:
    by = schema.get("x-kubernetes-patch-merge-key")
    if by is None:
        return [*old, *(item for item in patch if item not in old)]
    result = {item[by]: item for item in old}
    for item in patch:
        if item.get("$patch") == "delete":
            result.pop(item[by], None)
        else:
            result[item[by]] = strategic(result.get(item[by], {}), item, resolved(schema["items"]))
    return list(result.values())


def _ordered(items: list[Any], order: list[Any], by: str | None) -> list[Any]:
    """Those that the order names in its order; others, which somebody else put there, last."""
    places = [entry[by] if by else entry for entry in order]
    keys = [item[by] if by else item for item in items]
    return [
        item
        for _, item in sorted(
            zip(keys, items, strict=True), key=lambda pair: places.index(pair[0]) if pair[0] in places else len(places)
        )
    ]


def resolved(schema: Any) -> Schema:
    """Follow a $ref."""
    if isinstance(schema, dict) and "$ref" in schema:
        return definitions()[schema["$ref"].rpartition("/")[2]]
    return schema if isinstance(schema, dict) else {}


@functools.cache
def definitions() -> dict[str, Schema]:
    """All that the newest version describes."""
    schemas = resources.files("kubernetes_validate") / "kubernetes-json-schema"
    return json.loads((schemas / f"v{latest_version()}-local-strict" / "_definitions.json").read_text("utf-8"))["$defs"]


@functools.cache
def schema_of(version: str, kind: str) -> Schema:
    """Return the schema of a kind, {} if it has none."""
    group, _, short = version.rpartition("/")
    named = {"group": group, "kind": kind, "version": short}
    for schema in definitions().values():
        if named in schema.get("x-kubernetes-group-version-kind", []):
            return schema
    return {}
