#!/usr/bin/env python3
"""Writes fold.json: records that a reader shows, and the chart that they make.

The expectations are written by hand from PROTOCOL 2.1 and 2.8; nothing here computes them. Ids are
numbers in 64 hex digits. `expect` holds the parts of the chart that a case is about; a runner compares
those and shuffles `records` at will. Run it in this directory.
"""
import json

DOCTOR = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
NURSE = "c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
CHILD = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
CHILD2 = "e493dbf1c10d80f3581e4904930b1404cc6c13900ee0758474fa94abe8c4cd13"
PARENT = "2f8bde4d1a07209355b4a7250a5c5128e88b84bddc619ab7cba8d569b240efe4"
OLDPRACTICE = "fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556"
OTHER = "5cbdf0646e5db4eaa398f365f2ea7a0e3d419b7e0330e39ce92bddedcac4f9bc"

cases = []


def i(n):
    return f"{n:064x}"


def rec(n, kind, resource, links=(), **more):
    base = {
        "id": i(n), "kind": kind, "signer": DOCTOR, "author": "staff", "subject": CHILD,
        "compartment": "desk" if kind in (2110, 2117, 2126) else "chart",
        "r": i(1000 + n), "same": i(n), "resource": resource,
        "links": [[i(to), marker] for to, marker in links],
        "sign": False, "order": [1, 1000 + n, n], "created_at": 5000 - n,
    }
    base.update(more)
    if base["author"] == "former":
        base["r"] = base["same"] = None
        base["compartment"] = "chart"
        base["created_at"] = more.get("created_at", 100 + n)
    return base


def former(n, kind, resource, links=(), **more):
    return rec(n, kind, resource, links, author="former", signer=OLDPRACTICE, **more)


def item(*versions, state="current", status=None, heads=None, conflict=None, **more):
    ids = [i(v) for v in versions]
    out = {"id": ids[0], "state": state, "status": status, "versions": ids,
           "heads": [i(h) for h in heads] if heads else [ids[-1]]}
    if conflict is not None:
        out["conflict"] = {"heads": out["heads"], "of": [i(c) for c in conflict]}
    out.update(more)
    return out


def case(name, records, expect, coverage="complete", line=(CHILD,)):
    cases.append({"name": name, "line": list(line), "coverage": coverage, "records": records, "expect": expect})


def problem(status):
    return {"resourceType": "Condition", "id": "c", "clinicalStatus": {"coding": [{"code": status}]},
            "code": {"text": "Asthma"}}


def allergy(text="Peanut", status="active"):
    return {"resourceType": "AllergyIntolerance", "id": "a", "clinicalStatus": {"coding": [{"code": status}]},
            "code": {"text": text}}


def none_known(code="716186003", status="active"):
    return {"resourceType": "AllergyIntolerance", "id": "n", "clinicalStatus": {"coding": [{"code": status}]},
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}]}}


def weight(value):
    return {"resourceType": "Observation", "id": "w", "status": "final", "valueQuantity": {"value": value, "unit": "kg"}}


def changed(resource, code, text):
    return {**resource, "extension": [{"url": "urn:relaybox:change:1", "extension": [
        {"url": "code", "valueCode": code}, {"url": "text", "valueString": text}]}]}


def order(status="active"):
    return {"resourceType": "ServiceRequest", "id": "o", "status": status, "intent": "order", "code": {"text": "Lead"}}


def report(status="final"):
    return {"resourceType": "DiagnosticReport", "id": "r", "status": status, "code": {"text": "Lead"}}


def note(text):
    return {"resourceType": "Encounter", "id": "e", "status": "finished", "contained": [
        {"resourceType": "Composition", "id": "note", "status": "final", "title": text}]}


def patient(name):
    return {"resourceType": "Patient", "id": "p", "name": [{"text": name}]}


def message(text):
    return {"resourceType": "Communication", "status": "completed", "payload": [{"contentString": text}]}


