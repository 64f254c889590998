"""What is left of a policy and a session when everything is gone that a
difference does not need."""

import dataclasses
import re

from differential import sessions

ENTRY = re.compile(r"\{ [^{}]+ \}(, )?")  # of an inline table


def _shorter_lists(value):
    for i in range(len(value)):
        yield value[:i] + value[i + 1:]
    for i, word in enumerate(value):
        entries = list(ENTRY.finditer(word))
        for part in entries if len(entries) > 1 else ():
            rest = word[:part.start()] + word[part.end():]
            yield value[:i] + [rest.replace(", }", " }")] + value[i + 1:]
        if word.startswith("warn_if_reject "):
            bare = word.removeprefix("warn_if_reject ")
            yield value[:i] + [bare] + value[i + 1:]


def policies(policy):
    """Every policy that is one step smaller."""
    for name, value in policy.items():
        if name not in ("mydestination", "smtpd_relay_restrictions"):
            yield {k: v for k, v in policy.items() if k != name}
    for name, value in policy.items():
        if isinstance(value, list):
            for shorter in _shorter_lists(value):
                yield policy | {name: shorter}


def smaller_sessions(session):
    """Every session that is one step nearer to the usual one."""
    usual = sessions.Session()
    for field in dataclasses.fields(session):
        default = getattr(usual, field.name)
        if getattr(session, field.name) != default:
            yield dataclasses.replace(session, **{field.name: default})
    for one in session.recipients if len(session.recipients) > 1 else ():
        yield dataclasses.replace(session, recipients=(one,))


def shrink(case, differs, tries=80):
    """case: (policy, session).  differs() says whether one still does; what
    it cannot take, a policy that refers to a class that is gone for
    instance, does not."""
    def steps(policy, session):
        yield from ((policy, less) for less in smaller_sessions(session))
        yield from ((less, session) for less in policies(policy))

    shrunk = True
    while shrunk:
        shrunk = False
        for less in steps(*case):
            tries -= 1
            if tries < 0:
                return case
            if differs(*less):
                case, shrunk = less, True
                break
    return case
