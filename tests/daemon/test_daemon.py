"""The daemon as an MTA sees it: a real one, on a socket of its own, offline."""
import grp
import json
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import threading
import time
import unittest

from gate import Gate, MAILMUM, PATIENCE, until
import mta
from mta import Gone, Mta, session

POLICY = """
smtpd_client_restrictions =
    check_client_access inline:{ { 192.0.2.1 = OK },
        { 192.0.2.2 = REJECT 100% sure },
        { 192.0.2.3 = DEFER come back },
        { 192.0.2.4 = WARN looked odd },
        { 192.0.2.5 = 550 4.7.1 my own code },
        { 192.0.2.6 = 421 4.7.0 go away } }
smtpd_helo_restrictions = check_helo_access inline:{ evil.example=REJECT }
smtpd_recipient_restrictions = permit
"""
REFUSE_ALL = "smtpd_recipient_restrictions = reject\n"
PERMIT_ALL = "smtpd_recipient_restrictions = permit\n"
GREYLIST = "smtpd_recipient_restrictions = greylist\n"


class Negotiation(unittest.TestCase):
    def test_events_that_ask_questions_are_answered(self):
        """Postfix holds back events that need no reply, and our questions
        with them; HELO comes with MAIL then, which is soon enough."""
        with Gate(POLICY) as gate, Mta(gate.milter) as m:
            self.assertEqual(m.steps & mta.NR_ALL, mta.NR_HELO)
            for unused in (0x10, 0x20, 0x40, 0x100, 0x200):
                self.assertTrue(m.steps & unused, hex(unused))
            self.assertFalse(m.steps & 0xF)  # connect, helo, mail, rcpt
            self.assertEqual(m.actions, mta.SETSYMLIST)
            self.assertEqual(m.connect(), "continue")
            self.assertIsNone(m.helo())
            self.assertEqual(m.mail(), "continue")
            self.assertEqual(m.rcpt(), "continue")

    def test_an_mta_that_offers_little(self):
        with Gate(REFUSE_ALL) as gate:
            with Mta(gate.milter, actions=0x3F, steps=0x7F) as m:
                self.assertEqual(m.macros, {})
                for answer in (m.connect(), m.helo(), m.mail()):
                    self.assertEqual(answer, "continue")
                self.assertEqual(m.rcpt()[:3], "554")

    def test_asks_for_the_macros_that_it_uses(self):
        with Gate(POLICY) as gate, Mta(gate.milter) as m:
            self.assertEqual(set(m.macros["connect"]), {
                "j", "{daemon_name}", "{client_name}", "{client_ptr}",
                "{client_resolve}", "{client_port}", "{daemon_addr}",
                "{daemon_port}", "{if_addr}", "{daemon_flags}"})
            tls = {"{tls_version}", "{cipher}", "{cipher_bits}",
                   "{cert_subject}", "{cert_issuer}", "{verify}",
                   "{cn_subject}", "{cn_issuer}"}
            self.assertEqual(set(m.macros["helo"]), tls)
            self.assertEqual(set(m.macros["mail"]), tls | {
                "r", "{auth_type}", "{auth_authen}", "{auth_author}",
                "{mail_addr}"})
            self.assertEqual(set(m.macros["rcpt"]), {"i", "{rcpt_addr}"})


