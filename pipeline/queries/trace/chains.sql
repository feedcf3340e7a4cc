-- question: Which ways did the subject's requests come: peer, and what the headers said of the client?
-- grain: one row a distinct way, the most frequent first
-- reads: trace_rows
-- parameter most int = 2000: ways at most
SELECT
    peer_ip,
    peer_name,
    proxied_ip,
    client_ip,
    client_source,
    client_reason,
    policy,
    headers['x-forwarded-for'] AS x_forwarded_for,
    headers['forwarded'] AS forwarded,
    headers['x-real-ip'] AS x_real_ip,
    headers['x-client-ip'] AS x_client_ip,
    headers['x-cluster-client-ip'] AS x_cluster_client_ip,
    headers['client-ip'] AS client_ip_header,
    headers['x-original-forwarded-for'] AS x_original_forwarded_for,
    headers['x-originating-ip'] AS x_originating_ip,
    headers['x-remote-ip'] AS x_remote_ip,
    headers['x-remote-addr'] AS x_remote_addr,
    headers['cf-connecting-ip'] AS cf_connecting_ip,
    headers['true-client-ip'] AS true_client_ip,
    headers['fastly-client-ip'] AS fastly_client_ip,
    headers['x-azure-clientip'] AS x_azure_clientip,
    headers['x-appengine-user-ip'] AS x_appengine_user_ip,
    headers['fly-client-ip'] AS fly_client_ip,
    headers['x-envoy-external-address'] AS x_envoy_external_address,
    count(*) AS requests,
    min(ts) AS first_ts,
    max(ts) AS last_ts
FROM trace_rows
GROUP BY ALL
ORDER BY
    requests DESC, first_ts, last_ts, client_ip, peer_ip, peer_name, proxied_ip, client_source, client_reason, policy,
    x_forwarded_for, forwarded, x_real_ip, x_client_ip, x_cluster_client_ip, client_ip_header, x_original_forwarded_for,
    x_originating_ip, x_remote_ip, x_remote_addr, cf_connecting_ip, true_client_ip, fastly_client_ip, x_azure_clientip,
    x_appengine_user_ip, fly_client_ip, x_envoy_external_address
LIMIT $most
