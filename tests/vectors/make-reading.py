#!/usr/bin/env python3
"""Writes reading.json: who reads which event, for every kind, compartment and addressee.

Written from the text of docs/ref/protocol.md ("Access", "What families write", "Receipts"), not from our
code, so that a slip in one shows in the other. Standard library only: python3 make-reading.py > reading.json

The practice: "teen" has the own key "own", the guardians "parent" (desk and chart) and "aunt" (desk), and is
named by a FHIR client. "other-child" has the guardian "father" and may not write any more. "barred" is a nurse
with `confidential` whom a scoped 2108 bars from "teen". "fhir" reads its kinds of all patients, "scheduling"
visits of clients' patients, "mail" nothing. "specialist" receives a share of one event. "locum" is a
nurse and "uncle" a guardian whom the table's own 2108s end.
"""

import json

HOLD = {
    "desk": ["doctor", "nurse", "confidential-nurse", "barred", "ma", "desk"],
    "chart": ["doctor", "nurse", "confidential-nurse", "barred", "ma"],
    "confidential": ["doctor", "confidential-nurse", "barred"],
}
STAFF = HOLD["desk"]
AGENTS = ["fhir", "scheduling", "mail"]
FAMILIES = ["teen", "own", "parent", "aunt", "other-child", "father", "child", "mother"]
MEMBERS = STAFF + AGENTS + FAMILIES
OUTSIDE = ["specialist", "stranger", "anonymous", "suspended", "former", "former-guardian"]

LINE = ["teen", "own", "parent", "aunt", "former-guardian"]  # whom "barred" never meets
FHIR = [2110, 2111, 2113, 2116, 2122]
SCHEDULING = [2126, 2122]

PLACES = {
    "desk": [2110, 2117, 2126],
    "chart": list(range(2111, 2122)) + [2124, 2125],
    "confidential": [2123],
}

events = []


def names_teen(*keys):
    return any(key in LINE for key in keys)


def add(kind, by, to, compartment, readers, **more):
    order = MEMBERS + OUTSIDE
    readers = sorted(set(readers), key=order.index)
    events.append({"kind": kind, "by": by, "to": to, "compartment": compartment, **more, "readers": readers})


def of_record(kind, by, to, compartment):
    """Holders of the compartment, agents by grant, whom the event names, their family, its author."""
    readers = [who for who in HOLD[compartment] if who != "barred" or not names_teen(by, to)]
    if compartment != "confidential" and kind in FHIR:
        readers.append("fhir")
    if compartment != "confidential" and kind in SCHEDULING and "teen" in (by, to):
        readers.append("scheduling")
    if to == "teen":
        readers += ["teen", "own"]
        if compartment != "confidential":
            readers.append("parent")
        if compartment == "desk":
            readers.append("aunt")
    elif to == "other-child":
        readers += ["other-child", "father"]
    elif to:
        readers.append(to)
    if by != "box":
        readers.append(by)
    return readers


def record(kind, by, to, compartment, **more):
    add(kind, by, to, compartment, of_record(kind, by, to, compartment), **more)


# Records by staff: each kind in each compartment where it stands.
for place, kinds in PLACES.items():
    for kind in kinds:
        record(kind, "doctor", "own" if place == "confidential" else "teen", place)
record(2123, "doctor", None, "confidential")
for kind in (2111, 2113, 2116, 2126):
    record(kind, "doctor", "other-child", "desk" if kind == 2126 else "chart")
# Answers to one person.
for to in ("own", "parent", "aunt", "father"):
    for place in ("desk", "chart"):
        record(2117, "nurse", to, place)
# What families write, in one copy; a visit names its patient.
for by, place in [("teen", "desk"), ("teen", "chart"), ("parent", "desk"), ("parent", "chart"), ("aunt", "desk")]:
    record(2117, by, None, place)
for by in ("teen", "parent"):
    record(2125, by, None, "chart")
for by in ("teen", "parent", "aunt"):
    record(2126, by, "teen", "desk")
record(2123, "own", None, "confidential")

# Drafts and shared state: the compartment's staff and nobody else.
for kind in (32110, 32111):
    for place in HOLD:
        add(kind, "doctor", None, place, HOLD[place] + ["doctor"])

# Policy: for all members, for staff, and for those whom it names.
for kind in (2102, 2103):
    add(kind, "practice", None, None, MEMBERS + ["specialist"])
add(2101, "practice", "nurse", None, ["nurse"])
ABOUT_TEEN = [who for who in STAFF if who != "barred"]
add(2100, "doctor", "parent", None, ABOUT_TEEN + ["parent"])
add(2104, "doctor", "teen", None, ABOUT_TEEN + ["teen", "own", "parent", "aunt"])
add(2109, "doctor", "teen", None, ABOUT_TEEN + ["teen", "own", "parent", "aunt"])
add(2108, "doctor", "locum", None, STAFF + ["teen", "own", "parent", "aunt"], scope="teen")
add(2108, "doctor", "locum", None, MEMBERS + ["specialist"])
add(2108, "doctor", "uncle", None, STAFF)
add(2127, "practice", None, None, STAFF)
add(2128, "audit", None, None, STAFF)
for place, to in [("desk", "teen"), ("chart", "teen"), ("chart", "parent"), ("confidential", "own"), ("confidential", None)]:
    add(2129, "audit", to, place, of_record(2129, "box", to, place))

# For one person alone.
for to in ("nurse", "teen", "own", "parent", "fhir", "mail"):
    add(1059, "one-time", to, None, [to])
for kind in range(4050, 4056):
    add(kind, "doctor", "parent", None, ["doctor", "parent"])
add(4050, "teen", "doctor", None, ["doctor", "teen"])
add(30078, "parent", None, None, ["parent"])
add(10050, "nurse", None, None, ["nurse"])
add(10050, "mail", None, None, MEMBERS)
add(0, "mail", None, None, MEMBERS)
add(2106, "parent", "specialist", None, ["parent", "specialist"])

# Receipts of the box, by chain.
for place, to in [("desk", "teen"), ("chart", "teen"), ("chart", "parent"), ("chart", "other-child"),
                  ("confidential", "own"), ("confidential", None)]:
    add(2122, "box", to, place, of_record(2122, "box", to, place))
add(2122, "box", None, "policy", MEMBERS + ["specialist"])
add(2122, "box", None, "policy-staff", STAFF)

# The share lends the first 2113 of the chart.
lent = next(event for event in events if event["kind"] == 2113)
lent["lent"] = "specialist"
lent["readers"].append("specialist")

lines = ",\n".join(json.dumps(event) for event in events)
print('{"readers": %s,\n"events": [\n%s\n]}' % (json.dumps(MEMBERS + OUTSIDE), lines))