class Verdicts(unittest.TestCase):
    def test_replies_are_whole(self):
        cases = {
            "192.0.2.1": "continue",
            "192.0.2.2": "554 5.7.1 <unknown[192.0.2.2]>: Client host "
                         "rejected: 100%% sure",
            "192.0.2.3": "450 4.7.1 <unknown[192.0.2.3]>: Client host "
                         "rejected: come back",
            "192.0.2.4": "continue",
            "192.0.2.5": "550 5.7.1 <unknown[192.0.2.5]>: Client host "
                         "rejected: my own code",
            "192.0.2.6": "421 4.7.0 <unknown[192.0.2.6]>: Client host "
                         "rejected: go away",
        }
        with Gate(POLICY) as gate:
            for address, want in cases.items():
                self.assertEqual(session(gate.milter, address), want)
            self.assertEqual(session(gate.milter, helo="evil.example"),
                             "554 5.7.1 <evil.example>: Helo command "
                             "rejected: Access denied")
            warned = gate.record(action="warn")
            self.assertEqual(warned["client_address"], "192.0.2.4")
            refused = gate.record(client_address="192.0.2.2")
            self.assertEqual(refused["action"], "reject")
            self.assertEqual(refused["stage"], "RCPT")
            self.assertIn("100% sure", refused["reply"])
            accepted = gate.record(client_address="192.0.2.1")
            self.assertEqual(accepted["reason"], "permit")
            counters = gate.counters()
            self.assertEqual(counters["sessions"], 7)
            self.assertEqual(counters["rejects"], 3)
            self.assertEqual(counters["defers"], 2)
            self.assertEqual(counters["accepts"], 2)
            self.assertEqual(counters["warnings"], 1)

    def test_a_footer_stands_behind_what_refuses(self):
        footer = ("smtpd_reject_footer = \\c 100%.\\n\\n"
                  "$client_address at $server_name\n")
        reply = "<b@example.net>: Recipient address rejected: "
        with Gate(REFUSE_ALL + footer) as gate:
            self.assertEqual(
                session(gate.milter),
                f"554-5.7.1 {reply}Access denied 100%%.\r\n554-5.7.1 \r\n"
                "554 5.7.1 192.0.2.9 at mx.example.net")
            self.assertEqual(gate.record(action="reject")["reply"],
                             f"554 5.7.1 {reply}Access denied")
        with Gate(GREYLIST + footer) as gate:
            self.assertEqual(
                session(gate.milter),
                f"451-4.7.1 {reply}Greylisted, come back in 170 seconds "
                "100%%.\r\n451-4.7.1 \r\n"
                "451 4.7.1 192.0.2.9 at mx.example.net")
        with Gate(PERMIT_ALL + footer) as gate:
            self.assertEqual(session(gate.milter), "continue")
        lines = "\\n".join("x" * 600 for _ in range(30))
        with Gate(REFUSE_ALL + f"smtpd_reject_footer = {lines}\n") as gate:
            answer = session(gate.milter).split("\r\n")
            self.assertEqual(len(answer), 31)
            self.assertEqual({len(line) for line in answer[1:]}, {510})

    def test_each_recipient_of_each_mail_is_judged(self):
        policy = ("smtpd_recipient_restrictions = check_recipient_access "
                  "inline:{ no@example.net=REJECT }\n")
        with Gate(policy) as gate, Mta(gate.milter) as m:
            m.connect()
            m.helo()
            for mail in range(3):
                m.mail(f"<{mail}@example.org>")
                self.assertEqual(m.rcpt("<yes@example.net>"), "continue")
                self.assertTrue(m.rcpt("<no@example.net>").startswith("554"))
                self.assertEqual(
                    m.rcpt("<also@example.net>", queue_id="4Xyz"), "continue")
                m.abort()
            m.helo("again.example.org")
            m.mail("<last@example.org>")
            self.assertEqual(m.rcpt("<yes@example.net>"), "continue")
            last = gate.record(sender="last@example.org")
            self.assertEqual(last["helo"], "again.example.org")
            self.assertEqual(len(gate.records(queue_id="4Xyz")), 3)
            self.assertEqual(
                len({entry["session"] for entry in gate.records()}), 1)

    def test_postmaster_is_let_through(self):
        with Gate(REFUSE_ALL) as gate:
            for rcpt in ("<postmaster>", "<PostMaster>"):
                self.assertEqual(session(gate.milter, rcpt=rcpt), "continue")
            self.assertEqual(
                session(gate.milter, rcpt="<postmaster@example.net>")[:3],
                "554")
            until(lambda: len(gate.records(reason="postmaster")) == 2,
                  "a record of each")

    def test_a_client_that_has_gone(self):
        with Gate(POLICY) as gate:
            with Mta(gate.milter) as m:
                m.connect(None, "unknown")
                m.mail("<>")
                self.assertEqual(m.rcpt(), "continue")
            record = gate.record(action="accept")
            self.assertEqual(record["client_name"], "unknown")
            self.assertNotIn("client_address", record)
            self.assertEqual(record["sender"], "<>")
        with Gate(GREYLIST) as gate:  # no network that could be remembered
            self.assertEqual(session(gate.milter, None, "unknown"), "continue")

    def test_nothing_sent_breaks_a_record_or_a_reply(self):
        nasty = 'x\r\naction=accept "\\ %s%n {"a":1}\x1b[2J \udcff\u00e9'
        with Gate(REFUSE_ALL) as gate:
            for _ in range(3):
                reply = session(
                    gate.milter, "2001:db8::1", helo=nasty,
                    sender=f"<{nasty}@example.org>",
                    rcpt=f"<{nasty}@example.net>")
                self.assertEqual(reply[:10], "554 5.7.1 ")
                self.assertTrue(all(" " <= c <= "~" for c in reply), reply)
                self.assertIn("%%s%%n", reply)
            huge = "y" * 60000
            reply = session(gate.milter, rcpt=f"<{huge}@example.net>")
            self.assertTrue(reply.startswith("554 5.7.1 <yyy"))
            self.assertLess(len(reply), 512)
            percent = session(gate.milter, rcpt="<" + "%" * 900 + "@x>")
            self.assertTrue(percent.startswith("554 5.7.1 <%%"))
            until(lambda: len(gate.records()) == 5, "five records")
            self.assertEqual(len(gate.records(action="reject")), 5)

    def test_commands_out_of_order_do_no_harm(self):
        with Gate(REFUSE_ALL) as gate:
            for path in ("RMHC", "HMR", "CRRM", "CMMMR", "CAAMAR", "CHHMAR"):
                m = Mta(gate.milter, timeout=0.3)
                for step in path:
                    call = {"C": m.connect, "H": m.helo, "M": m.mail,
                            "R": m.rcpt, "A": m.abort}[step]
                    try:
                        call()
                    except (Gone, TimeoutError, OSError):
                        break
                m.sock.close()
            self.assertEqual(session(gate.milter)[:3], "554")
            until(lambda: gate.counters()["sessions_open"] == 0, "all closed")


