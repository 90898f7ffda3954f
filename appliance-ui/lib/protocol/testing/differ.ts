/**
 * The TypeScript side of the differential run, for tests only: what this library answers to an input of
 * `tests/src/differ`. Each function reads the input alone and gives what the Rust function of the same name gives.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import * as body from '../body.ts';
import { fromHex, toHex, toUtf8 } from '../bytes.ts';
import * as drafts from '../drafts.ts';
import * as envelope from '../envelope.ts';
import * as epochs from '../epochs.ts';
import {
  expiration,
  indexKeys,
  type Link,
  links,
  numberFromText,
  parseUnverified,
  pTag,
  type Tag,
  Verified,
} from '../event.ts';
import * as grants from '../grants.ts';
import { fourWords, type KeyRole, parsePublic, parseSecret, proofHolds, prove } from '../keys.ts';
import * as kinds from '../kinds.ts';
import * as legacy from '../legacy.ts';
import * as messages from '../messages.ts';
import { ConversationKey, type CryptoError } from '../nip44.ts';
import * as permissions from '../permissions.ts';
import { type Random, seeded } from '../random.ts';
import { ProtocolError, type Result } from '../result.ts';
import { SecretKey } from '../secret.ts';
import type { Compartment, Event, Hex, Resource } from '../types.ts';
import * as visits from '../visits.ts';
import { type Rumor, unwrap, wrap } from '../wrap.ts';
import { foldAnswer } from './differ/charts.ts';
import { historyAnswer } from './differ/history.ts';
import { missingAnswer } from './differ/missing.ts';
import { registrationCase } from './differ/registration.ts';

/** An answer to one input. Inputs are the run's own, so their members are taken as they are named. */
type Answer = (input: Input) => unknown;

class Input {
  readonly #members: { readonly [name: string]: unknown };

  constructor(members: { readonly [name: string]: unknown }) {
    this.#members = members;
  }

  get<T>(name: string): T {
    return this.#members[name] as T;
  }
  /** The input as its function's own answer names it. */
  all<T>(): T {
    return this.#members as T;
  }
  text(name: string): string {
    return this.get(name);
  }
  number(name: string): number {
    return this.get(name);
  }
  bytes(name: string): Uint8Array {
    const text = this.text(name);
    return fromHex(text, text.length / 2) ?? missing(name);
  }
  secret(name: string): SecretKey {
    return SecretKey.fromHex(this.text(name)) ?? missing(name);
  }
  conversation(name: string): ConversationKey {
    return ConversationKey.fromBytes(this.bytes(name));
  }
  random(): Random {
    return seeded(this.bytes('seed'));
  }
  /** The event, id and signature unchecked. */
  event(name: string): Event | null {
    const event = parseUnverified(JSON.stringify(this.get(name)), Number.MAX_SAFE_INTEGER);
    return event.ok ? event.value : null;
  }
}

function missing(name: string): never {
  throw new Error(`an input has no ${name}`);
}

/** SHA-256 of what opened, or why it did not. */
function opened(result: Result<Uint8Array, CryptoError>): string {
  return result.ok ? toHex(sha256(result.value)) : result.error;
}

