"""Tables and keys made up by chance, and what postmap and mailmum find."""

import os
import random
import re
import subprocess

MAPQUERY = os.environ["MAPQUERY"]

WORDS = ("example.org", "Example.ORG", "a.example.org", "org", "bob",
         "bob@example.org", "Bob@Example.Org", "192.0.2.1", "192.0.2",
         "10.1.2.3", "2001:db8::1", "2001:db8", "unknown", "<>", "x y",
         "a", "b", "A", "ab", "aab", "$1", "=", "#", "if", "endif", "/a/",
         "{a}", "a,b", "caf\u00e9", "a/b", "a|b", '"q"', '"a b"@c',
         "a\\b")
VALUES = ("OK", "REJECT", "550 5.7.1 go  away", "DUNNO", "ok\tthen", "a", "b",
          "{b}", "x=y", "#c", '"q"', "a\\b", "192.0.2.1", "$", "a,b",
          "example.org", "10.1.2.3", "caf\u00e9")
NETS = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "192.0.2.0/24",
        "192.0.2.1", "192.0.2.1/32", "::/0", "2001:db8::/32", "2001:db8::1",
        "2001:DB8:0:0::1", "[2001:db8::1]", "[2001:db8::]/32",
        "[2001:db8::/32]", "[10.1.2.3]", "[10.0.0.0]/8", "[10.0.0.0/8]",
        "255.255.255.255", "10.0.0.0/08", "128.0.0.0/1", "8000::/1")
WRONG_NETS = ("10.1.2.3/8", "2001:db8::1/32", "10.0.0.0/33", "::/129",
              "10.0.0", "example.org", "10.0.0.0/", "/8", "10.0.0.0/8x",
              "[10.0.0.1", "10.0.0.1]", "010.1.2.3", "10.0.0.0/+8",
              "10.0.0.0/-1", "1:2:3", "[]", "*", "10.1.2.3-10.1.2.9",
              "10.0.0.0/255.0.0.0", "[10.0.0.0]8", "")
# Not "::ffff:10.1.2.3": the manual says why.
ADDRESSES = ("10.1.2.3", "10.2.0.1", "192.0.2.1", "192.0.2.255", "192.0.3.0",
             "0.0.0.0", "255.255.255.255", "::1", "::", "2001:db8::1",
             "2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:db9::", "ffff::",
             "[10.1.2.3]", "[2001:db8::1]", "10.1.2", "10.1.2.3 ",
             "010.1.2.3", "unknown", "example.org", "")
# How many groups they have, and the patterns that are alike everywhere.
PATTERNS = {0: ("a", "^a", "a$", "^$", ".", "b+", "[ab]", "a|b", "\\.org$",
                "^[^@]+@example\\.org$", "A", "\\$1", "a{2}", "#",
                "a #b", "a\\|b", "[[:digit:]]", "a\\/b", "a{1,2}b",
                "^192\\.", "x y"),
            1: ("ex(am)ple", "(x) y", "(q)?", "^(.*)$", "(a|b)+", "()"),
            2: ("(a)(b)?", "^(.*)@(.*)$", "^(a|b)(.)", "(((a)|b))",
                "(.)(.)"),
            3: ("(a)(b)(c)", "(a)?(b)?(.)?")}
WRONG_PATTERNS = ("(a", "a)", "[a", "*", "a{2", "(?i)a", "\\", "", "^\\d",
                  "a**", "(?:a)(b)", "\\1")
RESULTS = {0: ("OK", "$$", "x$$1", "a  b", "{$$}", "REJECT #", "$$$$"),
           1: ("$1", "${1}x", "x$(1)y", "$1$$1", "${1}${1}"),
           2: ("$1$2", "$(1)-$2", "$2", "${2}"),
           3: ("$1$2$3", "$3.$(2).${1}")}
WRONG_RESULTS = ("$0", "$", "$x", "${1", "$10", "${2}", "$(2", "x$", "$1x",
                 "$12345678901", "$-1", "$ 1", "${1)")
FLAGS = {"pcre": ("i", "x", "m", "s", "A", "E", "U", "X", "ii", "ix", "im"),
         "regexp": ("i", "x", "m", "ii", "ix", "im", "xx")}
DELIMITERS = "/" * 20 + "|,#~<%_"
WRONG_DELIMITERS = "({\"\\"


