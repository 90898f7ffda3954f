#!/usr/bin/env python3
"""Writes permissions.json: who may write which kind, with which act, into which compartment.

Written from the tables of docs/ref/protocol.md ("Access"), not from our code, so that a slip in one
shows in the other. Standard library only: python3 make-permissions.py > permissions.json
"""

import json

ALL = "write vitals immunizations allergies order prescribe messages schedule register admin confidential sign".split()
PRETICKED = {
    "doctor": ALL,
    "nurse": "write vitals immunizations allergies messages schedule register".split(),
    "ma": "write vitals immunizations messages schedule".split(),
    "frontdesk": "messages schedule register".split(),
}
ADDABLE = {
    "doctor": [],
    "nurse": ["confidential", "admin"],
    "ma": ["register", "admin"],
    "frontdesk": ["admin"],
}
NEEDS = {
    "write": [2111, 2112, 2114, 2119, 2121, 2124, 2125],
    "vitals": [2113],
    "immunizations": [2116],
    "allergies": [2115],
    "order": [2118],
    "prescribe": [2120],
    "messages": [2117],
    "schedule": [2126],
    "register": [2104, 2110],
    "admin": [2108, 2109],
    "confidential": [2123],
}
SIGNED = [2111, 2119, 2123]
PLACES = {
    "desk": [2110, 2117, 2126, 32110, 32111],
    "chart": list(range(2111, 2122)) + [2124, 2125, 32110, 32111],
    "confidential": [2123, 32110, 32111],
}
RECORDS = list(range(2110, 2122)) + [2123, 2124, 2125, 2126]
DRAFTS = [32110, 32111]


def word_of(kind):
    return next((word for word, kinds in NEEDS.items() if kind in kinds), None)


def holds(role, words, compartment):
    if compartment == "desk":
        return True
    if compartment == "chart":
        return role != "frontdesk"
    return "confidential" in words


def by_member(role, ticked, kind, act, compartment):
    words = [word for word in ticked if word in PRETICKED[role] + ADDABLE[role]]
    if kind not in DRAFTS and word_of(kind) not in words:
        return "role"
    if act and not (kind in SIGNED and "sign" in words):
        return "act"
    if kind not in PLACES[compartment] or not holds(role, words, compartment):
        return "compartment"
    return "ok"


def by_family(person, kind, act, compartment):
    if person == "own":
        writes, linked = [2123], ["confidential"]
    else:
        writes = [2117, 2125, 2126]
        linked = ["desk"] if person == "guardian-desk" else ["desk", "chart"]
    if kind not in writes:
        return "role"
    if act:
        return "act"
    if kind not in PLACES[compartment] or compartment not in linked:
        return "compartment"
    return "ok"


members = []
for role in PRETICKED:
    # Every word ticked as well: what the role may not hold gives nothing.
    for ticked in [PRETICKED[role], PRETICKED[role] + ADDABLE[role], ALL]:
        entry = {"role": role, "words": ticked, "rows": []}
        for kind in RECORDS + DRAFTS:
            for act in [False] if kind in DRAFTS else [False, True]:
                for compartment in PLACES:
                    verdict = by_member(role, ticked, kind, act, compartment)
                    entry["rows"].append([kind, act, compartment, verdict])
        members.append(entry)

families = []
for person in ["subject", "own", "guardian", "guardian-desk"]:
    entry = {"person": person, "rows": []}
    for kind in RECORDS:
        for act in [False, True]:
            for compartment in PLACES:
                entry["rows"].append([kind, act, compartment, by_family(person, kind, act, compartment)])
    families.append(entry)


def lines(entries):
    out = []
    for entry in entries:
        head = {key: value for key, value in entry.items() if key != "rows"}
        rows = ",\n    ".join(json.dumps(row) for row in entry["rows"])
        out.append('  %s, "rows": [\n    %s\n  ]}' % (json.dumps(head)[:-1], rows))
    return ",\n".join(out)


held = {
    role: {word: word in PRETICKED[role] + ADDABLE[role] for word in ALL} for role in PRETICKED
}
print('{"held": %s,' % json.dumps(held))
print('"words": %s,' % json.dumps({str(kind): word for word, kinds in NEEDS.items() for kind in kinds}))
print('"members": [\n%s\n],' % lines(members))
print('"families": [\n%s\n]}' % lines(families))
