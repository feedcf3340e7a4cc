"""The laboratory at work: a setup is put up in place of the one before, and requests are made in it."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab import namespaces, network
from tests.lab.balancers import (
    l7_nginx,
    proxy_haproxy,
    router,
    service_lb_node,
    service_lb_pod,
    sidecar_haproxy,
    sidecar_pod,
)
from tests.lab.ingress import ingress_nginx
from tests.lab.kubeproxy import iptables, nftables
from tests.lab.masq import ip_masq_agent
from tests.lab.namespaces import PREFIX, Program, run, run_in, sysctl
from tests.lab.network import BALANCER_PLACE, L4_VIP, L7_VIP, NODES, POD_CIDR, PODS, Pod
from tests.lab.scenarios import GATEWAY, LEGACY, NEIGHBOUR_POD, NFTABLES, OWN, SETUPS, Row, Setup
from tests.lab.syns import Syn, Syns

REPOSITORY = Path(__file__).parents[2]
WHOFROM = Path(sys.executable).parent / "whofrom"
FOLDER = Path("/run/whofrom-lab")  # root's own, unlike /tmp
ANSWER_SECONDS = 10  # for one answer, on a machine with more to do
SILENCE_SECONDS = 1.5  # after which a request that must not be answered is not
PROBE_SECONDS = 60  # for its requests, at the rate that it keeps to
RECORD_SECONDS = 5  # until a record is in the log
LOCK_SECONDS = 300  # for another laboratory to end: a run of all rows takes less than half
NEEDED = (
    "ip",
    "bridge",
    "unshare",
    "iptables-restore",
    "iptables-legacy-restore",
    "nft",
    "conntrack",
    "nginx",
    "haproxy",
    "curl",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and what the server logged about its request."""

    body: str
    record: dict[str, Any]