class Maker:
    """One seed, one table and its keys."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def choose(self, *of):
        return self.r.choice(of)

    def chance(self, percent):
        return self.r.randrange(100) < percent

    def blank(self):
        return self.r.choice((" ", " ", " ", "\t", "  ", " \t "))

    def wrong(self):
        """Now and then; fewer than half of the tables shall be refused."""
        return self.chance(2)

    def rows(self, make, condition=None, depth=0):
        rows = []
        for _ in range(self.r.randrange(1, 8 if depth == 0 else 4)):
            if condition is None or self.chance(85) or depth > 3:
                rows.append(make())
                continue
            rows.append(self.choose("if ", "if ", "if ", "IF ", "if  ", "If\t")
                        + condition())
            rows += self.rows(make, condition, depth + 1)
            if not self.wrong():
                rows.append(self.choose("endif", "endif", "ENDIF", "Endif"))
        if self.wrong():
            rows.append(self.choose("endif", "endif x", "if", "endif #", "if!",
                                    "iffy", "endiffy", "if /a", "if /a/ b"))
        return rows

    def lines(self, *rules):
        """A text of rules, with all that can stand between them."""
        text = []
        for line in self.rows(*rules):
            if self.chance(4):
                line += self.choose(" ", "\t", "\r", " # no comment")
            if self.wrong():
                line = self.choose(" ", "\t") + line
            text.append(line)
            if self.chance(12):
                text.append(self.choose("", "#", "# a b", "  # c", " ", "\t"))
            if self.chance(2):
                text.append(self.choose(" more", "\tmore", "  "))
        return "\n".join(text) + self.choose("\n", "\n", "\n", "")

    # -- rows

    def pair(self):
        key = self.r.choice(WORDS)
        if " " in key and "\"" not in key:
            key = f'"{key}"'
        if self.wrong():
            return self.choose(key, "\"a b", f"{key} ", "")
        return key + self.blank() + self.r.choice(VALUES)

    def not_(self):
        return self.choose("!", "! ", "!!", "! !") if self.chance(15) else ""

    def net(self):
        return self.not_() + self.r.choice(
            WRONG_NETS if self.wrong() else NETS)

    def cidr(self):
        if self.wrong():
            return self.net()
        return self.net() + self.blank() + self.r.choice(
            VALUES + ("$1", "x $$"))

    def expression(self, kind, groups):
        d = self.r.choice(WRONG_DELIMITERS if self.wrong() else DELIMITERS)
        flags = self.r.choice(FLAGS[kind]) if self.chance(15) else ""
        if self.wrong():
            return self.choose(d + "a", d, d + self.r.choice(WRONG_PATTERNS)
                               + d + flags, f"{d}a{d}q")
        pattern = self.r.choice(PATTERNS[groups])
        if d in pattern and d != "/":
            d = "~"
        return d + pattern + d + flags

    def pattern(self, kind, groups=0):
        second = ""
        if kind == "regexp" and self.chance(10):
            second = self.choose("!", "!", "!!", "! ") + self.expression(
                kind, 0)
        return (self.not_() if groups == 0 else "") + self.expression(
            kind, groups) + second

    def regex(self, kind):
        groups = self.r.randrange(4)
        result = self.r.choice(RESULTS[self.r.randrange(groups + 1)])
        if self.wrong():
            result = self.r.choice(WRONG_RESULTS + ("",))
        return self.pattern(kind, groups) + self.blank() + result

    def rules(self, kind):
        """What makes rows of this type, and what stands behind its if."""
        if kind == "cidr":
            return self.cidr, self.net
        if kind in ("pcre", "regexp"):
            return (lambda: self.regex(kind)), (lambda: self.pattern(kind))
        return (self.pair,)

    # -- tables

    def keys(self):
        keys = list(WORDS + ADDRESSES + VALUES)
        keys += [k + "x" for k in WORDS[:6]] + ["", " a", "a ", "A B"]
        return keys

    def braces(self, *rules):
        rows = []
        for row in self.rows(*rules):
            while row.count("{") != row.count("}"):
                row = rules[0]()
            rows.append("{" + self.choose("", "", " ") + row
                        + self.choose("", "", " ") + "}")
        return "{" + self.choose(", ", " ", ",").join(rows) + "}"

    def inline(self):
        items = []
        for _ in range(self.r.randrange(1, 7)):
            key, value = self.r.choice(WORDS), self.r.choice(VALUES)
            if key == "=":
                continue  # an empty key
            if self.chance(50):
                items.append(f"{{ {key} = {value} }}")
            else:
                items.append(f"{key}={value}")
        return "inline:{" + self.choose(", ", " ").join(items) + "}"

    def one(self, directory, name):
        """type:name of a table; its file is in directory."""
        kind = self.choose("hash", "btree", "texthash", "cidr", "pcre",
                           "regexp", "inline", "{cidr", "{pcre", "{regexp",
                           "static")
        rules = self.rules(kind.strip("{"))
        if kind == "inline":
            return self.inline()
        if kind == "static":
            return "static:" + self.choose("a", "b", "{ x y }", "OK")
        if kind[0] == "{":
            return f"{kind[1:]}:{self.braces(*rules)}"
        path = directory / name
        path.write_text(self.lines(*rules))
        return f"{kind}:{path}"

    def table(self, directory, name):
        if self.chance(80):
            return self.one(directory, name)
        kind = self.choose("unionmap", "pipemap")
        parts = [self.one(directory, f"{name}.{i}")
                 for i in range(self.r.randrange(1, 4))]
        return f"{kind}:{{{self.choose(', ', ' ').join(parts)}}}"


def compiled(spec):
    """The files that postmap has to compile."""
    for part in spec.replace("{", " ").replace("}", " ").replace(
            ",", " ").split():
        if part.startswith(("hash:/", "btree:/")):
            yield part


def run(command, keys):
    done = subprocess.run(command, input="\n".join(keys) + "\n", text=True,
                          encoding="utf-8", errors="surrogateescape",
                          capture_output=True, check=False)
    return done.stdout, done.stderr, done.returncode


def postmap(config, spec, keys):
    """(found, said): as "KEY<tab>VALUE" lines."""
    said = ""
    for table in compiled(spec):
        said += run(["postmap", "-c", config, table], [])[1]
    out, err, _ = run(["postmap", "-c", config, "-q", "-", spec], keys)
    return out, said + err


def twice(spec, said):
    """Has a texthash: a key twice?  postmap takes the first one then, where
    smtpd does not take the table."""
    return any(f"texthash:{path}" in spec for path in re.findall(
        r"warning: (\S+), line \d+: duplicate entry", said))


def ours(spec, keys):
    """The same; found is None where mailmum refuses the table."""
    out, err, code = run([MAPQUERY, spec], keys)
    assert code in (0, 1), err
    return out if code == 0 else None, err
