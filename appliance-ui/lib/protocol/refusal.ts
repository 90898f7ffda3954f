/**
 * Every refusal a client can meet, in one table: code, class, text (twin of `firmware/protocol/src/refusal.rs`; a
 * test holds the rows against it). Texts are the relay's own English ones; what a person is told is a face's
 * matter, chosen by class.
 */

/** What kind of failure a refusal is. */
export type Class =
  | 'unauthenticated'
  | 'forbidden'
  | 'invalid'
  | 'too-large'
  | 'rate-limited'
  | 'not-found'
  | 'conflict'
  | 'unavailable'
  | 'internal';

/** The machine-readable first word of OK, CLOSED and NEG-ERR (NIP-01, NIP-42). */
const PREFIXES: { readonly [of in Class]: string } = {
  unauthenticated: 'auth-required',
  forbidden: 'restricted',
  invalid: 'invalid',
  'too-large': 'invalid',
  'rate-limited': 'rate-limited',
  'not-found': 'error',
  conflict: 'blocked',
  unavailable: 'error',
  internal: 'error',
};

const ROWS = {
  'auth-required': ['unauthenticated', 'log in with NIP-42 first'],
  'auth-invalid': ['unauthenticated', 'the login event does not fit this relay, challenge or time'],
  malformed: ['invalid', 'not a well-formed Nostr event'],
  'control-character': [
    'invalid',
    'control characters other than \\b \\t \\n \\f \\r cannot be hashed alike everywhere',
  ],
  'too-large': ['too-large', 'the event is larger than this relay takes'],
  'bad-id': ['invalid', 'the id is not the hash of the event'],
  'bad-signature': ['invalid', 'the signature does not hold'],
  'too-old': ['invalid', 'created_at is more than seven days back: build the event anew'],
  'in-future': ['invalid', "created_at is more than ten minutes ahead: check this device's clock"],
  expired: ['invalid', 'the event has expired'],
  expiration: ['invalid', "this kind's expiration tag is missing, too far or not allowed"],
  'author-not-authenticated': ['unauthenticated', 'log in with the key that signed the event'],
  'not-member': ['forbidden', 'this key may not write here'],
  suspended: ['forbidden', "this person's access is suspended: ask the practice"],
  role: ['forbidden', 'this person may not write this kind'],
  act: ['forbidden', 'this person may not sign, or this kind is not signed'],
  compartment: ['forbidden', 'this kind or person does not write into this compartment'],
  epoch: [
    'invalid',
    'the first p tag is not a current epoch key: fetch the newest epoch and build the event anew',
  ],
  envelope: ['invalid', 'the tags are not those of a record envelope'],
  subject: ['forbidden', "the record's person is not one this key may write for"],
  visit: [
    'forbidden',
    'calls are open to the parties of a visit, from 15 minutes before it until two hours after it',
  ],
  'epoch-key-author': ['forbidden', 'epoch keys sign nothing'],
  'practice-over-network': ['forbidden', 'events of the practice key enter by a ceremony only'],
  'legacy-kind': ['forbidden', 'the former numbering is read, never written'],
  'kind-not-taken': ['forbidden', 'this relay does not take this kind'],
  'bare-nip82': ['forbidden', 'medical data in clear is not taken: send it inside a gift wrap'],
  protected: ['forbidden', 'a protected event is taken from its author only'],
  'clinical-delete': ['forbidden', 'health records cannot be deleted here: ask the practice'],
  'clinical-vanish': [
    'forbidden',
    'health records cannot be erased by request to the relay: ask the practice',
  ],
  'policy-shape': ['invalid', 'not the shape this policy kind has'],
  'policy-authority': ['forbidden', 'the signer may not do this'],
  pop: ['invalid', "the key's proof of possession is missing or does not hold"],
  'key-in-use': ['conflict', 'the key already has another role here'],
  'ended-by-practice': ['forbidden', 'the practice key ended this: only a ceremony restores it'],
  'ended-now': ['conflict', 'this ended in the same second: send it again'],
  counted: ['conflict', 'this policy event has counted already'],
  'client-patients': ['forbidden', 'an admin grants one client at most fifty patients'],
  seq: ['conflict', 'not the next policy event of the practice key'],
  'suspension-limit': ['rate-limited', 'five suspensions an hour by one person: change the roster instead'],
  'no-practice': ['unavailable', 'this box has no practice yet'],
  'wrap-recipient': ['forbidden', 'this relay keeps messages for its own people only'],
  'wrap-sender': ['unauthenticated', 'log in before you write to this person'],
  'rate-limited': ['rate-limited', 'slow down and try again in a minute'],
  quota: ['rate-limited', 'the quota of this key is used up'],
  'auth-keys': ['rate-limited', 'too many keys on one connection: open another'],
  'auth-late': ['unauthenticated', 'log in sooner after connecting'],
  'former-key': ['forbidden', 'this key was replaced or ended: log in with the newer one'],
  frame: ['invalid', 'not a message this relay understands'],
  'binary-frame': ['invalid', 'text frames only'],
  'subscription-id': ['invalid', 'the subscription id is empty, too long or not a string'],
  'frame-too-large': ['too-large', 'the frame is larger than this relay takes'],
  filter: ['invalid', 'the filter is not one this relay understands'],
  'filter-limit': ['invalid', 'the filter is larger than this relay takes'],
  subscriptions: ['rate-limited', 'too many open subscriptions: close one'],
  'receipts-by-event': ['invalid', 'ask receipts by #p or #c'],
  'neg-too-many': ['too-large', 'too many events for one negentropy session: narrow the filter'],
  'neg-sessions': ['rate-limited', 'too many open negentropy sessions: close one'],
  'neg-changed': ['conflict', 'access has changed: open the session again'],
  'neg-closed': ['not-found', 'no such negentropy session'],
  superseded: ['conflict', 'a newer version is stored'],
  deleted: ['conflict', 'the event was deleted and does not come back'],
  'box-not-certified': [
    'unavailable',
    'this box may not sign receipts yet: the practice certifies its key first',
  ],
  storage: ['unavailable', 'the box could not store this: nothing was kept, try again'],
  stopping: ['unavailable', 'the relay is stopping: connect again'],
} as const satisfies { readonly [code: string]: readonly [Class, string] };

/** A refusal's stable name, used by vectors. */
export type Refusal = keyof typeof ROWS;

export const refusals = Object.keys(ROWS) as readonly Refusal[];

export function classOf(refusal: Refusal): Class {
  return ROWS[refusal][0];
}

export function textOf(refusal: Refusal): string {
  return ROWS[refusal][1];
}

/** The text of OK, CLOSED and NEG-ERR: prefix, colon, text. */
export function messageOf(refusal: Refusal): string {
  const prefix = refusal === 'receipts-by-event' ? 'unsupported' : PREFIXES[classOf(refusal)];
  return `${prefix}: ${textOf(refusal)}`;
}