class Greylist(unittest.TestCase):
    def test_wait_then_pass(self):
        with Gate(GREYLIST, "greylist_delay = 2s") as gate:
            self.assertEqual(
                session(gate.milter),
                "451 4.7.1 <b@example.net>: Recipient address rejected: "
                "Greylisted, come back in 2 seconds")
            self.assertEqual(session(gate.milter)[:9], "451 4.7.1")
            first = until(lambda: gate.records(action="greylist"), "")[0]
            self.assertEqual(first["reason"], "greylist")
            time.sleep(2.1)
            self.assertEqual(session(gate.milter), "continue")
            passed = gate.record(action="accept")
            self.assertGreaterEqual(passed["delay"], 2)
            self.assertEqual(session(gate.milter), "continue")
            counters = gate.counters()
            self.assertEqual(counters["greylist_new"], 1)
            self.assertEqual(counters["greylist_early"], 1)
            self.assertEqual(counters["greylist_passed"], 1)
            self.assertEqual(counters["greylist_known"], 1)
            self.assertEqual(counters["greylists"], 2)

    def test_remembers_across_a_kill(self):
        with Gate(GREYLIST, "greylist_delay = 1s") as gate:
            self.assertEqual(session(gate.milter)[:3], "451")
            gate.signal(signal.SIGKILL)
            gate.process.wait(PATIENCE)
            os.unlink(gate.path("log"))
            gate.start()
            time.sleep(1.1)
            self.assertEqual(session(gate.milter), "continue")

    def test_mail_passes_without_a_store_and_it_is_said_once(self):
        gate = Gate(GREYLIST, "state_directory = {dir}/file/state")
        with open(gate.path("file"), "w", encoding="ascii"):
            pass
        with gate:
            for _ in range(3):
                self.assertEqual(session(gate.milter), "continue")
            until(lambda: len(gate.records(action="accept")) == 3, "records")
            self.assertEqual(len(gate.lines("greylist store fails")), 1)
            self.assertEqual(gate.counters()["store_errors"], 3)
            os.unlink(gate.path("file"))
            os.makedirs(gate.path("file/state"))
            gate.signal(signal.SIGHUP)
            until(lambda: gate.lines("reloaded"), "the reload")
            self.assertEqual(session(gate.milter)[:3], "451")


