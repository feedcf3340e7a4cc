"""What the laboratory's configurations of nginx have in common."""

# in the foreground, everything it writes in the folder it is started in; the end of `http` is the caller's
PREAMBLE = """daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
"""
