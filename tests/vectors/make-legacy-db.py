#!/usr/bin/env python3
"""Writes legacy-chart.json: a small database of the former suite, as its programs wrote it.

Signatures are BIP-340 and keys secp256k1 in plain Python, the cipher is make-legacy.py's: no code is
shared with the readers. What the chart must say is written by hand below. Run it in this directory.
"""
import base64
import hashlib
import importlib.util
import json

spec = importlib.util.spec_from_file_location("legacy", "make-legacy.py")
legacy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(legacy)

# secp256k1 (SEC 2) and BIP-340.
P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and a[1] != b[1]:
        return None
    if a == b:
        m = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        m = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (m * m - a[0] - b[0]) % P
    return x, (m * (a[0] - x) - a[1]) % P


def multiply(k, point):
    out = None
    while k:
        if k & 1:
            out = add(out, point)
        point = add(point, point)
        k >>= 1
    return out


def lift_x(x):
    y = pow((x * x * x + 7) % P, (P + 1) // 4, P)
    assert y * y % P == (x * x * x + 7) % P
    return x, y if y % 2 == 0 else P - y


def tagged(tag, data):
    t = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(t + t + data).digest()


class Key:
    def __init__(self, name):
        self.secret = int.from_bytes(hashlib.sha256(b"synthetic legacy key: " + name.encode()).digest(), "big") % N
        point = multiply(self.secret, G)
        self.even = self.secret if point[1] % 2 == 0 else N - self.secret
        self.public = point[0].to_bytes(32, "big")
        self.hex = self.public.hex()

    def sign(self, message):
        t = (self.even ^ int.from_bytes(tagged("BIP0340/aux", bytes(32)), "big")).to_bytes(32, "big")
        k = int.from_bytes(tagged("BIP0340/nonce", t + self.public + message), "big") % N
        r = multiply(k, G)
        k = k if r[1] % 2 == 0 else N - k
        rx = r[0].to_bytes(32, "big")
        e = int.from_bytes(tagged("BIP0340/challenge", rx + self.public + message), "big") % N
        return rx + ((k + e * self.even) % N).to_bytes(32, "big")

    def shared(self, other):
        """ECDH, x only."""
        return multiply(self.secret, lift_x(int.from_bytes(other.public, "big")))[0].to_bytes(32, "big")


practice, staff, child, parent, stranger = (Key(n) for n in ("practice", "staff", "child", "parent", "stranger"))
X1 = practice.shared(practice)
X2 = practice.shared(child)
XG = practice.shared(parent)
assert X2 == child.shared(practice)

PT = "6f1c1f0e-3f1c-4b43-9a0e-2f6d2f5f4a11"
clock = 1_700_000_000
events, expect_outcomes = [], []
count = 0


def enc(z, text, real=False, **broken):
    global count
    count += 1
    nonce = hashlib.sha256(b"legacy db nonce %d" % count).digest()
    seal = legacy.seal_v2 if real else legacy.seal
    return base64.b64encode(seal(z, nonce, text if isinstance(text, bytes) else text.encode(), **broken)).decode()


def event(signer, kind, tags, content, outcome="shown"):
    global clock
    clock += 60
    body = json.dumps([0, signer.hex, clock, kind, tags, content], separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(body.encode()).digest()
    made = {"id": digest.hex(), "pubkey": signer.hex, "created_at": clock, "kind": kind, "tags": tags,
            "content": content, "sig": signer.sign(digest).hex()}
    events.append(made)
    expect_outcomes.append(outcome)
    return made["id"]


def clinical(kind, resource, extra=(), signer=practice, outcome="shown", real=False):
    text = json.dumps(resource, ensure_ascii=False)
    tags = [["p", practice.hex], ["p", child.hex], ["patient-content", enc(X2, text, real)],
            ["fhir", resource["resourceType"]], ["v", "R4"], ["enc", "nip44-v2"], ["pt", PT]]
    if signer is staff:
        tags.append(["authored-by", staff.hex, "Synthetic Nurse"])
    return event(signer, kind, tags + [list(t) for t in extra], enc(X1, text, real), outcome)


subject = {"reference": "Patient/" + PT}


def status(code):
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": code}]}


def problem(code):
    return {"resourceType": "Condition", "id": "c1", "clinicalStatus": status(code), "subject": subject,
            "code": {"text": "Asthma"}, "recordedDate": "2024-01-02"}


first = clinical(1000, {"resourceType": "Patient", "id": PT, "name": [{"text": "Probe, Pia"}], "gender": "female",
                        "birthDate": "2019-03-04"})
second = clinical(2110, {"resourceType": "Patient", "id": PT, "name": [{"text": "Probe, Pia"}], "gender": "female",
                         "birthDate": "2019-03-04", "telecom": [{"system": "phone", "value": "555-0100"}]})
note = clinical(1001, {"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": subject,
                       "reasonCode": [{"text": "Note"}], "note": [{"text": "Well child. Größe 81,5 cm."}]})
nurse = clinical(2111, {"resourceType": "Encounter", "id": "e2", "status": "finished", "subject": subject,
                        "note": [{"text": "Phone call"}]}, [("encounter-type", "nurse-note")], staff)
addendum = clinical(2111, {"resourceType": "Encounter", "id": "e3", "status": "finished", "subject": subject,
                           "reasonCode": [{"text": "Addendum"}], "note": [{"text": "Ears clear."}]},
                    [("e", note, "", "addendum")])
condition = clinical(1004, problem("active"))
changes = [clinical(2114, problem(code), [("e", condition, "", "status-update")]) for code in ("inactive", "active", "resolved")]
weight = clinical(2113, {"resourceType": "Observation", "id": "o1", "status": "final", "subject": subject,
                         "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
                         "valueQuantity": {"value": 9.98, "unit": "kg"}}, [("obs", "weight")], staff)
peanut = clinical(2115, {"resourceType": "AllergyIntolerance", "id": "a1", "clinicalStatus": {"coding": [{"code": "active"}]},
                         "code": {"text": "Peanut"}, "patient": subject})
wrong = clinical(2115, {"resourceType": "AllergyIntolerance", "id": "a2", "clinicalStatus": {"coding": [{"code": "active"}]},
                        "code": {"text": "Penicillin"}, "patient": subject})
gone = clinical(2115, {"resourceType": "AllergyIntolerance", "id": "a2", "clinicalStatus": {"coding": [{"code": "inactive"}]},
                       "code": {"text": "[DELETED: other child]"}, "patient": subject}, [("e", wrong, "", "deletion")])
med = clinical(1002, {"resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
                      "subject": subject, "medicationCodeableConcept": {"text": "Albuterol"}})
stopped = clinical(2112, {"resourceType": "MedicationRequest", "id": "m1", "status": "stopped", "intent": "order",
                          "subject": subject, "medicationCodeableConcept": {"text": "[DISCONTINUED: done] Albuterol"}},
                   [("e", med, "", "deletion")])
shot = clinical(2116, {"resourceType": "Immunization", "id": "i1", "status": "completed", "vaccineCode": {"text": "MMR"},
                       "patient": subject, "occurrenceDateTime": "2020-03-05"}, real=True)


def order(name, what):
    return clinical(2118, {"resourceType": "ServiceRequest", "id": name, "status": "active", "intent": "order",
                           "category": "lab", "code": {"text": what}, "subject": subject},
                    [("category", "lab"), ("priority", "routine"), ("order-status", "active")])


lead, blood, urine = order("s1", "Lead"), order("s2", "CBC"), order("s3", "Urinalysis")
cancel = clinical(2118, {"resourceType": "ServiceRequest", "id": "s1x", "status": "cancelled", "subject": subject},
                  [("e", lead, "", "cancelled")])
result = clinical(2119, {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", "category": "lab",
                         "code": {"text": "CBC"}, "basedOn": [{"reference": "ServiceRequest/" + blood}],
                         "result": "normal", "effectiveDate": "2024-02-01"}, [("e", blood, "", "result")])
document = clinical(2121, {"resourceType": "DocumentReference", "id": "d1", "status": "current", "type": {"text": "consent"},
                           "content": [{"attachment": {"contentType": "application/pdf", "title": "consent.pdf"}}],
                           "fileKey": "00" * 32})


def message(signer, text, keys, extra=()):
    tags = [["p", practice.hex], ["p", child.hex]] + [list(t) for t in extra]
    if signer is practice:
        tags += [["patient-content", enc(X2, text)], ["enc", "nip44-v2"], ["pt", PT], ["fhir", "Message"]]
    return event(signer, 2117, tags, enc(keys, text))


hello = message(practice, "Results are in.", X1, [("subject", "Your visit")])
thanks = message(child, "Thank you!", X2, [("subject", "Re: Your visit"), ("e", hello)])
question = message(parent, "May she run?", XG, [("subject", "Sport"), ("guardian-of", child.hex)])
answer = message(practice, "Yes.", X1, [("subject", "Re: Sport"), ("e", question)])

# What must not be shown: a patient's ciphertext signed anew by a stranger, and a note whose length wrapped.
forged = event(stranger, 2113, events[[e["id"] for e in events].index(weight)]["tags"],
               events[[e["id"] for e in events].index(weight)]["content"], "import-signer")
long_note = b'{"resourceType":"Encounter","note":[{"text":"' + b"x" * 65_500 + b'"}]}'
assert len(long_note) > 65_535
damaged = event(practice, 2111, [["p", practice.hex], ["p", child.hex], ["enc", "nip44-v2"]], enc(X1, long_note), "body")

expect = {
    "demographics": [first, second],
    "encounters": [{"id": note, "addenda": [addendum]}, {"id": nurse, "addenda": []}],
    "problems": [{"id": condition, "status": "resolved", "versions": [condition] + changes}],
    "observations": [weight],
    "active_allergies": [peanut],
    "withdrawn": [{"id": wrong, "versions": [wrong, gone]}],
    "medications": [{"id": med, "status": "stopped", "versions": [med, stopped]}],
    "immunizations": [shot],
    "orders": [{"id": lead, "state": "cancelled"}, {"id": blood, "state": "resulted"}, {"id": urine, "state": "pending"}],
    "reports": [result],
    "documents": [document],
    "threads": [{"id": hello, "messages": [hello, thanks]}, {"id": question, "messages": [question, answer]}],
    "unresolved": [],
}

file = {
    "about": "A database of the former suite (PROTOCOL 2.6): practice, staff, one child and a guardian. Imported under "
             "epoch 0 with `signers`, it opens with each of the three secrets: the practice holds conv(p0, P0), "
             "conv(p0, child) and conv(p0, guardian); the child its secret; the guardian its secret and conv(p0, "
             "child). `outcomes` are the practice's, in the order of `events`; what the guardian wrote is sealed to the "
             "child, and the damaged note, which has no copy, to both persons. "
             "Lists of the chart hold ids. Written by make-legacy-db.py.",
    "practice": {"secret": f"{practice.secret:064x}", "public": practice.hex},
    "child": {"secret": f"{child.secret:064x}", "public": child.hex},
    "guardian": {"secret": f"{parent.secret:064x}", "public": parent.hex},
    "signers": [practice.hex, staff.hex, parent.hex],
    "guardian_events": [question],
    "damaged": damaged,
    "forged": forged,
    "outcomes": expect_outcomes,
    "chart": expect,
}
with open("legacy-chart.json", "w") as out:
    head = json.dumps(file, ensure_ascii=False, separators=(",", ":"))
    rows = ",\n".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) for e in events)
    out.write(head[:-1] + ',\n"events":[\n' + rows + "\n]}\n")
