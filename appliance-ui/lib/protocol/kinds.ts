/** Kind numbers and what each kind is (docs/ref/protocol.md 2.2). One table; a new kind is one row here. */

export const kinds = {
  metadata: 0,
  deletion: 5,
  seal: 13,
  chat: 14,
  fileMessage: 15,
  vanish: 62,
  nip82: 82,
  giftWrap: 1059,
  patientKeyGrant: 2100,
  practiceKeyGrant: 2101,
  staffRoster: 2102,
  serviceAgentGrant: 2103,
  guardianLink: 2104,
  practiceEpoch: 2105,
  disclosure: 2106,
  succession: 2107,
  suspension: 2108,
  fhirClientGrant: 2109,
  patient: 2110,
  encounter: 2111,
  medication: 2112,
  observation: 2113,
  condition: 2114,
  allergy: 2115,
  immunization: 2116,
  message: 2117,
  order: 2118,
  report: 2119,
  prescription: 2120,
  document: 2121,
  receipt: 2122,
  confidential: 2123,
  resource: 2124,
  outsideRecord: 2125,
  visit: 2126,
  destruction: 2127,
  auditAnchor: 2128,
  accessReport: 2129,
  signallingFirst: 4050,
  signallingLast: 4055,
  ephemeralWrap: 21059,
  auth: 22242,
  blossomAuth: 24242,
  httpAuth: 27235,
  relayList: 10002,
  inboxList: 10050,
  blossomList: 10063,
  appData: 30078,
  draft: 32110,
  sharedState: 32111,
  nip82Share: 32225,
} as const;

/** True for kinds that carry a clinical envelope (2.1) and get clinical receipts (2.5). */
export function isClinical(kind: number): boolean {
  return (kind >= 2110 && kind <= 2121) || (kind >= 2123 && kind <= 2126);
}

/** True for the kinds folded into policy state, in receipt order (2106 and 2127 move it, too). */
export function isPolicy(kind: number): boolean {
  return (kind >= 2102 && kind <= 2110) || kind === kinds.destruction;
}

/** True for telehealth signalling (2.2). */
export function isSignalling(kind: number): boolean {
  return kind >= kinds.signallingFirst && kind <= kinds.signallingLast;
}

/**
 * The current number of a former kind (2.6): 1000–1011 are the clinical kinds 2110–2121, 1012–1015 the grants
 * 2100–2103. Any other number is its own.
 */
export function currentKind(kind: number): number {
  if (kind >= 1000 && kind <= 1011) {
    return kind + 1110;
  }
  return kind >= 1012 && kind <= 1015 ? kind + 1088 : kind;
}

/** The former number of a clinical kind, for readers that ask for both. */
export function formerKind(kind: number): number | null {
  return kind >= 2110 && kind <= 2121 ? kind - 1110 : null;
}

/** True for the numbers that are read and never written. */
export function isFormerKind(kind: number): boolean {
  return kind >= 1000 && kind <= 1015;
}
