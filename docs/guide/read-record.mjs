// Reads a child's record with a parent's key, with nothing but nostr-tools.
//
//   node read-record.mjs READY.json [NAME]
//
// READY.json is the line that `relaybox dev --json --plain-relay ADDR` prints. NAME is the guardian to
// be (the first one by default). Every step follows docs/ref/protocol.md.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { finalizeEvent, nip44, verifyEvent } from 'nostr-tools'
import { Relay } from 'nostr-tools/relay'
import { hexToBytes } from 'nostr-tools/utils'

/** Connects and answers the relay's challenge with one key (NIP-42). */
export async function login(url, secret) {
  const relay = new Relay(url)
  // nostr-tools takes 4.4 seconds without an answer to a login or an event for a refusal.
  relay.publishTimeout = 60_000
  const challenged = new Promise(resolve => {
    relay.onauth = async template => {
      resolve()
      return finalizeEvent(template, secret)
    }
  })
  await relay.connect()
  await challenged
  await relay.auth(relay.onauth)
  return relay
}

/**
 * All stored events of a filter; an error with the relay's words when it closes the subscription.
 * nostr-tools makes up an end of stored events after `patience` milliseconds: never take that for one.
 */
export function query(relay, filter, patience = 60_000) {
  return new Promise((resolve, reject) => {
    const events = []
    const subscription = relay.subscribe([filter], {
      onevent: event => events.push(event),
      oneose: () => {
        resolve(events)
        subscription.close()
      },
      onclose: reason => reject(new Error(reason)),
      eoseTimeout: patience,
    })
  })
}

/** The values of all tags of this name. */
export const tags = (event, name) => event.tags.filter(tag => tag[0] === name)

/**
 * The conversation keys that grants (2100) give to a guardian: "E T" to X2 (protocol 1 and 2.7).
 * A grant is sealed with a one-time key that stands in its `ek` tag.
 */
export function openGrants(grants, secret) {
  const keys = new Map()
  for (const grant of grants) {
    const sealing = nip44.v2.utils.getConversationKey(secret, tags(grant, 'ek')[0][1])
    const secrets = JSON.parse(nip44.v2.decrypt(grant.content, sealing))
    tags(grant, 'row').forEach(([, epochKey, subject], n) => {
      keys.set(`${epochKey} ${subject}`, hexToBytes(secrets[n]))
    })
  }
  return keys
}

/** The patient's own way needs no grant: own secret and the record's first `p` tag (protocol 1). */
export const ownKey = (event, secret) =>
  nip44.v2.utils.getConversationKey(secret, tags(event, 'p')[0][1])

/** The body of a record, or why it is none (the parts of protocol 2.1 that need no receipt). */
export function openRecord(event, key, practice) {
  if (!verifyEvent(event)) return { reason: 'sig' }
  const copy = tags(event, 'patient-content')[0]?.[1]
  if (copy === undefined || key === undefined) return { reason: 'sealed' }
  let body
  try {
    body = nip44.v2.decrypt(copy, key)
  } catch {
    return { reason: 'body' }
  }
  const commitment = createHash('sha256').update('relaybox/pc/1\0').update(body).digest('hex')
  if (commitment !== tags(event, 'pc')[0]?.[1]) return { reason: 'commitment' }
  const resource = JSON.parse(body)
  const bound = resource.meta.extension.find(({ url }) => url === 'urn:relaybox:binding:1')
  const [signer, subject, kind, epochKey, boundPractice] = bound.valueString.split(' ')
  const [first, second] = tags(event, 'p').map(tag => tag[1])
  const fits =
    signer === event.pubkey &&
    subject === second &&
    Number(kind) === event.kind &&
    epochKey === first &&
    boundPractice === practice
  return fits ? { resource } : { reason: 'binding' }
}

/** One line about a FHIR resource. */
export function line({ resourceType, ...resource }) {
  const concept = resource.code ?? resource.vaccineCode ?? resource.medicationCodeableConcept ?? resource.type
  const first = Array.isArray(concept) ? concept[0] : concept
  const name = resource.name?.[0]
  const text =
    first?.text ??
    first?.coding?.[0]?.display ??
    name?.text ??
    (name ? [...(name.given ?? []), name.family].join(' ') : undefined) ??
    resource.payload?.[0]?.contentString ??
    ''
  const quantity = resource.valueQuantity
  const value = quantity ? ` ${quantity.value} ${quantity.unit ?? quantity.code}` : ''
  const date =
    resource.effectiveDateTime ??
    resource.occurrenceDateTime ??
    resource.recordedDate ??
    resource.authoredOn ??
    resource.period?.start ??
    resource.sent ??
    resource.birthDate ??
    ''
  return `${date.slice(0, 10).padEnd(10)}  ${resourceType.padEnd(19)}  ${text}${value}`
}

/** Kinds of the shared record (protocol 2.2). */
export const RECORDS = [2110, 2111, 2112, 2113, 2114, 2115, 2116, 2117, 2118, 2119, 2120, 2121, 2124, 2126]

async function main() {
  const ready = JSON.parse(readFileSync(process.argv[2], 'utf8'))
  const wanted = process.argv[3]
  const guardian = ready.persons.find(
    ({ role, secret, name }) => role === 'guardian' && secret && (!wanted || name === wanted),
  )
  if (!guardian) throw new Error('no such guardian')
  const secret = hexToBytes(guardian.secret)
  const relay = await login(ready.relay_plain, secret)

  const keys = openGrants(await query(relay, { kinds: [2100], '#p': [guardian.pubkey] }), secret)
  const epochs = new Map(ready.epochs.flatMap(epoch => [[epoch.desk, epoch.n], [epoch.chart, epoch.n]]))
  for (const child of guardian.children) {
    const events = await query(relay, { kinds: RECORDS, '#p': [child] })
    console.log(`${guardian.name} reads ${events.length} records of ${child.slice(0, 8)}`)
    const lines = []
    for (const event of events) {
      const epochKey = tags(event, 'p')[0][1]
      const { resource, reason } = openRecord(event, keys.get(`${epochKey} ${child}`), ready.practice)
      lines.push(resource ? `  epoch ${epochs.get(epochKey)}  ${line(resource)}` : `  not shown: ${reason}`)
    }
    console.log(lines.sort().join('\n'))
  }

  // What must stay closed: another family's child, and whatever is confidential.
  const other = ready.persons
    .filter(({ role }) => role === 'guardian')
    .flatMap(({ children }) => children)
    .find(child => !guardian.children.includes(child))
  const foreign = await query(relay, { kinds: RECORDS, '#p': [other] })
  const confidential = await query(relay, { kinds: [2123] })
  console.log(`records of another child: ${foreign.length}`)
  console.log(`confidential records: ${confidential.length}`)
  relay.close()
}

if (process.argv[1] === import.meta.filename) await main()
