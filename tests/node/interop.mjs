// A foreign client against the box: nostr-tools does what its documentation says, and gets what the
// protocol promises. Run by tests/e2e with the ready line of a demo box as first argument.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { finalizeEvent, nip17, nip44, nip77, verifyEvent } from 'nostr-tools'
import { hexToBytes } from 'nostr-tools/utils'

import { RECORDS, login, openRecord, ownKey, query, tags } from '../../docs/guide/read-record.mjs'

const ready = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const holders = role => ready.persons.filter(person => person.role === role && person.secret)
const now = () => Math.floor(Date.now() / 1000)

/** Waits for one event of a live subscription. */
function live(relay, filter) {
  let subscription
  const open = new Promise(opened => {
    subscription = { opened }
  })
  const event = new Promise((resolve, reject) => {
    const sub = relay.subscribe([filter], {
      onevent: found => {
        resolve(found)
        sub.close()
      },
      oneose: () => subscription.opened(),
      onclose: reason => reject(new Error(reason)),
      eoseTimeout: 60_000,
    })
  })
  return { open, event }
}

/** A patient whose records lie in at least three epochs, logged in. */
async function longPatient() {
  for (const patient of holders('patient')) {
    const relay = await login(ready.relay, hexToBytes(patient.secret))
    const events = await query(relay, { kinds: RECORDS, '#p': [patient.pubkey] })
    const epochKeys = new Set(events.map(event => tags(event, 'p')[0][1]))
    const epochs = ready.epochs.filter(({ desk, chart }) => epochKeys.has(desk) || epochKeys.has(chart))
    if (epochs.length >= 3) return { patient, relay, events, epochs }
    relay.close()
  }
  throw new Error('the demo has no patient with own key and records in three epochs')
}

test("a patient's key and the first p tag alone open records of three epochs", async () => {
  const { patient, relay, events, epochs } = await longPatient()
  const opened = new Map()
  for (const event of events.filter(found => tags(found, 'patient-content').length > 0)) {
    const { resource } = openRecord(event, ownKey(event, hexToBytes(patient.secret)), ready.practice)
    if (resource) opened.set(tags(event, 'p')[0][1], resource.resourceType)
  }
  for (const { n, desk, chart } of epochs) {
    assert.ok(opened.has(desk) || opened.has(chart), `no record of epoch ${n} opens`)
  }
  relay.close()
})

test('login is asked for, and given once the challenge is answered', async () => {
  const [guardian] = holders('guardian')
  const { Relay } = await import('nostr-tools/relay')
  const stranger = await Relay.connect(ready.relay)
  // The timer of a closed subscription runs on and keeps the program alive: a short one.
  await assert.rejects(query(stranger, { kinds: [2113] }, 1_000), /^Error: auth-required:/)
  stranger.close()
  const relay = await login(ready.relay, hexToBytes(guardian.secret))
  const events = await query(relay, { kinds: [2113], '#p': [guardian.children[0]] })
  assert.ok(events.length > 0)
  relay.close()
})

test('an own list is published, comes back, and counts as one', async () => {
  const [guardian] = holders('guardian')
  const secret = hexToBytes(guardian.secret)
  const relay = await login(ready.relay, secret)
  const list = finalizeEvent(
    { kind: 10050, created_at: now(), tags: [['relay', ready.relay]], content: '' },
    secret,
  )
  await relay.publish(list)
  const filter = { kinds: [10050], authors: [guardian.pubkey] }
  assert.deepEqual((await query(relay, filter)).map(({ id }) => id), [list.id])
  assert.equal(await relay.count([filter], {}), 1)
  relay.close()
})

test('counts agree with what is read, and are 0 outside the scope', async () => {
  const [guardian] = holders('guardian')
  const relay = await login(ready.relay, hexToBytes(guardian.secret))
  const own = { kinds: [2113], '#p': [guardian.children[0]] }
  assert.equal(await relay.count([own], {}), (await query(relay, own)).length)
  assert.equal(await relay.count([{ kinds: [2123] }], {}), 0)
  relay.close()
})

test('negentropy finds exactly the events of the scope that are missing here', async () => {
  const [guardian] = holders('guardian')
  const relay = await login(ready.relay, hexToBytes(guardian.secret))
  const filter = { kinds: [2113, 2116], '#p': [guardian.children[0]] }
  const events = await query(relay, filter)
  assert.ok(events.length > 4)
  // Half of them are here already, and one that the relay does not have.
  const storage = new nip77.NegentropyStorageVector()
  const here = events.filter((_, n) => n % 2 === 0)
  for (const { created_at, id } of here) storage.insert(created_at, id)
  const mine = 'ab'.repeat(32)
  storage.insert(now() - 60, mine)
  storage.seal()
  const [have, need] = [[], []]
  await new Promise((resolve, reject) => {
    const sync = new nip77.NegentropySync(relay, storage, filter, {
      onhave: id => have.push(id),
      onneed: id => need.push(id),
      onclose: reason => (reason ? reject(new Error(reason)) : resolve()),
    })
    sync.start()
  })
  const missing = events.filter((_, n) => n % 2 === 1).map(({ id }) => id)
  assert.deepEqual(need.sort(), missing.sort())
  assert.deepEqual(have, [mine])
  relay.close()
})