def visit(status):
    return {"resourceType": "Appointment", "status": status}


# Versions.
case("three status updates on one problem leave one entry with the last status", [
    rec(1, 2114, problem("active")), rec(2, 2114, problem("inactive"), [(1, "status-update")]),
    rec(3, 2114, problem("active"), [(2, "status-update")]), rec(4, 2114, problem("resolved"), [(3, "status-update")]),
], {"problems": [item(1, 2, 3, 4, status="resolved")], "conflicts": [], "withdrawn": [], "unresolved": []})

case("two successors of one event are a conflict that names both", [
    rec(1, 2114, problem("active")), rec(2, 2114, problem("inactive"), [(1, "status-update")]),
    rec(3, 2114, problem("resolved"), [(1, "status-update")]),
], {"problems": [item(1, 2, 3, heads=[2, 3], conflict=[1])]})

case("a version that names both ends the conflict", [
    rec(1, 2114, problem("active")), rec(2, 2114, problem("inactive"), [(1, "status-update")]),
    rec(3, 2114, problem("resolved"), [(1, "status-update")]),
    rec(4, 2114, problem("inactive"), [(2, "status-update"), (3, "status-update")]),
], {"problems": [item(1, 2, 3, 4, status="inactive")], "conflicts": []})

case("a version after one side only leaves the conflict", [
    rec(1, 2114, problem("active")), rec(2, 2114, problem("inactive"), [(1, "status-update")]),
    rec(3, 2114, problem("resolved"), [(1, "status-update")]), rec(4, 2114, problem("active"), [(3, "status-update")]),
], {"problems": [item(1, 2, 3, 4, heads=[2, 4], conflict=[1])]})

case("a correction replaces the value and keeps the old version with the reason", [
    rec(1, 2113, weight(22.0)), rec(2, 2113, changed(weight(9.979), "unit", "pounds typed as kilograms"), [(1, "correction")]),
], {"observations": [item(1, 2, status="final", changes=[None, {"code": "unit", "text": "pounds typed as kilograms"}])]})

case("two successors of a predecessor that is not here are a conflict", [
    rec(2, 2113, weight(9.9), [(1, "correction")]), rec(3, 2113, weight(9.8), [(1, "correction")]),
], {"observations": [item(2, 3, heads=[2, 3], conflict=[1], missing=[i(1)])],
    "unresolved": [{"id": i(2), "names": i(1), "why": "missing"}, {"id": i(3), "names": i(1), "why": "missing"}]})

case("receipt order decides the display, created_at never", [
    rec(1, 2113, weight(1), order=[1, 2000, 2], created_at=1), rec(2, 2113, weight(2), order=[1, 1000, 1], created_at=9),
], {"observations": [item(2, status="final"), item(1, status="final")]})

case("a version of another kind is not a version", [
    rec(1, 2114, problem("active")), rec(2, 2113, weight(3), [(1, "deletion")]),
], {"problems": [item(1, status="active")], "observations": [], "withdrawn": [],
    "unresolved": [{"id": i(2), "names": i(1), "why": "other-record"}]})

case("references never cross compartments", [
    rec(1, 2114, problem("active")), rec(2, 2114, problem("resolved"), [(1, "status-update")], compartment="confidential"),
], {"problems": [item(1, status="active"), item(2, status="resolved")],
    "unresolved": [{"id": i(2), "names": i(1), "why": "other-record"}]})

case("records of another patient are not in the chart", [
    rec(1, 2114, problem("active")), rec(2, 2114, problem("resolved"), [(1, "status-update")], subject=OTHER),
], {"problems": [item(1, status="active")], "foreign": [i(2)]})

# Allergies.
case("a tombstoned allergy is absent from the list and in the history", [
    rec(1, 2115, allergy()), rec(2, 2115, changed(allergy(status="inactive"), "wrong-patient", "other child"), [(1, "deletion")]),
], {"allergies": {"state": "not-recorded", "complete": True, "clash": False, "items": []}, "active_allergies": [],
    "withdrawn": [item(1, 2, state="withdrawn", status="inactive")]})