/** What a writer made, or the code of its refusal. */
function made<T>(write: () => T): T | string {
  try {
    return write();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

function recordOf(input: Input): envelope.NewRecord {
  return {
    kind: input.number('kind'),
    resource: input.get<Resource>('resource'),
    subject: input.text('subject'),
    r: input.text('r'),
    sign: input.get<boolean>('sign'),
    links: input.get<Link[]>('links'),
    blobs: input.get<Hex[]>('blobs'),
    extra: input.get<Tag[]>('extra'),
    createdAt: input.number('createdAt'),
  };
}

function placeOf(input: Input) {
  return {
    practice: input.text('practice'),
    epoch: new envelope.EpochSecret(input.secret('epoch')),
    reader: input.get<Hex | null>('reader'),
    confidential: input.get<boolean>('confidential'),
  };
}

function event(input: Input): unknown {
  const verified = Verified.parseBytes(input.bytes('bytes'), input.number('bytes_max'));
  if (!verified.ok) return verified.error;
  const { event } = verified.value;
  const p = [0, 1, 2].map((n) => pTag(event, n));
  const linked = links(event).map(({ id, marker }) => [id, marker]);
  return { event, index: indexKeys(event).sort(), links: linked, p, expiration: expiration(event) };
}

function bodyAnswer(input: Input): unknown {
  const bytes = input.bytes('bytes');
  const read = input.get<boolean>('confidential') ? body.parseConfidential(bytes) : body.parse(bytes);
  if (!read.ok) return read.error;
  const { resource, binding } = read.value;
  return { resource, binding: body.bindingText(binding), pc: body.commitment(bytes) };
}

function spelling(input: Input): unknown {
  const text = input.text('text');
  return { public: parsePublic(text), secret: parseSecret(text)?.toHex() ?? null };
}

function table(input: Input): unknown {
  const [kind, role] = [input.number('kind'), input.get<permissions.Role>('role')];
  const { words } = permissions;
  return {
    mayHold: words.map((word) => permissions.mayHold(role, word)),
    preticked: words.map((word) => permissions.preticked(role).includes(word)),
    addable: words.map((word) => permissions.addable(role).includes(word)),
    wordFor: permissions.wordFor(kind),
    kindIn: permissions.compartments.map((compartment) => permissions.kindIn(kind, compartment)),
    familyWrites: permissions.familyWrites(kind),
    ownKeyWrites: permissions.ownKeyWrites(kind),
    mayBeSigned: permissions.mayBeSigned(kind),
    typeFits: body.typeFits(kind, input.text('type')),
    isClinical: kinds.isClinical(kind),
    isPolicy: kinds.isPolicy(kind),
    isSignalling: kinds.isSignalling(kind),
    currentKind: kinds.currentKind(kind),
    formerKind: kinds.formerKind(kind),
    isFormerKind: kinds.isFormerKind(kind),
  };
}

function shape(input: Input): unknown {
  const event = input.event('event');
  if (event === null) return 'refused';
  return {
    envelope: envelope.parse(event),
    visit: visits.parse(event),
    call: visits.parseSignalling(event),
    epoch: epochs.parse(event),
    draft: drafts.parse(event),
    grant: grants.parsePatientGrant(event),
  };
}

function draftName(input: Input): unknown {
  const created_at = drafts.nextCreatedAt(input.number('now'), input.get<number | null>('previous'));
  return { d: drafts.sharedName(input.secret('secret'), input.text('logical')), created_at };
}

function encrypt(input: Input): unknown {
  const text = new Uint8Array(input.number('length')).fill(input.number('byte'));
  const key = input.conversation('key');
  const payload = key.encrypt(text, input.random());
  if (!payload.ok) return { payload: payload.error, back: null };
  return { payload: toHex(sha256(toUtf8(payload.value))), back: opened(key.decrypt(payload.value)) };
}

function openFormer(input: Input): unknown {
  const found = legacy.open(input.conversation('key'), input.text('payload'));
  if (!found.ok) return found.error;
  const { value } = found;
  return value.is === 'damaged' ? value : { is: value.is, text: toHex(sha256(value.text)) };
}

function seal(input: Input): unknown {
  const { practice, epoch, reader, confidential } = placeOf(input);
  const [author, record, random] = [input.secret('author'), recordOf(input), input.random()];
  if (input.get<boolean>('family')) {
    const place = { practice, epochKey: epoch.public, secondP: reader, confidential };
    return made(() => envelope.sealFamily(author, place, record, random));
  }
  return made(() => envelope.sealStaff(author, { practice, epoch, reader, confidential }, record, random));
}

function message(input: Input): unknown {
  const { practice, epoch, reader, confidential } = placeOf(input);
  const { resource, subject, r, links, blobs, createdAt } = recordOf(input);
  const text: messages.Message = {
    communication: resource,
    subject,
    r,
    createdAt,
    links: links ?? [],
    blobs: blobs ?? [],
  };
  const [author, random] = [input.secret('author'), input.random()];
  if (reader !== null) {
    return made(() =>
      messages.fromStaff(author, { practice, epoch, to: reader, confidential }, text, random),
    );
  }
  const write = confidential ? messages.fromOwnKey : messages.fromFamily;
  return made(() => write(author, { practice, epochKey: epoch.public }, text, random));
}

function open(input: Input): unknown {
  const event = input.event('event');
  if (event === null) return 'refused';
  const key = input.conversation('key');
  return {
    content: opened(envelope.openContent(event, key)),
    copy: opened(envelope.openPatientCopy(event, key)),
    person: opened(envelope.openAsPerson(event, input.secret('secret'))),
  };
}

function keyring(input: Input): unknown {
  const events = (name: string) =>
    input.get<Event[]>(name).flatMap((event) => new Input({ event }).event('event') ?? []);
  const keyring = epochs.Keyring.collect(input.secret('member'), events('epochs'), events('grants'));
  const held = keyring.pairs().map(({ n, compartment, pair }) => [n, compartment, pair.secret.toHex()]);
  const x1 = keyring.legacy();
  return { held, legacy: x1 && toHex(x1.bytes()) };
}

function grant(input: Input): unknown {
  const rows = grants.openPatientGrant(input.secret('secret'), input.event('event') ?? missing('event'));
  return rows?.map(({ epochKey, subject, key }) => [epochKey, subject, toHex(key.bytes())]) ?? null;
}

function share(input: Input): unknown {
  return grants.openShare(
    input.secret('secret'),
    input.text('other'),
    input.event('event') ?? missing('event'),
  );
}

function buildGrant(input: Input): unknown {
  const [signer, epoch, to] = [input.secret('signer'), input.secret('epoch'), input.text('to')];
  const [subject, random, at] = [input.text('subject'), input.random(), input.number('createdAt')];
  const key = ConversationKey.derive(epoch, subject);
  const row = { epochKey: epoch.publicKey, subject, key: key.ok ? key.value : missing('subject') };
  const secrets = new Map<Compartment, SecretKey>([
    ['chart', epoch],
    ['desk', epoch],
  ]);
  const place = { reader: to, authority: input.text('authority') };
  return made(() => [
    epochs.buildGrant(signer, to, input.number('n'), secrets, at, random),
    grants.buildPatientGrant(signer, place, [row], at, random),
  ]);
}

function wrapAnswer(input: Input): unknown {
  const to = {
    receiver: input.text('receiver'),
    ephemeral: input.get<boolean>('ephemeral'),
    sealAt: input.number('sealAt'),
    wrapAt: input.number('wrapAt'),
  };
  return made(() => wrap(input.secret('sender'), input.get<Rumor>('rumor'), to, input.random()));
}

function unwrapAnswer(input: Input): unknown {
  const found = unwrap(input.secret('receiver'), input.event('event') ?? missing('event'));
  return found.ok ? found.value : found.error;
}

const ANSWERS: { readonly [op: string]: Answer } = {
  event,
  body: bodyAnswer,
  binding: (input) => body.parseBinding(input.text('text')),
  spelling,
  words: (input) => fourWords(input.bytes('key')),
  pop: (input) =>
    proofHolds(input.text('key'), input.text('practice'), input.get<KeyRole>('role'), input.text('sig')),
  prove: (input) =>
    prove(input.secret('secret'), input.text('practice'), input.get<KeyRole>('role'), input.random()),
  permissions: table,
  number: (input) => numberFromText(input.text('text')),
  'draft-name': draftName,
  shape,
  seal,
  message,
  open,
  keyring,
  grant,
  share,
  'build-grant': buildGrant,
  encrypt,
  decrypt: (input) => opened(input.conversation('key').decrypt(input.text('payload'))),
  legacy: openFormer,
  wrap: wrapAnswer,
  unwrap: unwrapAnswer,
  fold: (input) => foldAnswer(input.all()),
  history: (input) => historyAnswer(input.all()),
  missing: (input) => missingAnswer(input.all()),
  registration: (input) => registrationCase(input.all(), input.random()),
};

export const ops = Object.keys(ANSWERS);

/** What this library answers to an input of this function. */
export function answer(op: string, input: { readonly [name: string]: unknown }): unknown {
  const found = ANSWERS[op] ?? missing(op);
  return found(new Input(input));
}