test('a new client is complete by negentropy alone', async () => {
  const [guardian] = holders('guardian')
  const relay = await login(ready.relay, hexToBytes(guardian.secret))
  const storage = new nip77.NegentropyStorageVector()
  storage.seal()
  const need = []
  await new Promise((resolve, reject) => {
    const sync = new nip77.NegentropySync(relay, storage, { kinds: RECORDS }, {
      onhave: id => reject(new Error(`${id} was never here`)),
      onneed: id => need.push(id),
      onclose: reason => (reason ? reject(new Error(reason)) : resolve()),
    })
    sync.start()
  })
  const fetched = await query(relay, { ids: need })
  const all = await query(relay, { kinds: RECORDS })
  assert.ok(all.length > 20)
  assert.deepEqual(fetched.map(({ id }) => id).sort(), all.map(({ id }) => id).sort())
  assert.equal(await relay.count([{ kinds: RECORDS }], {}), all.length)
  relay.close()
})

test('a NIP-17 message reaches a member and its answer comes back', async () => {
  const [guardian] = holders('guardian')
  const [nurse] = holders('nurse')
  const [ours, theirs] = [hexToBytes(guardian.secret), hexToBytes(nurse.secret)]
  const [family, staff] = [await login(ready.relay, ours), await login(ready.relay, theirs)]

  const atNurse = live(staff, { kinds: [1059], '#p': [nurse.pubkey], limit: 0 })
  await atNurse.open
  await family.publish(nip17.wrapEvent(ours, { publicKey: nurse.pubkey }, 'is the form ready?'))
  const question = nip17.unwrapEvent(await atNurse.event, theirs)
  assert.equal(question.content, 'is the form ready?')
  assert.equal(question.pubkey, guardian.pubkey)

  const atFamily = live(family, { kinds: [1059], '#p': [guardian.pubkey], limit: 0 })
  await atFamily.open
  await staff.publish(nip17.wrapEvent(theirs, { publicKey: guardian.pubkey }, 'it is'))
  const answer = nip17.unwrapEvent(await atFamily.event, ours)
  assert.equal(answer.content, 'it is')
  assert.equal(answer.pubkey, nurse.pubkey)
  family.close()
  staff.close()
})

test('a message that we wrapped opens in nostr-tools for its receiver alone', () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/wrap.json', import.meta.url), 'utf8'))
  const receiver = hexToBytes(vectors.secrets.receiver)
  // nostr-tools knows no ephemeral wraps.
  const kept = vectors.cases.filter(({ event }) => event.kind === 1059)
  assert.ok(kept.length > 1)
  for (const { name, event, sender, rumor } of kept) {
    assert.ok(verifyEvent(event), name)
    const { id, kind, pubkey, tags, content, created_at } = nip17.unwrapEvent(event, receiver)
    assert.deepEqual({ id, kind, pubkey, tags, content, created_at }, { ...rumor, pubkey: sender }, name)
    assert.throws(() => nip17.unwrapEvent(event, hexToBytes(vectors.secrets.sender)), name)
    const spoiled = `${event.content.slice(0, 100)}${event.content[100] === 'A' ? 'B' : 'A'}${event.content.slice(101)}`
    assert.throws(() => nip17.unwrapEvent({ ...event, content: spoiled }, receiver), name)
  }
})

test('a wrap to a key that nobody here has is refused with its reason', async () => {
  const [guardian] = holders('guardian')
  const secret = hexToBytes(guardian.secret)
  const relay = await login(ready.relay, secret)
  const stranger = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
  const wrap = nip17.wrapEvent(secret, { publicKey: stranger }, 'hello')
  await assert.rejects(relay.publish(wrap), /restricted:/)
  relay.close()
})

test('a record by a guardian in the one-copy form is opened by the staff of its epoch only', async () => {
  const [guardian] = holders('guardian')
  const secret = hexToBytes(guardian.secret)
  const relay = await login(ready.relay, secret)
  const sent = await query(relay, { kinds: [2117], authors: [guardian.pubkey] })
  for (const event of sent) {
    const key = nip44.v2.utils.getConversationKey(secret, tags(event, 'p')[0][1])
    assert.equal(JSON.parse(nip44.v2.decrypt(event.content, key)).resourceType, 'Communication')
  }
  assert.ok(sent.length > 0, 'the demo holds no message by this guardian')
  relay.close()
})