case("no known allergies recorded", [rec(1, 2115, none_known())],
     {"allergies": {"state": {"none-known": ["any"]}, "complete": True, "clash": False, "items": [item(1, status="active")]}})
case("nothing recorded about allergies", [rec(1, 2114, problem("active"))],
     {"allergies": {"state": "not-recorded", "complete": True, "clash": False, "items": []}})
case("allergies not loaded", [], {"allergies": {"state": "not-loaded", "complete": False, "clash": False, "items": []}},
     coverage="not-loaded")
case("a partial load never says none known", [rec(1, 2115, none_known())],
     {"allergies": {"state": "not-loaded", "complete": False, "clash": False, "items": [item(1, status="active")]}},
     coverage="partial")
case("a partial load shows the allergy it has", [rec(1, 2115, allergy())],
     {"allergies": {"state": "listed", "complete": False, "clash": False, "items": [item(1, status="active")]}},
     coverage="partial")
case("what is missing of the desk leaves none known as it is", [rec(1, 2115, none_known())],
     {"allergies": {"state": {"none-known": ["any"]}, "complete": True, "clash": False, "items": [item(1, status="active")]}},
     coverage="clinical")
case("no known drug allergy says nothing of food", [rec(1, 2115, none_known("409137002"))],
     {"allergies": {"state": {"none-known": ["drug"]}, "complete": True, "clash": False, "items": [item(1, status="active")]}})
case("an active allergy wins over no known allergies", [rec(1, 2115, none_known()), rec(2, 2115, allergy())],
     {"allergies": {"state": "listed", "complete": True, "clash": True,
                    "items": [item(1, status="active"), item(2, status="active")]}, "active_allergies": [i(2)]})
case("an ended assertion of none is nothing recorded as none", [
    rec(1, 2115, none_known()), rec(2, 2115, none_known(status="inactive"), [(1, "status-update")])],
     {"allergies": {"state": "not-recorded", "complete": True, "clash": False, "items": [item(1, 2, status="inactive")]}})
case("an allergy in conflict stays active", [
    rec(1, 2115, allergy()), rec(2, 2115, allergy(status="inactive"), [(1, "deletion")]),
    rec(3, 2115, allergy("Peanut, severe"), [(1, "correction")])],
     {"active_allergies": [i(1)], "withdrawn": [],
      "allergies": {"state": "listed", "complete": True, "clash": False, "items": [item(1, 2, 3, heads=[2, 3], conflict=[1])]}})
case("a resolved allergy is listed and not active", [
    rec(1, 2115, allergy()), rec(2, 2115, allergy(status="resolved"), [(1, "status-update")])],
     {"active_allergies": [], "allergies": {"state": "listed", "complete": True, "clash": False,
                                            "items": [item(1, 2, status="resolved")]}})

# Notes, orders, messages, visits, outside.
case("addenda stand under their note in time order", [
    rec(1, 2111, note("visit"), sign=True), rec(3, 2111, note("second"), [(1, "addendum")]),
    rec(2, 2111, note("first"), [(1, "addendum")]), rec(4, 2111, note("to the first"), [(2, "addendum")]),
    rec(5, 2111, note("other visit"))],
     {"encounters": [{"id": i(1), "addenda": [i(2), i(3), i(4)]}, {"id": i(5), "addenda": []}]})
case("an addendum whose note is not here stands alone and says so", [rec(2, 2111, note("first"), [(1, "addendum")])],
     {"encounters": [{"id": i(2), "addenda": []}], "unresolved": [{"id": i(2), "names": i(1), "why": "missing"}]})
case("a cancelled order shows as cancelled once and is not pending", [
    rec(1, 2118, order()), rec(2, 2118, order("revoked"), [(1, "cancelled")]), rec(3, 2118, order())],
     {"orders": [{"id": i(1), "state": "cancelled", "reports": []}, {"id": i(3), "state": "pending", "reports": []}],
      "pending_orders": [i(3)]})
