"""A real munin-node runs contrib/munin/mailmum, and a client of its protocol
asks for what Munin's master asks for."""

import os
import pathlib
import re
import socket
import subprocess

import space
import zones
from case import Lab
from smtp import Smtp
from waiting import wait_for

PLUGIN = pathlib.Path(__file__).parents[2] / "contrib/munin"
UNPACKED = pathlib.Path(os.environ["UNPACKED"])
NODE = UNPACKED / "usr/sbin/munin-node"
PORT = 4949
CONF = f"""
log_level 4
log_file {space.BASE}/munin-node.log
pid_file {space.BASE}/munin-node.pid
background 0
setsid 0
user root
group root
allow ^127\\.0\\.0\\.1$
host 127.0.0.1
port {PORT}
host_name mx.example.com
"""
# The lab's daemon runs as root, and mailmumctl is where it was built.
PLUGIN_CONF = f"""
[mailmum]
user root
group root
env.mailmumctl {os.environ['MAILMUMCTL']}
"""
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def missing():
    if not NODE.is_file():
        return f"there is no munin-node in {UNPACKED}"
    return None


def munin(program, *args):
    """(code, output) of one of Munin's programs."""
    done = subprocess.run(
        [UNPACKED / "usr/sbin" / program, *args], env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    return done.returncode, done.stdout


def environment():
    return os.environ | {"PERL5LIB": f"{UNPACKED}/usr/share/perl5"}


class Node:
    """munin-node, and a connection to it that can do what Munin's can."""

    def __init__(self):
        self.process = subprocess.Popen(
            [NODE, "--config", "/etc/munin/munin-node.conf"],
            env=environment())
        wait_for("munin-node", self._connect)
        self.file = self.socket.makefile("rw")
        assert self.file.readline().startswith("# munin node at mx.example")

    def _connect(self):
        assert self.process.poll() is None, "munin-node has ended"
        self.socket = socket.socket()
        return self.socket.connect_ex(("127.0.0.1", PORT)) == 0

    def line(self, command):
        print(command, file=self.file, flush=True)
        return self.file.readline().strip()

    def ask(self, command):
        """{graph: {attribute: value}} of what it says."""
        graphs, graph = {}, None
        print(command, file=self.file, flush=True)
        for line in self.file:
            if line == ".\n":
                return graphs
            name, _, value = line.strip().partition(" ")
            if name == "multigraph":
                graph = graphs.setdefault(value, {})
            elif not name.startswith("#"):
                assert name not in graph, line
                graph[name] = value
        raise AssertionError("munin-node has hung up")

    def stop(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(10)


class Munin(Lab):
    policy = """
smtpd_recipient_restrictions =
  check_client_access inline:{ { 192.0.2.41 = REJECT "by" \\hand } },
  reject_rbl_client zen.spamhaus.org,
  reject_rbl_client bl.spamcop.net,
  greylist
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for directory in ("/etc/munin", "/etc/munin/plugins",
                          "/etc/munin/plugin-conf.d"):
            pathlib.Path(directory).mkdir(exist_ok=True)
        space.write("/etc/munin/munin-node.conf", CONF)
        space.write("/etc/munin/plugin-conf.d/mailmum", PLUGIN_CONF)
        for client in "byhand-no", "byhand-no", "listed", "plain":
            with Smtp(zones.ADDRESS[client]) as c:
                c.cmd("EHLO mail.example.org")
                c.mail()
                c.rcpt(f"{client}@example.com")
                c.quit()
        # as Munin's own installation does it, where autoconf says yes
        code, said = munin("munin-node-configure", "--shell", "--families",
                           "auto", "--libdir", PLUGIN)
        assert code == 0 and "ERROR" not in said, said
        space.run("sh", "-c", said)
        cls.node = Node()
        cls.addClassCleanup(cls.node.stop)
        said = cls.node.line("cap multigraph dirtyconfig")
        assert "multigraph" in said and "dirtyconfig" in said, said

    def test_values(self):
        self.assertEqual("mailmum", self.node.line("list mx.example.com"))
        graphs = self.node.ask("fetch mailmum")
        self.assertEqual(("3", "1", "0"), tuple(
            graphs["mailmum"][f"{w}.value"]
            for w in ("reject", "greylist", "accept")))
        self.assertEqual("1", graphs["mailmum.greylist"]["new.value"])
        self.assertEqual(["1", "1", "2"], sorted(
            graphs["mailmum.restrictions"].values()))
        self.assertIn("1", graphs["mailmum.lists"].values())
        self.assertEqual({"0"}, set(graphs["mailmum.health"].values()))

    def test_dirty_config_has_the_same_values(self):
        config = self.node.ask("config mailmum")
        fetched = self.node.ask("fetch mailmum")
        self.assertEqual(config.keys(), fetched.keys())
        for graph, attributes in config.items():
            values = {n: v for n, v in attributes.items()
                      if n.endswith(".value")}
            self.assertEqual(values.keys(), fetched[graph].keys())
            self.assertIn("graph_title", attributes)
            for name in values:
                field = name.partition(".")[0]
                self.assertRegex(field, FIELD)
                self.assertIn(field + ".label", attributes)
        labels = [v for n, v in config["mailmum.restrictions"].items()
                  if n.endswith(".label")]
        self.assertIn("check_client_access inline:"
                      '{ { 192.0.2.41 = REJECT "by"  ...', labels)
        lists = [v for n, v in config["mailmum.lists"].items()
                 if n.endswith(".label")]
        self.assertEqual(["bl.spamcop.net", "zen.spamhaus.org"],
                         sorted(lists))

    def test_without_dirty_config(self):
        """As the plugin is asked for its graphs by an older master."""
        code, text = munin("munin-run", "mailmum", "config")
        self.assertEqual(0, code, text)
        self.assertIn("multigraph mailmum.latency", text)
        self.assertNotIn(".value", text)

    def test_without_a_daemon(self):
        self.gate.stop()
        self.addCleanup(self.gate.start)
        code, text = munin("munin-run", "mailmum", "autoconf")
        self.assertEqual(0, code)
        self.assertRegex(text, r"^no \(mailmumctl: .*cannot be reached")
        code, text = munin("munin-run", "mailmum")
        self.assertNotEqual(0, code)
        self.assertNotIn(".value", text)