class Reload(unittest.TestCase):
    def test_hup_under_traffic(self):
        """Every session gets one policy or the other, and none is lost."""
        other = "smtpd_recipient_restrictions = reject, permit\n"
        failures, done = [], threading.Event()
        seen = set()

        def traffic():
            while not done.is_set():
                try:
                    seen.add(session(gate.milter))
                except Exception as e:  # whatever: it is a failure
                    failures.append(repr(e))

        with Gate(PERMIT_ALL) as gate:
            threads = [threading.Thread(target=traffic) for _ in range(4)]
            for thread in threads:
                thread.start()
            for i in range(60):
                gate.configure(other if i % 2 == 0 else PERMIT_ALL)
                gate.signal(signal.SIGHUP if i % 3 else signal.SIGUSR1)
                time.sleep(0.02 if i % 5 else 0)
            time.sleep(0.2)
            done.set()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            self.assertEqual(seen, {
                "continue", "554 5.7.1 <b@example.net>: Recipient address "
                            "rejected: Access denied"})
            self.assertGreater(gate.counters()["reloads"], 3)

    def test_a_session_keeps_its_policy(self):
        with Gate(PERMIT_ALL) as gate, Mta(gate.milter) as m:
            m.connect()
            m.helo()
            gate.configure(REFUSE_ALL)
            self.assertEqual(gate.control(b"reload\n")[0], 200)
            m.mail()
            self.assertEqual(m.rcpt(), "continue")
            self.assertEqual(session(gate.milter)[:3], "554")

    def test_a_mistake_leaves_the_running_policy(self):
        with Gate(PERMIT_ALL) as gate:
            gate.configure("smtpd_recipient_restrictions = rejectt\n")
            code, text, body = gate.control(b"reload\n")
            self.assertEqual(code, 500)
            self.assertIn("the running policy stays", text)
            self.assertRegex(body, r"mailmum\.conf:\d+: .*rejectt")
            self.assertEqual(session(gate.milter), "continue")
            gate.signal(signal.SIGHUP)
            until(lambda: len(gate.lines("not reloaded")) == 2, "said twice")
            os.unlink(gate.config)
            code, _, body = gate.control(b"reload\n")
            self.assertEqual(code, 500)
            self.assertIn("No such file", body)
            self.assertEqual(body.count("mailmum.conf"), 1, body)
            self.assertEqual(session(gate.milter), "continue")
            self.assertEqual(gate.counters()["reloads_failed"], 3)

    def test_restart_settings_are_reported(self):
        with Gate(PERMIT_ALL) as gate:
            gate.settings = "state_directory = {dir}/other"
            gate.configure(PERMIT_ALL)
            code, _, body = gate.control(b"reload\n")
            self.assertEqual(code, 200)
            self.assertIn("state_directory", body)

    def test_the_resolver_is_told(self):
        with Gate(PERMIT_ALL) as gate:
            gate.settings = "dns_stub = .=127.0.0.1@10\ndns_forward ="
            gate.configure(REFUSE_ALL)
            self.assertEqual(gate.control(b"reload\n")[0], 200)
            self.assertEqual(session(gate.milter)[:3], "554")

    def test_log_files_are_opened_anew(self):
        with Gate(PERMIT_ALL) as gate:
            session(gate.milter)
            gate.record(action="accept")
            os.rename(gate.path("log"), gate.path("log.1"))
            gate.signal(signal.SIGHUP)
            until(lambda: gate.lines("reloaded"), "a line in the new file")
            session(gate.milter)
            gate.record(action="accept")
            self.assertEqual(
                len([e for e in gate.log("log.1") if "action" in e]), 1)


