"""
How requests come into the cluster: [[network.service]] and [network.ingress_nginx].

Rules:

* A Service is told if it is a NodePort or LoadBalancer, has external addresses, or stands behind an Ingress of the
  cloud's own balancer; and if it has pods, since one without passes nothing on.
* Its policy is Direct where its annotations say that the balancer reaches the pods, or where it has no port on the
  nodes and the Ingress before it does so; else its externalTrafficPolicy.
* Its pods are those of its EndpointSlices, or without these those that its selector names. Where they are the ingress
  controllers' pods, the name `ingress` stands for them.
* ingress-nginx's ConfigMap is the one its flag names, else one of the usual names beside it.
"""

import json
import re
from functools import cached_property
from typing import NamedTuple

from echo.clientip.network import CLUSTER, DIRECT, EVERYBODY, INGRESS_NGINX_KEYS, LOCAL, MAX_SERVICES
from echo.topology.cluster import ConfigMap, Ingress, Pod, Service
from echo.topology.facts import Facts
from echo.topology.known import (
    CONFIG_MAP_NAMES,
    DIRECT_SERVICES,
    INGRESS_NGINX,
    NEG_ANNOTATION,
    PROXY_SERVICES,
    Cloud,
)
from echo.topology.nets import Net, hosts, parse_net, spelled
from echo.topology.toml import Item, Line, Table
from echo.topology.view import counted, few

ON_NODES = ("NodePort", "LoadBalancer")  # types of Services that have a port on every node
LOAD_BALANCER = "LoadBalancer"
MAX_NEG_CHARS = 4096  # of the annotation's JSON; it names ports
MAX_NEG_DEPTH = 8

TRUE, FALSE = "true", "false"
# how ConfigMaps spell a switch (Go's strconv.ParseBool) -> how ours do
SWITCHES = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), TRUE) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), FALSE
)
HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
REAL_IP_CIDR, FORWARDED_FOR = "proxy-real-ip-cidr", "forwarded-for-header"
BELIEVING = ("use-forwarded-headers", "enable-real-ip")  # switches with which nginx believes a header


class Exposed(NamedTuple):
    """A Service that requests come through: its policy, the reason, the pods behind it, whether slices name them."""

    service: Service
    policy: str
    why: str
    endpoints: tuple[Net, ...]
    sliced: bool