class Laboratory:
    """Context manager: builds the network, removes it and ends its programs; waits for another to end."""

    def __init__(self, patience: float = LOCK_SECONDS) -> None:
        self._patience = patience

    def __enter__(self) -> "Laboratory":
        with ExitStack() as stack:
            stack.enter_context(namespaces.Lock(self._patience))
            self.folder = FOLDER
            stack.callback(self._remove)
            self._remove()
            self.folder.mkdir(mode=0o700)
            network.build()
            stack.callback(self._stop)
            self._programs: list[Program] = []
            self._probes: dict[Row, subprocess.Popen[str]] = {}
            self._numbers = itertools.count(1)
            self._log = self.folder / "none"
            self._pod = PODS["app-a"]
            self.setup = ""
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _remove(self) -> None:
        """Remove what is there: at the end, and what a killed run left over."""
        namespaces.remove_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def use(self, name: str) -> None:
        """Put up a setup, unless it stands."""
        if name == self.setup:
            return
        setup = SETUPS[name]
        self.setup = ""
        self._stop()
        self._rules(setup)
        self._start(setup, Path(tempfile.mkdtemp(dir=self.folder)))
        self.setup = name

    def get(self, row: Row, path: str, seconds: float = ANSWER_SECONDS) -> Answer:
        """Make a row's request for a path, on a connection of its own."""
        target = f"{path}{'&' if '?' in path else '?'}lab={next(self._numbers)}"
        connection = HTTPConnection(row.host, 80, timeout=seconds)
        connection.sock = namespaces.connected(row.caller, row.host, 80, seconds)
        try:
            connection.request("GET", target, headers=dict(row.send))
            body = connection.getresponse().read().decode()
        finally:
            connection.close()
        return Answer(body, self._record(target))

    def answers(self, row: Row) -> bool:
        """Whether a row's request gets an answer at all."""
        try:
            namespaces.connected(row.caller, row.host, 80, SILENCE_SECONDS).close()
        except TimeoutError:
            return False
        return True

    def syns(self) -> Syns:
        """The SYNs that arrive in the server's pod from now on."""
        return Syns(self._pod.name)

    def sender(self, syn: Syn) -> str:
        """Whose MAC address a SYN came from: the pod's own, its gateway's, or a neighbour's on the bridge."""
        links = json.loads(run("ip", "-n", PREFIX + self._pod.name, "-json", "link", "show", "eth0"))
        if syn.mac == links[0]["address"]:
            return OWN
        gateway = self._pod.node.bridge if self._pod.bridged else network.ENI_GATEWAY
        neighbours = json.loads(run("ip", "-n", PREFIX + self._pod.name, "-json", "neigh", "show", gateway))
        return GATEWAY if syn.mac in {neighbour.get("lladdr") for neighbour in neighbours} else NEIGHBOUR_POD

    def probed(self, row: Row, together: Iterable[Row]) -> tuple[int, str]:
        """
        Run `whofrom probe` where a row's request comes from; returns its exit code and what it printed.

        The first to be asked for starts those of all rows that are to run together: each mostly waits, for the pauses
        that it keeps between its requests.
        """
        if row not in self._probes:
            for other in together:
                if other.probe is not None:
                    self._start_probe(other)
        printed, _ = self._probes[row].communicate(timeout=PROBE_SECONDS)
        return self._probes.pop(row).returncode, printed

    def _start_probe(self, row: Row) -> None:
        argv = ["ip", "netns", "exec", PREFIX + row.caller, str(WHOFROM), "probe", f"http://{row.host}/"]
        argv += ["-o", "json", *(["--my-address", row.public] if row.public else [])]
        self._probes[row] = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def _record(self, target: str) -> dict[str, Any]:
        end = time.monotonic() + RECORD_SECONDS
        while time.monotonic() < end:
            for line in reversed(self._log.read_text(encoding="utf-8").splitlines()):
                with suppress(ValueError):  # the last line may be half written
                    record: dict[str, Any] = json.loads(line)
                    if record["target"] == target:
                        return record
            time.sleep(0.005)
        raise namespaces.LabFault(f"no record of {target} in the log of {self._pod.name}")

    def _rules(self, setup: Setup) -> None:
        for node in NODES:
            for command in ("iptables-restore", "iptables-legacy-restore"):
                run_in(node.name, command, text="*nat\nCOMMIT\n*filter\nCOMMIT\n")
            run_in(node.name, "nft", "-f", "-", text="table ip kube-proxy\ndelete table ip kube-proxy\n")
            services = [setup.service] if setup.service else []
            here = network.pods_on(node)
            restore = "iptables-legacy-restore" if setup.mode == LEGACY else "iptables-restore"
            if setup.mode == NFTABLES:
                run_in(node.name, "nft", "-f", "-", text=nftables(services, here, POD_CIDR))
            else:
                run_in(node.name, restore, text=iptables(services, here, POD_CIDR))
            run_in(node.name, restore, "--noflush", text=ip_masq_agent(setup.kept))
        run_in(BALANCER_PLACE, "iptables-restore", text=router(setup.l4, setup.transparent))
        for pod in PODS.values():
            if pod.name == setup.service_lb and setup.service:
                sysctl(pod.name, ipv4__ip_forward=1)
                run_in(pod.node.name, "iptables-restore", "--noflush", text=service_lb_node(pod.address))
                run_in(pod.name, "iptables-restore", text=service_lb_pod(setup.service.address))
            elif pod.name == setup.server and setup.sidecar:
                run_in(pod.name, "iptables-restore", text=sidecar_pod())
            else:
                sysctl(pod.name, ipv4__ip_forward=0)
                run_in(pod.name, "iptables-restore", text="*nat\nCOMMIT\n")
        # what NAT a connection gets is decided once
        for place in (BALANCER_PLACE, *(node.name for node in NODES)):
            run_in(place, "conntrack", "-F")

    def _start(self, setup: Setup, folder: Path) -> None:
        pod = self._pod = PODS[setup.server]
        self._log = folder / "records.ndjson"
        self._log.touch()
        toml = folder / "whofrom.toml"
        toml.write_text(overlay_toml(setup), encoding="utf-8")
        argv = [str(WHOFROM), "serve", "--port", "80", "--workers", "1", "--config", str(toml)]
        argv += ["--log", str(self._log), "--log-flush", "5ms", "--drain", "0s"]
        # each waited for from where its first connection may come; the kubelet asks a pod from its node
        started = [(self._program(pod.name, argv, folder, _downward(pod)), pod.address, pod.node.name)]
        if setup.ingress:
            at = PODS[setup.ingress]
            argv = self._nginx(folder / "ingress", ingress_nginx(setup.configmap, f"{pod.address}:80"))
            started.append((self._program(at.name, argv, folder), at.address, at.name))
        if setup.l7:
            argv = self._nginx(folder / "balancer", l7_nginx(setup.l7, setup.transparent))
            started.append((self._program(BALANCER_PLACE, argv, folder), L7_VIP, BALANCER_PLACE))
        if setup.proxy:
            argv = self._haproxy(folder / "balancer.cfg", proxy_haproxy(setup.proxy))
            started.append((self._program(BALANCER_PLACE, argv, folder), L4_VIP, BALANCER_PLACE))
        if setup.sidecar:
            argv = self._haproxy(folder / "sidecar.cfg", sidecar_haproxy())
            started.append((self._program(pod.name, argv, folder, listens=15006), pod.address, pod.name))
        for program, address, caller in started:
            program.wait(address, caller)

    def _program(
        self, place: str, argv: list[str], folder: Path, env: Mapping[str, str] | None = None, listens: int = 80
    ) -> Program:
        program = Program(place, argv, folder / f"{place}.txt", listens, env)
        self._programs.append(program)
        return program

    def _nginx(self, folder: Path, conf: str) -> list[str]:
        folder.mkdir()
        (folder / "nginx.conf").write_text(conf, encoding="utf-8")
        return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]

    def _haproxy(self, path: Path, cfg: str) -> list[str]:
        path.write_text(cfg, encoding="utf-8")
        return ["haproxy", "-db", "-f", str(path)]

    def _stop(self) -> None:
        for probe in self._probes.values():
            probe.kill()
            probe.communicate()
        self._probes.clear()
        for program in self._programs:
            program.terminate()
        for program in self._programs:
            program.stop()
        self._programs.clear()


def overlay_toml(setup: Setup) -> str:
    """The whofrom.toml of a setup's overlay, with what the setup has in place of it."""
    text = (REPOSITORY / "deploy" / "overlays" / setup.overlay / "whofrom.toml").read_text(encoding="utf-8")
    for old, new in setup.toml.items():
        if old not in text:
            raise namespaces.LabFault(f"the whofrom.toml of {setup.overlay} has no {old!r}")
        text = text.replace(old, new)
    return text


def _downward(pod: Pod) -> dict[str, str]:
    """The environment that the Kubernetes downward API gives a pod of the overlays."""
    return {
        "NODE_NAME": pod.node.name,
        "NODE_IP": pod.node.address,
        "POD_NAME": f"whofrom-{pod.name}",
        "POD_NAMESPACE": "whofrom",
        "POD_IP": pod.address,
    }


def missing() -> str:
    """Why there can be no laboratory here, or nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    if lacking := [name for name in NEEDED if shutil.which(name) is None]:
        return f"needs {', '.join(lacking)}"
    if not Path("/proc/sys/net/bridge").is_dir():
        return "needs the kernel's br_netfilter (modprobe br_netfilter)"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        return "may make no network namespaces here (CAP_SYS_ADMIN)"
    return ""