class Control(unittest.TestCase):
    def test_stats_are_json(self):
        with Gate(POLICY) as gate:
            code, text, body = gate.control(b"stats\n")
            self.assertEqual((code, text), (200, "stats"))
            stats = json.loads(body)
            for name in ("version", "uptime", "counters", "resolver", "lists"):
                self.assertIn(name, stats)
            self.assertIsNone(stats["store"])
        with Gate(GREYLIST) as gate:
            session(gate.milter)
            stats = json.loads(gate.control(b"stats\n")[2])
            self.assertEqual(stats["store"]["updates"], 1)

    def test_stats_tell_of_tables(self):
        """How many rows were read, and that no match was too long."""
        table = "inline:{ 192.0.2.1=OK, 192.0.2.2=OK }"
        with Gate("smtpd_client_restrictions = check_client_access "
                  f"{table}, check_helo_access pcre:{{{{/^(x+x+)+y/ OK}}}}\n"
                  ) as gate:
            session(gate.milter)
            tables = json.loads(gate.control(b"stats\n")[2])["tables"]
            self.assertEqual([(t["rows"], t["given_up"]) for t in tables],
                             [(2, 0), (1, 0)])

    def test_its_mode(self):
        with Gate(PERMIT_ALL, "milter_socket_mode = 0600") as gate:
            for name, mode in (("control.sock", 0o660), ("milter.sock", 0o600)):
                self.assertEqual(
                    os.stat(gate.path(name)).st_mode & 0o777, mode, name)

    def test_strange_requests(self):
        with Gate(PERMIT_ALL) as gate:
            unwanted = "it does not take such an argument"
            unreadable = 'an argument is not "name=value"'
            for request, what in (
                    (b"nonsense\n", "unknown command"),
                    (b"nonsense x=y\n", "unknown command"),
                    (b"\n", "that is no command"),
                    (b"\0\n", "that is no command"),
                    (b"\xff\xfe\n", "that is no command"),
                    (b"stats \n", unreadable),
                    (b"reload now\n", unreadable),
                    (b"reload now=\n", unwanted),
                    (b"stats t=%20\n", unwanted)):
                code, text, _ = gate.control(request)
                self.assertEqual((code, text), (400, what), request)
            with self.assertRaises((ValueError, ConnectionError)):
                gate.control(b"x" * 100000)
            self.assertEqual(gate.control(b"stats\n")[0], 200)