case("a report that names an order closes it", [rec(1, 2118, order()), rec(2, 2119, report(), [(1, "result")])],
     {"orders": [{"id": i(1), "state": "resulted", "reports": [i(2)]}], "pending_orders": []})
case("a preliminary report leaves the order open", [rec(1, 2118, order()), rec(2, 2119, report("preliminary"), [(1, "result")])],
     {"orders": [{"id": i(1), "state": "partial", "reports": [i(2)]}], "pending_orders": [i(1)]})
case("a corrected report still closes its order", [
    rec(1, 2118, order()), rec(2, 2119, report(), [(1, "result")]), rec(3, 2119, report("corrected"), [(2, "correction")])],
     {"orders": [{"id": i(1), "state": "resulted", "reports": [i(2)]}]})
case("a withdrawn report opens the order again", [
    rec(1, 2118, order()), rec(2, 2119, report(), [(1, "result")]),
    rec(3, 2119, report("entered-in-error"), [(2, "deletion")])],
     {"orders": [{"id": i(1), "state": "pending", "reports": []}], "pending_orders": [i(1)],
      "withdrawn": [item(2, 3, state="withdrawn", status="entered-in-error")]})
case("a report that names a later version closes the same order", [
    rec(1, 2118, order()), rec(2, 2118, order(), [(1, "correction")]), rec(3, 2119, report(), [(2, "result")])],
     {"orders": [{"id": i(1), "state": "resulted", "reports": [i(3)]}]})
case("replies stand in one thread", [
    rec(1, 2117, message("a")), rec(2, 2117, message("b"), [(1, "reply")], signer=PARENT, author="family"),
    rec(3, 2117, message("c"), [(2, "reply")]), rec(4, 2117, message("other"))],
     {"threads": [{"id": i(1), "messages": [i(1), i(2), i(3)]}, {"id": i(4), "messages": [i(4)]}]})
case("replies to a message that is not here stand together", [
    rec(2, 2117, message("b"), [(1, "reply")]), rec(3, 2117, message("c"), [(1, "reply")])],
     {"threads": [{"id": i(1), "messages": [i(2), i(3)]}]})
case("a parent withdraws own messages only", [
    rec(1, 2117, message("from the practice")), rec(2, 2117, message("x"), [(1, "deletion")], signer=PARENT, author="family"),
    rec(3, 2117, message("own"), signer=PARENT, author="family"),
    rec(4, 2117, message("own"), [(3, "deletion")], signer=PARENT, author="family")],
     {"threads": [{"id": i(1), "messages": [i(1)]}], "withdrawn": [item(3, 4, state="withdrawn", status="completed")],
      "unresolved": [{"id": i(2), "names": i(1), "why": "not-own"}]})
case("a version of a tombstone that does not hold stays in the chart", [
    rec(1, 2117, message("from the practice")), rec(2, 2117, message("x"), [(1, "deletion")], signer=PARENT, author="family"),
    rec(3, 2117, message("answer"), [(2, "correction")])],
     {"threads": [{"id": i(1), "messages": [i(1)]}, {"id": i(3), "messages": [i(3)]}],
      "unresolved": [{"id": i(2), "names": i(1), "why": "not-own"}]})
case("former: a change after a tombstone whose order is not here stays in the chart", [
    former(2, 2118, {"resourceType": "ServiceRequest", "status": "revoked"}, [(1, "cancelled")]),
    former(3, 2118, order(), [(1, "status-update")])],
     {"orders": [{"id": i(3), "state": "pending"}], "unresolved": [
         {"id": i(2), "names": i(1), "why": "missing"}, {"id": i(3), "names": i(1), "why": "missing"}]})
