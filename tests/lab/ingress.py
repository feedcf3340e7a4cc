"""
ingress-nginx: a real nginx with the directives that its template (rootfs/etc/nginx/template/nginx.tmpl) writes.

Only those that decide about addresses; each from the ConfigMap's own key.
"""

from collections.abc import Mapping

from tests.lab.nginx import PREAMBLE

# keys of the ConfigMap that this knows, with the controller's defaults
DEFAULTS = {
    "use-forwarded-headers": "false",
    "compute-full-forwarded-for": "false",
    "forwarded-for-header": "X-Forwarded-For",
    "proxy-real-ip-cidr": "0.0.0.0/0",
    "use-proxy-protocol": "false",
}


def ingress_nginx(configmap: Mapping[str, str], backend: str, listen: str = "80", source: str = "") -> str:
    """
    The nginx.conf that the controller would write for one Ingress with this pod (address:port) behind it.

    source: the address that nginx has, where the kernel would not choose it by itself.
    """
    if unknown := configmap.keys() - DEFAULTS.keys():
        raise ValueError(f"keys of the ConfigMap that the laboratory does not know: {', '.join(sorted(unknown))}")
    keys = {**DEFAULTS, **configmap}
    forwarded, proxied = keys["use-forwarded-headers"] == "true", keys["use-proxy-protocol"] == "true"
    full = forwarded and keys["compute-full-forwarded-for"] == "true"

    real_ip = ""
    if forwarded or proxied:
        header = "proxy_protocol" if proxied else keys["forwarded-for-header"]
        ranges = "".join(f"    set_real_ip_from {cidr};\n" for cidr in keys["proxy-real-ip-cidr"].split(","))
        real_ip = f"    real_ip_header {header};\n    real_ip_recursive on;\n{ranges}"
    sender = "$proxy_protocol_addr" if proxied else "$realip_remote_addr"
    full_map = f"""    map $http_x_forwarded_for $full_x_forwarded_for {{
        default "$http_x_forwarded_for, {sender}";
        '' "{sender}";
    }}
"""
    return f"""{PREAMBLE}\
{real_ip}{full_map if full else ""}\
    upstream upstream_balancer {{
        server {backend};
        keepalive 320;
    }}
    server {{
        listen {listen}{" proxy_protocol" if proxied else ""};
        location / {{
{f"            proxy_bind {source};" if source else ""}
            proxy_set_header Host $http_host;
            proxy_set_header X-Request-ID $request_id;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For {"$full_x_forwarded_for" if full else "$remote_addr"};
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Scheme $scheme;
            proxy_set_header X-Scheme $scheme;
            proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
            proxy_set_header Proxy "";
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://upstream_balancer;
        }}
    }}
}}
"""
