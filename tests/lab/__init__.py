"""A laboratory of network namespaces: each way of a request to a pod, with the kernel's own NAT and a real nginx."""