case("a visit is moved by the practice and cancelled by the family", [
    rec(1, 2126, visit("booked")), rec(2, 2126, visit("booked"), [(1, "correction")]),
    rec(3, 2126, visit("cancelled"), [(2, "cancelled")], signer=PARENT, author="family")],
     {"visits": [item(1, 2, 3, state="cancelled", status="cancelled")]})
case("an outside record is accepted by staff only", [
    rec(1, 2125, allergy("Egg"), signer=PARENT, author="family"), rec(2, 2125, allergy("Milk"), signer=PARENT, author="family"),
    rec(3, 2115, allergy("Egg"), [(1, "accept")]), rec(4, 2125, allergy("Milk"), [(2, "accept")], signer=PARENT, author="family")],
     {"outside": [{"id": i(1), "accepted_by": [i(3)]}, {"id": i(2), "accepted_by": []}, {"id": i(4), "accepted_by": []}],
      "active_allergies": [i(3)], "unresolved": [{"id": i(4), "names": i(2), "why": "not-own"}]})
case("a ref changes nothing", [rec(1, 2114, problem("active")), rec(2, 2111, note("v"), [(1, "ref")])],
     {"problems": [item(1, status="active", attached=[["ref", i(2)]])]})

# Demographics.
case("demographics follow predecessors, never created_at", [
    rec(1, 2110, patient("Old"), created_at=9000), rec(2, 2110, patient("New"), [(1, "correction")], created_at=10)],
     {"demographics": item(1, 2)})
case("demographics without a marker name their predecessor", [
    rec(1, 2110, patient("Old")), rec(2, 2110, patient("New"), [(1, "")])], {"demographics": item(1, 2)})
case("old demographics signed anew do not override", [
    rec(1, 2110, patient("Old")), rec(2, 2110, patient("New"), [(1, "correction")]),
    rec(3, 2110, patient("Old"), [(1, "correction")], created_at=99999)],
     {"demographics": item(1, 2, 3, heads=[2, 3], conflict=[1])})
case("demographics that name nothing are a conflict, never a winner", [
    rec(1, 2110, patient("Old")), rec(2, 2110, patient("Other"), created_at=99999)],
     {"demographics": item(1, 2, heads=[1, 2], conflict=[])})
case("a re-key keeps one line of demographics", [
    rec(1, 2110, patient("Child")), rec(2, 2110, patient("Child"), [(1, "correction")], subject=CHILD2)],
     {"demographics": item(1, 2)}, line=(CHILD, CHILD2))

# Retries and re-issues.
case("a retry counts once and its id is an alias", [
    rec(1, 2116, {"resourceType": "Immunization", "status": "completed"}, r=i(7), same=i(7)),
    rec(2, 2116, {"resourceType": "Immunization", "status": "completed"}, r=i(7), same=i(7)),
    rec(3, 2116, {"resourceType": "Immunization", "status": "entered-in-error"}, [(2, "deletion")])],
     {"immunizations": [], "withdrawn": [item(1, 3, state="withdrawn", status="entered-in-error", aliases=[i(2)])]})
case("a retry that differs is left out and named", [
    rec(1, 2113, weight(9), r=i(7), same=i(7)), rec(2, 2113, weight(8), r=i(7), same=i(8))],
     {"observations": [item(1, status="final")], "retry_differs": [i(2)]})
case("the same r of another signer is another act", [
    rec(1, 2113, weight(9), r=i(7), same=i(7)), rec(2, 2113, weight(8), r=i(7), same=i(8), signer=NURSE)],
     {"observations": [item(1, status="final"), item(2, status="final")], "retry_differs": []})
