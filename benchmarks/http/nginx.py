"""nginx as the measure: answers of given bytes, and an access log with about the fields of our record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

JSON_LOG = (
    '{"ts":"$time_iso8601","peer_ip":"$remote_addr","peer_port":"$remote_port","local_ip":"$server_addr",'
    '"local_port":"$server_port","method":"$request_method","target":"$request_uri","host":"$http_host",'
    '"protocol":"$server_protocol","user_agent":"$http_user_agent","x_forwarded_for":"$http_x_forwarded_for",'
    '"x_forwarded_proto":"$http_x_forwarded_proto","status":$status,"response_bytes":$body_bytes_sent,'
    '"request_bytes":$request_length,"duration":$request_time,"connection_id":$connection,'
    '"connection_request":$connection_requests,"request_id":"$http_x_request_id"}'
)
CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections {connections}; }}
http {{
    log_format json escape=json '{log_format}';
    access_log {log};
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
{locations}
    }}
}}
"""
CONNECTIONS = 16_384


class Answer(NamedTuple):
    content_type: str
    body: bytes


def configure(folder: Path, port: int, log: str, answers: Mapping[str, Answer], files: int) -> Path:
    """
    Write the configuration of one server into a folder, return its path.

    log      the value of `access_log`
    answers  target → what is answered to it
    files    how many files a worker may open
    """
    path = folder / "nginx.conf"
    locations = "\n".join(_location(target, answer) for target, answer in answers.items())
    text = CONFIG.format(
        files=files,
        folder=folder,
        connections=min(CONNECTIONS, files),
        log_format=JSON_LOG,
        log=log,
        port=port,
        locations=locations,
    )
    path.write_text(text, encoding="utf-8")
    return path


def _location(target: str, answer: Answer) -> str:
    """Return the block that answers a target. A `$` would start a variable: another byte takes its place."""
    body = answer.body.decode().replace("$", "S").replace("\\", "\\\\").replace("'", "\\'")
    return f"        location = {target} {{ default_type '{answer.content_type}'; return 200 '{body}'; }}"