class Exposure:
    """How requests come in, worked out once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.notes: list[str] = []
        self._slices: dict[tuple[str, str], list[Net]] = {}
        for one in facts.cluster.slices:
            self._slices.setdefault((one.namespace, one.service), []).extend(one.addresses)
        self._labelled: dict[tuple[str, str, str], list[Pod]] = {}  # namespace, key and value of a label -> pods
        for pod in facts.cluster.pods:
            for label in pod.labels.items():
                self._labelled.setdefault((pod.namespace, *label), []).append(pod)

    @cached_property
    def balanced(self) -> list[tuple[Ingress, Cloud]]:
        """Ingresses that a cloud's own L7 balancer serves."""
        classes = self.facts.cluster.classes
        return [
            (ingress, cloud)
            for ingress in self.facts.cluster.ingresses
            for cloud in self.facts.clouds
            if {ingress.class_name, classes.get(ingress.class_name)}.intersection(cloud.classes)
        ]

    @cached_property
    def direct_backends(self) -> dict[tuple[str, str], Ingress]:
        """Namespace and name of Services before which an Ingress's balancer reaches the pods."""
        return {(one.namespace, name): one for one, _ in self.balanced if one.direct for name in one.backends}

    @cached_property
    def exposed(self) -> list[Exposed]:
        """The Services that requests come through, balancers' first."""
        behind = {(one.namespace, name) for one, _ in self.balanced for name in one.backends}
        found = [
            service
            for service in self.facts.cluster.services
            if service.type in ON_NODES or service.external or (service.namespace, service.name) in behind
        ]
        found.sort(key=lambda service: service.type != LOAD_BALANCER)
        if len(found) > MAX_SERVICES:
            self.notes.append(
                f"{counted(len(found), 'Service')} let requests in, and whofrom.toml may hold {MAX_SERVICES}: the rest "
                "is left out; give the namespaces that matter alone"
            )
            found = found[:MAX_SERVICES]
        told = [
            Exposed(one, *self._policy(one), self.endpoints(one), (one.namespace, one.name) in self._slices)
            for one in found
        ]
        empty = [one.service.shown for one in told if not one.endpoints]
        if empty:
            self.notes.append(
                f"no pods behind Service {few(empty)}: left out; if there are some, add endpointslices to the input"
            )
        return [one for one in told if one.endpoints]

    def endpoints(self, service: Service) -> tuple[Net, ...]:
        """Return the addresses of the pods behind a Service."""
        key = service.namespace, service.name
        if key in self._slices:
            return tuple(hosts(self._slices[key]))
        if not service.selector:
            return ()
        wanted = service.selector.items()
        candidates = min((self._labelled.get((service.namespace, *label), []) for label in wanted), key=len)
        return tuple(hosts(net for pod in candidates if wanted <= pod.labels.items() for net in pod.addresses))

    def _policy(self, service: Service) -> tuple[str, str]:
        for annotation, (value, what) in DIRECT_SERVICES.items():
            if service.type == LOAD_BALANCER and service.annotations.get(annotation) == value:
                return DIRECT, f"by annotation {annotation}: {what}"
        if service.type != LOAD_BALANCER and _has_neg(service.annotations.get(NEG_ANNOTATION, "")):
            return DIRECT, f"by annotation {NEG_ANNOTATION}: Google's L7 balancers reach pods"
        ingress = self.direct_backends.get((service.namespace, service.name))
        if ingress is not None and service.type not in ON_NODES:
            return DIRECT, f"by Ingress {ingress.shown}, whose balancer reaches pods"
        return LOCAL if service.policy == LOCAL else CLUSTER, f"externalTrafficPolicy, type {service.type}"

    @cached_property
    def proxying(self) -> list[Service]:
        """Services whose balancer begins each connection with a PROXY header."""
        return [
            one
            for one in self.facts.cluster.services
            if any(
                one.annotations.get(key) and value in ("", one.annotations[key])
                for key, value in PROXY_SERVICES.items()
            )
        ]

    def services(self) -> list[Table]:
        """Return [[network.service]] for each Service that requests come through."""
        return [self._table(one) for one in self.exposed]

    def _table(self, one: Exposed) -> Table:
        service, ingress = one.service, hosts(self.facts.ingress)
        if ingress and list(one.endpoints) == ingress:
            endpoints: tuple[Item, ...] = (Item("ingress", "all the pods of ingress controllers"),)
        else:
            endpoints = tuple(Item(spelled(net)) for net in one.endpoints)
        addresses = [
            *(Item(spelled(net), "the balancer's, where clients connect to") for net in service.balancers),
            *(Item(spelled(net), "external address") for net in service.external if net not in service.balancers),
            *(Item(spelled(net), "ClusterIP") for net in service.cluster),
        ]
        lines = [
            Line("name", service.shown),
            Line("policy", one.policy, f"{one.policy}: {one.why}."),
            Line("endpoints", endpoints, "EndpointSlices." if one.sliced else "Pods that the selector names."),
        ]
        if service.type == LOAD_BALANCER and not service.balancers:
            lines.append(Line("", None, "addresses lacks the balancer's: the API gives a name, or none yet."))
        return Table("[[network.service]]", "", (*lines, *([Line("addresses", tuple(addresses))] if addresses else [])))

    def ingress_nginx(self) -> list[Table]:
        """Return [network.ingress_nginx], if there is ingress-nginx and its ConfigMap was read."""
        maps = self._config_maps()
        if not maps:
            return []
        first = maps[0]
        if any(other.data != first.data for other in maps[1:]):
            others = few([one.shown for one in maps[1:]])
            self.notes.append(
                f"ConfigMap {others} of ingress-nginx says otherwise than {first.shown}, which is written; write the "
                "one that stands before your pods"
            )
        lines = [Line(key, text) for key in INGRESS_NGINX_KEYS if (text := self._value(first, key)) is not None]
        values = {line.key: line.value for line in lines}
        if any(values.get(key) == TRUE for key in BELIEVING) and _is_everybody(str(values.get(REAL_IP_CIDR, ""))):
            self.notes.append(
                f"ConfigMap {first.shown} has nginx believe everybody's X-Forwarded-For: who sends one is taken for "
                f"whom it names; set {REAL_IP_CIDR} to the L7 balancer's ranges, or drop the switch where there is none"
            )
        why = f"ConfigMap {first.shown}, the keys that matter." + ("" if lines else " None of them is set.")
        return [Table("[network.ingress_nginx]", why, tuple(lines))]

    def _config_maps(self) -> list[ConfigMap]:
        by_name = {(one.namespace, one.name): one for one in self.facts.cluster.config_maps}
        found: dict[tuple[str, str], ConfigMap] = {}
        for pod in (pod for name, pod in self.facts.controllers if name == INGRESS_NGINX):
            flag = pod.flags.get("--configmap", "").replace("$(POD_NAMESPACE)", pod.namespace)
            namespace, _, name = flag.partition("/")
            usual = [(pod.namespace, usual) for usual in CONFIG_MAP_NAMES]
            for key in [(namespace, name)] if name else usual:
                if key in by_name:
                    found.setdefault(key, by_name[key])
                    break
        return list(found.values())

    def _value(self, config_map: ConfigMap, key: str) -> str | None:
        text = config_map.data.get(key)
        if text is None or not (text := text.strip()):
            return None
        if key == REAL_IP_CIDR:
            value = text if all(parse_net(part.strip()) is not None for part in text.split(",")) else None
        elif key == FORWARDED_FOR:
            value = text if HEADER_NAME.fullmatch(text) else None
        else:
            value = SWITCHES.get(text)
        if value is None:  # not quoted: nobody says that what stands there is no secret
            self.notes.append(
                f"ConfigMap {config_map.shown}: {key} holds no value of that key; left out, since nginx takes its "
                "default: correct it there"
            )
        return value


def _is_everybody(text: str) -> bool:
    return not text or bool(set(EVERYBODY).intersection(part.strip() for part in text.split(",")))


def _has_neg(text: str) -> bool:
    """Return whether the annotation makes network endpoint groups for L7 balancers."""
    if not text or len(text) > MAX_NEG_CHARS or text.count("{") > MAX_NEG_DEPTH or "[" in text:
        return False
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and bool(value.get("ingress") is True or value.get("exposed_ports"))
