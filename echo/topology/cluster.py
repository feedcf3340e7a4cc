"""
kubectl's JSON as typed values: of each kind the fields that matter, and no others.

Values of ConfigMaps may be secrets: `ConfigMap.data` holds the keys of ingress-nginx that matter, and of kubeadm's the
ranges alone. Environment variables, Secrets and last-applied-configuration are not looked at.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from echo.clientip.network import INGRESS_NGINX_KEYS
from echo.topology.documents import LIST, objects
from echo.topology.known import (
    BELIEVING_FLAG,
    DIRECT_INGRESSES,
    DIRECT_SERVICES,
    FLAGS,
    FLANNEL_ANNOTATION,
    INGRESS_CLASS_ANNOTATION,
    NEG_ANNOTATION,
    PROXY_SERVICES,
    TUNNEL_ANNOTATIONS,
)
from echo.topology.nets import Net
from echo.topology.view import Complaints, View, shown

HEADLESS = "None"
ENDED = ("Succeeded", "Failed")  # phases of pods whose address is another's by now
# scheme of spec.providerID
PROVIDER = re.compile(r"([a-z0-9]{1,32})://")
# lines of kubeadm's and kube-proxy's YAML that hold ranges; JSON's spelling of them as well
RANGE_LINE = re.compile(
    r'^[ \t]{0,64}"?(podSubnet|serviceSubnet|clusterCIDR)"?:[ \t]{0,8}"?([0-9A-Fa-f:./,]{1,200})"?', re.MULTILINE
)
# (namespace, ConfigMap) -> key of its data that holds such lines
RANGE_MAPS = {
    ("kube-system", "kubeadm-config"): "ClusterConfiguration",
    ("kube-system", "kube-proxy"): "config.conf",
}
SLICE_LABEL = "kubernetes.io/service-name"
MAX_CONFIG_TEXT = 1 << 20  # a ConfigMap holds no more


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its addresses, its blocks of pod addresses, the scheme of its providerID, annotations that matter."""

    name: str
    internal: tuple[Net, ...] = ()
    external: tuple[Net, ...] = ()
    blocks: tuple[Net, ...] = ()
    provider: str = ""
    flannel: bool = False
    tunnels: tuple[Net, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """
    A pod that has not ended.

    owner     name of what made it
    images    of its containers, without registry and tag
    flags     of their command lines, those that matter
    believes  whether one of them has a proxy believe everybody's headers
    """

    namespace: str
    name: str
    addresses: tuple[Net, ...] = ()
    host_network: bool = False
    owner: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    believes: bool = False

    @property
    def shown(self) -> str:
        """Return namespace/name for people."""
        return shown(self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Service:
    """A Service. `addresses` are all that clients connect to, `cluster` those of them that are ClusterIPs."""

    namespace: str
    name: str
    type: str = "ClusterIP"
    policy: str = "Cluster"
    cluster: tuple[Net, ...] = ()
    balancers: tuple[Net, ...] = ()
    external: tuple[Net, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """Return namespace/name for people."""
        return shown(self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Ingress:
    """An Ingress: class, Services behind it, its balancer's addresses, whether that reaches pods past kube-proxy."""

    namespace: str
    name: str
    class_name: str = ""
    backends: tuple[str, ...] = ()
    balancers: tuple[Net, ...] = ()
    direct: bool = False

    @property
    def shown(self) -> str:
        """Return namespace/name for people."""
        return shown(self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Slice:
    """The addresses of an EndpointSlice, and the Service it belongs to."""

    namespace: str
    service: str
    addresses: tuple[Net, ...]


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """A ConfigMap: keys of ingress-nginx's that it has, and ranges that it declares, by name."""

    namespace: str
    name: str
    data: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Net, ...]] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """Return namespace/name for people."""
        return shown(self.namespace, self.name)


@dataclass(slots=True)
class Cluster:
    """What was read; `seen` are the kinds of which there was an object, or an empty list."""

    nodes: list[Node] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    ingresses: list[Ingress] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    config_maps: list[ConfigMap] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)  # name of an IngressClass -> its controller
    service_ranges: list[Net] = field(default_factory=list)  # of ServiceCIDR objects
    seen: set[str] = field(default_factory=set)
    _read: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, documents: Iterable[Any], name: str, say: Complaints) -> None:
        """Read the documents of a file."""
        for document in documents:
            for kind, view in objects(document, name, say):
                self.seen.add(kind.removesuffix(LIST))
                read = READERS.get(kind)
                if read is None:
                    continue
                namespace, own_name = view.text("metadata", "namespace"), view.text("metadata", "name")
                key = kind, namespace, own_name
                if own_name and key in self._read:
                    continue  # the same object in two files
                self._read.add(key)
                read(self, namespace, own_name, view.called(f"{kind} {shown(namespace, own_name) or view.place}"))


def _node(cluster: Cluster, _: str, name: str, view: View) -> None:
    found: dict[str, list[str]] = {"InternalIP": [], "ExternalIP": []}
    for address in view.views("status", "addresses"):
        found.get(address.text("type"), []).append(address.text("address"))
    blocks = view.texts("spec", "podCIDRs") or [view.text("spec", "podCIDR")]
    provider = PROVIDER.match(view.text("spec", "providerID"))
    notes = view.table("metadata", "annotations", keys=(FLANNEL_ANNOTATION, *TUNNEL_ANNOTATIONS))
    cluster.nodes.append(
        Node(
            name,
            view.hosts(found["InternalIP"], "status.addresses"),
            view.hosts(found["ExternalIP"], "status.addresses"),
            view.blocks(blocks, "spec.podCIDRs"),
            provider[1] if provider else "",
            FLANNEL_ANNOTATION in notes,
            view.hosts((notes.get(key, "") for key in TUNNEL_ANNOTATIONS), "metadata.annotations"),
        )
    )


def _pod(cluster: Cluster, namespace: str, name: str, view: View) -> None:
    if view.text("status", "phase") in ENDED:
        return
    texts = [one.text("ip") for one in view.views("status", "podIPs")] or [view.text("status", "podIP")]
    images: list[str] = []
    arguments: list[str] = []
    for container in view.views("spec", "containers"):
        images.append(image_name(container.text("image")))
        arguments += [*container.texts("command"), *container.texts("args")]
    cluster.pods.append(
        Pod(
            namespace,
            name,
            view.hosts(texts, "status.podIPs"),
            view.flag("spec", "hostNetwork"),
            next((owner.text("name") for owner in view.views("metadata", "ownerReferences")), ""),
            view.table("metadata", "labels"),
            tuple(images),
            read_flags(arguments),
            any(BELIEVING_FLAG.fullmatch(argument.lower()) for argument in arguments),
        )
    )


def _service(cluster: Cluster, namespace: str, name: str, view: View) -> None:
    cluster_ips = view.texts("spec", "clusterIPs") or [view.text("spec", "clusterIP")]
    cluster.services.append(
        Service(
            namespace,
            name,
            view.text("spec", "type") or "ClusterIP",
            view.text("spec", "externalTrafficPolicy") or "Cluster",
            view.hosts((text for text in cluster_ips if text != HEADLESS), "spec.clusterIPs"),
            _balancers(view),
            view.hosts(view.texts("spec", "externalIPs"), "spec.externalIPs"),
            view.table("spec", "selector"),
            view.table("metadata", "annotations", keys=(*DIRECT_SERVICES, *PROXY_SERVICES, NEG_ANNOTATION)),
        )
    )


def _ingress(cluster: Cluster, namespace: str, name: str, view: View) -> None:
    notes = view.table("metadata", "annotations", keys=(INGRESS_CLASS_ANNOTATION, *DIRECT_INGRESSES))
    backends = [view.text("spec", "defaultBackend", "service", "name")]
    for rule in view.views("spec", "rules"):
        backends += [
            path.text("backend", "service", "name") or path.text("backend", "serviceName")  # as v1beta1 has it
            for path in rule.views("http", "paths")
        ]
    cluster.ingresses.append(
        Ingress(
            namespace,
            name,
            view.text("spec", "ingressClassName") or notes.get(INGRESS_CLASS_ANNOTATION, ""),
            tuple(dict.fromkeys(backend for backend in backends if backend)),
            _balancers(view),
            any(notes.get(key) == value for key, value in DIRECT_INGRESSES.items()),
        )
    )


def _balancers(view: View) -> tuple[Net, ...]:
    """Return the addresses of a balancer; AWS gives a name instead."""
    texts = [one.text("ip") for one in view.views("status", "loadBalancer", "ingress")]
    return view.hosts(texts, "status.loadBalancer.ingress")


def _slice(cluster: Cluster, namespace: str, _: str, view: View) -> None:
    service = view.table("metadata", "labels", keys=(SLICE_LABEL,)).get(SLICE_LABEL, "")
    if service and view.text("addressType") != "FQDN":
        texts = [text for endpoint in view.views("endpoints") for text in endpoint.texts("addresses")]
        cluster.slices.append(Slice(namespace, service, view.hosts(texts, "endpoints")))


def _config_map(cluster: Cluster, namespace: str, name: str, view: View) -> None:
    ranges: dict[str, tuple[Net, ...]] = {}
    key = RANGE_MAPS.get((namespace, name))
    if key is not None:
        text = view.table("data", keys=(key,)).get(key, "")[:MAX_CONFIG_TEXT]
        for found in RANGE_LINE.finditer(text):
            ranges[found[1]] = view.blocks(found[2].split(","), f"data {found[1]}")
    cluster.config_maps.append(ConfigMap(namespace, name, view.table("data", keys=INGRESS_NGINX_KEYS), ranges))


def _class(cluster: Cluster, _: str, name: str, view: View) -> None:
    cluster.classes[name] = view.text("spec", "controller")


def _service_range(cluster: Cluster, _: str, __: str, view: View) -> None:
    cluster.service_ranges += view.blocks(view.texts("spec", "cidrs"), "spec.cidrs")


# kind -> how it is read; no other kind is looked at
READERS: dict[str, Callable[[Cluster, str, str, View], None]] = {
    "Node": _node,
    "Pod": _pod,
    "Service": _service,
    "Ingress": _ingress,
    "EndpointSlice": _slice,
    "ConfigMap": _config_map,
    "IngressClass": _class,
    "ServiceCIDR": _service_range,
}


def image_name(image: str) -> str:
    """Return an image's name alone: `registry.k8s.io/ingress-nginx/controller:v1` is `ingress-nginx/controller`."""
    head, slash, last = image.partition("@")[0].rpartition("/")
    name = head + slash + last.partition(":")[0]
    first, slash, rest = name.partition("/")
    if slash and (set(first) & set(".:") or first == "localhost"):
        name = rest
    return name if "/" in name else f"library/{name}"


def read_flags(arguments: list[str]) -> dict[str, str]:
    """Return the values of FLAGS on a command line, `--flag=value` or `--flag value`."""
    found: dict[str, str] = {}
    for number, argument in enumerate(arguments):
        flag, equals, value = argument.partition("=")
        if flag in FLAGS:
            following = arguments[number + 1] if number + 1 < len(arguments) else ""
            found[flag] = value if equals else following
    return found
