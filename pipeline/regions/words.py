"""The words of tables and pages, in each of `pipeline.report.words.LANGS`."""

from __future__ import annotations

from pipeline.report.words import Table

# column -> its head in a table for people
HEADS: Table = {
    "period": ("period", "时段"),
    "continent": ("continent", "大洲"),
    "continent_name": ("name", "名称"),
    "country": ("country", "国家/地区"),
    "country_name": ("name", "名称"),
    "region": ("region", "省/州"),
    "region_name": ("region", "省/州"),
    "city": ("city", "城市"),
    "city_name": ("city", "城市"),
    "asn": ("asn", "ASN"),
    "as_org": ("as_org", "网络运营者"),
    "version": ("version", "IP 版本"),
    "requests": ("requests", "请求数"),
    "share": ("share", "占比"),
    "clients": ("clients", "客户端数"),
    "users": ("users", "用户数"),
    "bytes": ("bytes", "流量"),
    "error_share": ("errors", "错误率"),
    "p50_ms": ("≈p50", "≈p50"),
    "p95_ms": ("≈p95", "≈p95"),
    "p99_ms": ("≈p99", "≈p99"),
    "trend": ("trend", "趋势"),
    "requests_before": ("before", "之前"),
    "difference": ("difference", "差值"),
    "growth": ("change", "变化"),
    "clients_before": ("before", "之前"),
}
# `trend` -> what it is called
TREND_WORDS: Table = {
    "grew": ("grew", "增长"),
    "fell": ("fell", "下降"),
    "new": ("new", "新增"),
    "gone": ("gone", "消失"),
    "steady": ("steady", "平稳"),
    "few": ("few", "过少"),
}
