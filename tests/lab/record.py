"""Reads a record's line back into its fields, as mailmum(8) describes it."""

import re

_FIELD = re.compile(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"=\\]+))(?: |$)')
_ESCAPE = re.compile(rb'\\(?:x([0-9A-F]{2})|(["\\]))')


def _bytes(text):
    return _ESCAPE.sub(lambda m: m[2] or bytes([int(m[1], 16)]),
                       text.encode("ascii"))


def parse(line):
    """{field: bytes}; a line that is no record raises."""
    fields, at = {}, 0
    while at < len(line):
        match = _FIELD.match(line, at)
        assert match and match[1] not in fields, line[at:]
        quoted, plain = match[2], match[3]
        fields[match[1]] = (plain.encode() if quoted is None
                            else _bytes(quoted))
        at = match.end()
    return fields