case("a confidential record issued again is one record", [
    rec(1, 2114, problem("active"), compartment="confidential"),
    rec(2, 2114, changed(problem("active"), "reissued", "own key came later"), [(1, "correction")], compartment="confidential"),
    rec(3, 2114, problem("resolved"), [(2, "status-update")], compartment="confidential"),
], {"problems": [item(1, 3, status="resolved", aliases=[i(2)])], "conflicts": []})
case("a re-issue that changes the content is a correction", [
    rec(1, 2114, problem("active"), compartment="confidential"),
    rec(2, 2114, changed(problem("resolved"), "reissued", "own key came later"), [(1, "correction")], compartment="confidential"),
], {"problems": [item(1, 2, status="resolved")]})
case("the own key that holds only the re-issue sees it", [
    rec(2, 2114, changed(problem("active"), "reissued", "own key came later"), [(1, "correction")], compartment="confidential"),
], {"problems": [item(2, status="active", missing=[i(1)])]})

# The former system.
case("former: each status update names the original", [
    former(1, 1004, problem("active")), former(4, 1004, problem("resolved"), [(1, "status-update")]),
    former(2, 1004, problem("inactive"), [(1, "status-update")]), former(3, 1004, problem("active"), [(1, "status-update")])],
     {"problems": [item(1, 2, 3, 4, status="resolved")], "conflicts": []})
case("former: the tombstone of an order sits on the order", [
    former(1, 2118, {**order(), "category": "lab"}),
    former(2, 2118, {"resourceType": "ServiceRequest", "id": "x", "status": "cancelled"}, [(1, "cancelled")])],
     {"orders": [{"id": i(1), "state": "cancelled", "reports": [], "content": i(1)}], "pending_orders": []})
case("former: a tombstone whose order is not here is no order", [
    former(2, 1008, {"resourceType": "ServiceRequest", "id": "x", "status": "cancelled"}, [(1, "cancelled")])],
     {"orders": [], "unresolved": [{"id": i(2), "names": i(1), "why": "missing"}]})
case("former: a deleted allergy is withdrawn", [
    former(1, 1005, allergy()), former(2, 1005, allergy("[DELETED: entered twice]", "inactive"), [(1, "deletion")])],
     {"active_allergies": [], "withdrawn": [item(1, 2, state="withdrawn", status="inactive")]})
case("former: a discontinued medicine was taken and is stopped", [
    former(1, 1002, {"resourceType": "MedicationRequest", "status": "active"}),
    former(2, 1002, {"resourceType": "MedicationRequest", "status": "stopped"}, [(1, "deletion")])],
     {"medications": [item(1, 2, status="stopped", content=i(1))], "withdrawn": []})
case("former: replies have two elements", [
    former(1, 1007, message("a")), former(2, 1007, message("b"), [(1, "")]), former(3, 1007, message("c"), [(1, "")])],
     {"threads": [{"id": i(1), "messages": [i(1), i(2), i(3)]}]})
case("former: a report names its order in the body", [
    former(1, 1008, order()), former(2, 1009, {**report(), "basedOn": [{"reference": "ServiceRequest/" + i(1)}]})],
     {"orders": [{"id": i(1), "state": "resulted", "reports": [i(2)]}]})
case("former: demographics were versions by time, ours stand over them", [
    former(1, 1000, patient("First"), created_at=30), former(2, 2110, patient("Second"), created_at=20),
    rec(3, 2110, patient("Issued again"), created_at=1)],
     {"demographics": item(2, 1, 3)})
case("former: a successor of ours names the last of the row", [
    former(1, 2114, problem("active")), former(2, 2114, problem("inactive"), [(1, "status-update")]),
    rec(3, 2114, problem("resolved"), [(2, "status-update")])],
     {"problems": [item(1, 2, 3, status="resolved")]})
case("former: an addendum under its note", [
    former(1, 1001, note("visit")), former(3, 1001, note("b"), [(1, "addendum")]), former(2, 1001, note("a"), [(1, "addendum")])],
     {"encounters": [{"id": i(1), "addenda": [i(2), i(3)]}]})

with open("fold.json", "w") as out:
    out.write('{"about":"Records that a reader shows and parts of the chart they make (PROTOCOL 2.1, 2.8). '
              'Written by make-fold.py.","cases":[\n')
    out.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    out.write("\n]}\n")