class StartAndStop(unittest.TestCase):
    def test_term_stops_within_seconds(self):
        with Gate(PERMIT_ALL) as gate:
            idle = [Mta(gate.milter) for _ in range(20)]
            for m in idle[10:]:
                m.connect()
                m.mail()
            began = time.monotonic()
            self.assertEqual(gate.stop(), 0)
            self.assertLess(time.monotonic() - began, 5)
            self.assertFalse(os.path.exists(gate.path("control.sock")))
            self.assertTrue(gate.lines("stopping"))
            for m in idle:
                m.sock.close()

    def test_hup_while_it_starts_is_not_lost(self):
        """A configuration that is a FIFO holds it up for as long."""
        gate = Gate(PERMIT_ALL)
        with open(gate.config, encoding="utf-8") as f:
            text = f.read()
        os.unlink(gate.config)
        os.mkfifo(gate.config)
        try:
            gate.start(wait=False)
            with open(gate.config, "w", encoding="utf-8") as f:
                gate.signal(signal.SIGHUP)
                gate.configure(REFUSE_ALL)
                f.write(text)
            until(lambda: gate.ready() and gate.lines("reloaded"), "a reload")
            self.assertEqual(session(gate.milter)[:3], "554")
        finally:
            gate.__exit__(None)

    def test_a_missing_stderr_is_not_somebody_else(self):
        """Else what is said there would go into a connection."""
        gate = Gate(PERMIT_ALL)
        gate.start(command=["bash", "-c",
                            'exec "$0" -f -c "$1" <&- >&- 2>&-',
                            MAILMUM, gate.config])
        try:
            for fd in range(3):
                self.assertEqual(
                    os.readlink(f"/proc/{gate.process.pid}/fd/{fd}"),
                    "/dev/null")
        finally:
            gate.__exit__(None)

    def test_int_stops_too(self):
        with Gate(PERMIT_ALL) as gate:
            gate.signal(signal.SIGINT)
            self.assertEqual(gate.process.wait(PATIENCE), 0)

    def test_a_second_one_refuses_to_start(self):
        with Gate(PERMIT_ALL) as gate:
            second = subprocess.run(
                [MAILMUM, "-f", "-c", gate.config], capture_output=True,
                timeout=PATIENCE, text=True, check=False)
            self.assertEqual(second.returncode, 69)
            self.assertIn("somebody listens on", second.stderr)
            self.assertIn("is mailmum running?", second.stderr)
            self.assertEqual(session(gate.milter), "continue")

    def test_a_stale_socket_is_replaced(self):
        with Gate(PERMIT_ALL) as gate:
            gate.signal(signal.SIGKILL)
            gate.process.wait(PATIENCE)
            self.assertTrue(os.path.exists(gate.milter))
            os.unlink(gate.path("log"))
            gate.start()
            self.assertEqual(session(gate.milter), "continue")

    def test_a_socket_from_systemd(self):
        gate = Gate(PERMIT_ALL)
        given = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        given.bind(gate.path("given.sock"))
        given.listen(8)
        # what runs after the fork knows its own number
        script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" -f -c "$1" 3<&"$2"'
        gate.start(command=["bash", "-c", script, MAILMUM, gate.config,
                            str(given.fileno())], pass_fds=[given.fileno()])
        given.close()
        with_gate = gate.path("given.sock")
        try:
            self.assertEqual(session(with_gate), "continue")
            self.assertFalse(os.path.exists(gate.milter))
            began = time.monotonic()
            self.assertEqual(gate.stop(), 0)
            self.assertLess(time.monotonic() - began, 5)
        finally:
            gate.__exit__(None)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another")
    def test_root_becomes_another(self):
        """The socket has mode and group from root; all else is the user's."""
        gate = Gate(GREYLIST, "user = nobody\nmilter_socket_group = mail\n"
                    "control_socket = unix:{dir}/run/control.sock\n"
                    "state_directory = {dir}/state")
        os.chmod(gate.dir, 0o755)
        with open(gate.path("log"), "w", encoding="ascii") as log:
            os.fchmod(log.fileno(), 0o666)
        nobody = pwd.getpwnam("nobody")
        with gate:
            status = pathlib.Path(f"/proc/{gate.process.pid}/status")
            for line in status.read_text(encoding="ascii").splitlines():
                name, _, value = line.partition(":")
                if name == "Uid":
                    self.assertEqual(set(value.split()), {str(nobody.pw_uid)})
                elif name == "Gid":
                    self.assertEqual(set(value.split()), {str(nobody.pw_gid)})
                elif name in ("CapPrm", "CapEff"):
                    self.assertEqual(int(value, 16), 0)
            socket_file = os.stat(gate.milter)
            self.assertEqual(socket_file.st_mode & 0o777, 0o660)
            self.assertEqual(socket_file.st_gid, grp.getgrnam("mail").gr_gid)
            for name in ("run", "run/control.sock", "state",
                         "state/greylist.sqlite"):
                self.assertEqual(
                    os.stat(gate.path(name)).st_uid, nobody.pw_uid, name)
            self.assertEqual(session(gate.milter)[:3], "451")
            began = time.monotonic()
            self.assertEqual(gate.stop(), 0)
            self.assertLess(time.monotonic() - began, 5)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another")
    def test_a_user_or_group_that_does_not_exist(self):
        for setting in ("user = no-such-user",
                        "milter_socket_group = no-such-group"):
            gate = Gate(PERMIT_ALL, setting)
            gate.start(wait=False)
            self.assertEqual(gate.process.wait(PATIENCE), 78)
            self.assertIn(setting.split()[-1], gate.errors())
            self.assertFalse(os.path.exists(gate.milter))
            gate.__exit__(None)

    def test_systemd_is_notified(self):
        gate = Gate(PERMIT_ALL)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notify.close)
        notify.bind(gate.path("notify"))
        notify.settimeout(PATIENCE)
        env = dict(os.environ, NOTIFY_SOCKET=gate.path("notify"),
                   WATCHDOG_USEC="200000")
        gate.start(env=env)
        try:
            self.assertEqual(notify.recv(4096), b"READY=1")
            self.assertEqual(notify.recv(4096), b"WATCHDOG=1")
            gate.signal(signal.SIGHUP)
            told = []
            while b"READY=1" not in told:
                told.append(notify.recv(4096))
            self.assertTrue(
                any(t.startswith(b"RELOADING=1") for t in told), told)
            gate.signal(signal.SIGTERM)
            while told[-1] != b"STOPPING=1":
                told.append(notify.recv(4096))
            self.assertEqual(gate.process.wait(PATIENCE), 0)
        finally:
            gate.__exit__(None)

    def test_in_the_background(self):
        gate = Gate(PERMIT_ALL)
        gate.start(command=[MAILMUM, "-c", gate.config], wait=False)
        try:
            self.assertEqual(gate.process.wait(PATIENCE), 0, gate.errors())
            self.assertEqual(session(gate.milter), "continue")
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.connect(gate.path("control.sock"))
                pid = int.from_bytes(sock.getsockopt(
                    socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], "little")
            again = subprocess.run([MAILMUM, "-c", gate.config], check=False,
                                   capture_output=True, timeout=PATIENCE)
            self.assertEqual(again.returncode, 69)
            os.kill(pid, signal.SIGTERM)
            until(lambda: not os.path.exists(gate.path("control.sock")),
                  "the daemon has ended")
        finally:
            gate.__exit__(None)

    def test_too_many_sessions_pass_unjudged(self):
        with Gate(REFUSE_ALL, "session_limit = 3") as gate:
            held = [Mta(gate.milter) for _ in range(3)]
            for m in held:
                self.assertEqual(m.connect(), "continue")
            for _ in range(2):
                with Mta(gate.milter) as m:
                    self.assertEqual(m.connect(), "a")
                    self.assertIsNone(m.helo())
                    self.assertEqual(m.mail(), "continue")
                    self.assertEqual(m.rcpt(), "continue")
            held[0].mail()
            self.assertEqual(held[0].rcpt()[:3], "554")
            for m in held:
                m.close()
            until(lambda: gate.counters()["sessions_open"] == 0, "all gone")
            self.assertEqual(session(gate.milter)[:3], "554")
            self.assertEqual(gate.counters()["sessions_refused"], 2)
            said = until(lambda: gate.lines("too many sessions"), "a line")
            self.assertEqual(len(said), 1)

    def test_near_the_last_descriptor_it_closes(self):
        gate = Gate(PERMIT_ALL)
        gate.start(command=["bash", "-c", 'ulimit -n 64; exec "$0" -f -c "$1"',
                            MAILMUM, gate.config])
        try:
            held = []
            with self.assertRaises((Gone, OSError)):
                for _ in range(64):
                    held.append(Mta(gate.milter))
                    held[-1].connect()
                    held[-1].mail()
                    held[-1].rcpt()
            self.assertGreater(len(held), 20)
            for m in held:
                m.close()
            until(lambda: gate.counters()["sessions_open"] == 0, "all gone")
            self.assertEqual(session(gate.milter), "continue")
        finally:
            gate.__exit__(None)


