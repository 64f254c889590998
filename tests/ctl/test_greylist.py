"""mailmumctl greylist from the outside, with a daemon that is not one; what is
done by a real one is in tests/daemon/test_hand.py.

usage: test_greylist.py MAILMUMCTL GREYLIST_SEED
"""
import json
import os
import unittest

from test_mailmumctl import Asking, Case

os.environ.pop("SUDO_USER", None)  # it would be told
GREYLIST = "list, show, release, forget, allow, expect, delays, exceptions, import"


class Usage(Case):
    def test_mistakes_are_said(self):
        cases = [
            (["greylist"], f"greylist: which of these? {GREYLIST}"),
            (["greylist", "exceptoins"],
             f'greylist: "exceptoins" is none of: {GREYLIST}'),
            (["greylist", "show"], "greylist show: CLIENT is missing; see "
                                   "mailmumctl greylist show --help"),
            (["greylist", "list", "--limit", "0"],
             'greylist list: --limit: "0" is no number from 1 on'),
            (["greylist", "list", "--remove"],
             "greylist list: --remove means nothing here"),
            (["greylist", "release"], "greylist release: which mail?  Its ID "
             'as "mailmumctl greylist list" shows it, or --client, --sender, '
             "--recipient"),
            (["greylist", "expect"], "greylist expect: ADDRESS is missing; "
                                     "--list shows what is expected"),
            (["greylist", "allow", "--remove", "a", "b"],
             "greylist allow: too many arguments"),
            (["greylist", "allow", "a", "b", "c"],
             "greylist allow: too many arguments"),
            (["greylist", "expect", "x" * 1025],
             "greylist expect: recipient is too long"),
            (["greylist", "exceptions", "x"],
             "greylist exceptions: too many arguments"),
        ]
        for args, text in cases:
            with self.subTest(args=args):
                self.expect(2, args, "", "mailmumctl: " + text + "\n",
                            config=False)

    def test_help(self):
        for args in ["greylist"], ["greylist", "exceptions"]:
            out = self.expect(0, args + ["--help"], config=False)
            self.assertIn("greylist exceptions", out)
            self.assertIn("--unused", out)
            self.assertNotIn("--auth", out)


class Greylist(Asking):
    EXCEPTIONS = {"exceptions": [
        {"kind": "client", "pattern": "pool.example", "file": "/e", "line": 2,
         "reason": "a pool", "source": None, "date": "2026-11-28",
         "used": 12, "last": 1800000000},
        {"kind": "sender", "pattern": "/\x1b[2J/", "file": "/e", "line": 7,
         "reason": None, "source": None, "date": None,
         "used": 0, "last": 0}]}

    def exceptions(self, code, *options, out=None, rows=EXCEPTIONS):
        return self.ask(code, ["greylist", "exceptions", *options],
                        "200 ok\n" + json.dumps(rows) + "\n", out,
                        request="greylist-exceptions")

    def test_exceptions(self):
        out = self.exceptions(0)
        head, used, unused = out.splitlines()
        self.assertEqual(["Used", "Last", "Exception"], head.split()[:3])
        self.assertRegex(used, r"^ +12  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "
                               r"client pool\.example +/e:2$")
        self.assertRegex(unused, r"^ +0  never +sender /\?\[2J/ +/e:7$")
        self.assertEqual([head, unused],
                         self.exceptions(0, "--unused").splitlines())
        self.exceptions(0, rows={"exceptions": []}, out="There are none.\n")
        self.exceptions(0, "--unused", rows={"exceptions": []},
                        out="None is unused.\n")

    def test_exceptions_for_programs(self):
        self.assertEqual(self.EXCEPTIONS,
                         json.loads(self.exceptions(0, "--json")))
        self.assertEqual(
            {"exceptions": self.EXCEPTIONS["exceptions"][1:]},
            json.loads(self.exceptions(0, "--json", "--unused")))

    def test_exceptions_unreadable(self):
        for body in "", "[]", "{", '{"exceptions": 1}':
            with self.subTest(body=body):
                self.ask(69, ["greylist", "exceptions"], "200 ok\n" + body,
                         "", "mailmumctl: greylist exceptions: the daemon's "
                         "answer cannot be read\n", request="greylist-exceptions")

    DELAYS = {"greylist_delay": 170, "begun": 12, "delays": [
        {"delay": 30, "back": 7, "median": 300, "percent95": 5400,
         "longest": 90061, "unknown": 0, "away": 5},
        {"delay": 170, "back": 0, "median": 0, "percent95": 0, "longest": 0,
         "unknown": 7, "away": 5}]}

    def test_delays(self):
        reply = "200 ok\n" + json.dumps(self.DELAYS) + "\n"
        self.ask(0, ["greylist", "delays"], reply, """\
12 mails had to wait.  greylist_delay is 2m50s.

   Delay  Came back   half in   95 % in   longest  not known       away
     30s          7        5m     1h30m     1d01h          0          5
*  2m50s          0         -         -         -          7          5
""", request="greylist-delays")
        got = self.ask(0, ["greylist", "delays", "--json"], reply,
                       request="greylist-delays")
        self.assertEqual(self.DELAYS, json.loads(got))
        self.ask(69, ["greylist", "delays"], "200 ok\n{}", "",
                 "mailmumctl: greylist delays: the daemon's answer cannot be "
                 "read\n", request="greylist-delays")

    def test_what_is_asked_is_one_line(self):
        """Whatever stands in an address."""
        self.ask(0, ["greylist", "expect", "a b\n%\u00e4=@x.example", "1h"],
                 "200 open\n0 3600\n", "open for 1h\n",
                 request="greylist-expect recipient=a%20b%0A%25%C3%A4%3D"
                         "@x.example for=1h")
        self.ask(1, ["greylist", "allow", "--remove", "x.example"],
                 "404 nobody\n0 0\n", "",
                 "mailmumctl: greylist allow: nobody\n",
                 request="greylist-disallow who=x.example")
        got = self.ask(1, ["greylist", "allow", "x.example", "--json"],
                       "400 no\n", request="greylist-allow who=x.example")
        self.assertEqual({"done": False, "text": "no"}, json.loads(got))

    def test_no_store_yet(self):
        self.write(f"state_directory = {self.directory}/none\n")
        for args in ["list"], ["release", "--sender", "x"], \
                ["expect", "--list"]:
            with self.subTest(args=args):
                self.expect(69, ["greylist", *args], "",
                            f"mailmumctl: greylist {args[0]}: "
                            f"{self.directory}/none/greylist.sqlite: "
                            "there is no database yet\n")


if __name__ == "__main__":
    unittest.main(argv=["test_greylist.py"])
