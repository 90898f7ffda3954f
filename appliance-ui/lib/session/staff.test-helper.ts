/** A member of the demo practice at work, for tests: writes records, ends and suspends links. */
import { randomBytes } from 'node:crypto';
import { toUtf8 } from '../protocol/bytes.ts';
import { sealStaff } from '../protocol/envelope.ts';
import { Keyring } from '../protocol/epochs.ts';
import { sign } from '../protocol/event.ts';
import { buildPatientGrant } from '../protocol/grants.ts';
import { prove, SecretKey } from '../protocol/keys.ts';
import { isClinical, kinds } from '../protocol/kinds.ts';
import type { Event, Hex, Resource } from '../protocol/types.ts';
import type { Box, DemoPerson } from '../relay/box.test-helper.ts';
import { RelayClient } from '../relay/client.ts';
import type { Filter } from '../relay/frames.ts';
import { keySigner, signLogin } from './signer.ts';

const random = () => new Uint8Array(randomBytes(32));
const now = () => Math.floor(Date.now() / 1_000);

export class Staff {
  readonly key: SecretKey;
  private readonly box: Box;
  private readonly client: RelayClient;
  private readonly keyring: Keyring;

  private constructor(box: Box, key: SecretKey, client: RelayClient, keyring: Keyring) {
    this.box = box;
    this.key = key;
    this.client = client;
    this.keyring = keyring;
  }

  static async logIn(box: Box, person: DemoPerson & { readonly secret: string }): Promise<Staff> {
    const key = SecretKey.fromHex(person.secret);
    if (!key) throw new Error('no key');
    const client = await connected(box, person.secret);
    const epochs = await all(client, { kinds: [kinds.practiceEpoch] });
    const grants = await all(client, { kinds: [kinds.practiceKeyGrant], '#p': [key.publicKey] });
    client.certify(
      epochs.flatMap(({ tags }) => tags.filter(([name]) => name === 'box').map(([, box]) => box ?? '')),
    );
    return new Staff(box, key, client, Keyring.collect(key, epochs, grants));
  }

  stop(): void {
    this.client.stop();
  }

  /** A record of a patient, sealed but not sent. */
  seal(kind: number, resource: Resource, subject: Hex, reader = subject): Event {
    const compartment = kind === kinds.patient || kind === kinds.visit ? 'desk' : 'chart';
    const epoch = this.keyring.newest(compartment);
    if (!epoch) throw new Error('no epoch');
    const place = { practice: this.box.ready.practice, epoch, reader, confidential: false };
    const record = { kind, resource, subject, r: randomBytes(32).toString('hex'), createdAt: now() };
    return sealStaff(this.key, place, record, random);
  }

  async publish(event: Event): Promise<void> {
    const answer = await this.client.publish(event);
    if (!answer.stored) throw new Error(`refused: ${answer.refusal.said}`);
  }

  all(filter: Filter): Promise<Event[]> {
    return all(this.client, filter);
  }

  /** Waits until the box has written the receipt of every record: it does so within seconds. */
  async receipts(): Promise<void> {
    for (;;) {
      const events = await this.all({ kinds: Array.from({ length: 30 }, (_, n) => 2100 + n) });
      const receipts = events.filter(({ kind }) => kind === kinds.receipt);
      const named = new Set(receipts.flatMap(({ tags }) => tags.map(([, id]) => id)));
      if (events.every(({ id, kind }) => !isClinical(kind) || named.has(id))) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** The newest live link of a guardian to a child. */
  async link(child: Hex, guardian: Hex): Promise<Event> {
    const links = await this.all({ kinds: [kinds.guardianLink], '#p': [guardian] });
    const found = links.filter(({ tags }) => tags.some(([name, key]) => name === 'p' && key === child));
    const newest = found.sort((a, b) => b.created_at - a.created_at)[0];
    if (!newest) throw new Error('no link');
    return newest;
  }

  /** A new link of a guardian, whose own key proves itself. */
  addLink(child: Hex, guardian: SecretKey): Promise<Event> {
    const pop = prove(guardian, this.box.ready.practice, 'guardian', random);
    return this.signIn(child, { key: guardian.publicKey, pop });
  }

  /** A link of a guardian's key that proved itself before. */
  async signIn(child: Hex, guardian: { readonly key: Hex; readonly pop: Hex }): Promise<Event> {
    const desk = this.keyring.newest('desk');
    const newest = this.keyring.pairs().at(-1);
    if (!desk || !newest) throw new Error('no epoch');
    const sealed = desk.practiceKey().encrypt(toUtf8('{"name":"New Guardian","relationship":"FTH"}'), random);
    if (!sealed.ok) throw new Error(sealed.error);
    const tags = [
      ['p', child, 'child'],
      ['p', guardian.key, 'guardian'],
      ['compartments', 'desk', 'chart'],
      ['pop', guardian.key, guardian.pop],
      ['epoch', `${newest.n}`],
    ];
    const event = sign(this.key, kinds.guardianLink, tags, sealed.value, now());
    await this.publish(event);
    return event;
  }

  /** Gives a guardian the keys of a child, of every epoch, as whoever confirms a link does. */
  async confirm(link: Event, child: Hex, guardian: Hex): Promise<void> {
    const pairs = this.keyring.pairs().filter(({ compartment }) => compartment !== 'confidential');
    const rows = pairs.flatMap(({ pair }) => {
      const key = pair.readerKey(child);
      return key.ok ? [{ epochKey: pair.public, subject: child, key: key.value }] : [];
    });
    const to = { reader: guardian, authority: link.id };
    await this.publish(buildPatientGrant(this.key, to, rows, now(), random));
  }

  /** The same event again with an end. */
  async endLink(child: Hex, guardian: Hex): Promise<Event> {
    const { tags, content } = await this.link(child, guardian);
    const kept = tags.filter(([name]) => name !== 'seq' && name !== 'prev' && name !== 'end');
    const at = kept.findIndex(([name]) => name === 'pop');
    const ended = [...kept.slice(0, at), ['end'], ...kept.slice(at)];
    const event = sign(this.key, kinds.guardianLink, ended, content, now());
    await this.publish(event);
    return event;
  }

  /** A 2108 that names a link by its id. */
  async suspendLink(child: Hex, guardian: Hex): Promise<void> {
    const { id } = await this.link(child, guardian);
    await this.publish(sign(this.key, kinds.suspension, [['e', id]], '', now()));
  }
}

/** A logged-in client of the plain relay. */
export async function connected(box: Pick<Box, 'address'>, secret: string): Promise<RelayClient> {
  const signer = keySigner(Uint8Array.from(Buffer.from(secret, 'hex')));
  const login = (challenge: string, url: string) => signLogin(signer, challenge, url, now());
  const client = new RelayClient({ address: box.address, login });
  const open = new Promise<void>((resolve, reject) => {
    client.watch(({ is }) => (is === 'open' ? resolve() : reject(new Error(is))));
  });
  client.start();
  await open;
  return client;
}

/** All stored events of a filter. */
export async function all(client: RelayClient, filter: Filter): Promise<Event[]> {
  const events: Event[] = [];
  await client.stored(filter, (page) => void events.push(...page));
  return events;
}