class CommandLine(unittest.TestCase):
    def run_it(self, *args):
        return subprocess.run([MAILMUM, *args], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)

    def test_check_only(self):
        gate = Gate(POLICY)
        good = self.run_it("-t", "-c", gate.config)
        self.assertEqual((good.returncode, good.stdout), (0, ""))
        gate.configure("smtpd_recipient_restrictions = rejectt\n"
                       "no_such_thing = 1\nmilter_socket = inet:x\n")
        bad = self.run_it("-t", "-c", gate.config)
        self.assertEqual(bad.returncode, 78)
        for part in ("rejectt", "no_such_thing", "milter_socket"):
            self.assertRegex(
                bad.stderr, rf"(?m)^{gate.config}:\d+: .*{part}")
        started = self.run_it("-f", "-c", gate.config)
        self.assertEqual(started.returncode, 78)
        self.assertEqual(started.stderr, bad.stderr)
        gate.__exit__(None)

    def test_usage(self):
        for args in (["-x"], ["-c"], ["-f", "file"]):
            self.assertEqual(self.run_it(*args).returncode, 2, args)
        self.assertRegex(self.run_it("-v").stdout, r"^mailmum \d+\.\d+\.\d+\n$")

    def test_no_configuration(self):
        missing = self.run_it("-f", "-c", "/nonexistent/mailmum.conf")
        self.assertEqual(missing.returncode, 78)
        self.assertIn("/nonexistent/mailmum.conf", missing.stderr)


if __name__ == "__main__":
    unittest.main()
