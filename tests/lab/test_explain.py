"""mailmumctl explain says what would happen, and that is what happens."""

import json

import gate
import zones
from case import OK, Case, Lab

FIELDS = ("action", "reason", "list", "answer", "reply")


class Explain(Lab):
    policy = gate.policy("b")

    def explain(self, address, sender, helo, recipient):
        """Told what the client says; its names explain finds out itself."""
        code, text = self.gate.ctl(
            "explain", address, "--from", sender, "--helo", helo,
            "--to", recipient, "--json")
        self.assertIn(code, (0, 1), text)
        return code, json.loads(text)

    def test_every_client(self):
        for client, address in zones.ADDRESS.items():
            with self.subTest(client):
                case = Case(client, "", "", "", recipient=self.recipient())
                code, told = self.explain(address, case.sender, case.helo,
                                          case.recipient)
                reply = self.judge(case)[0]
                record = self.gate.record(recipient=case.recipient)
                self.assertEqual(record["client_name"],
                                 told["session"]["client_name"])
                self.assertEqual(
                    {f: record.get(f) for f in FIELDS},
                    {f: told["verdict"].get(f) for f in FIELDS})
                self.assertEqual(reply, record.get("reply", OK))
                self.assertEqual(code, 0 if reply == OK else 1)
