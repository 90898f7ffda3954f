// A real browser (Debian's Chromium, headless) shows a page of another origin, which reads and opens a
// child's record from the box with the parent's key. `make heavy` runs it:
//
//   node browser.mjs PATH-OF-relaybox
//
// The page reports to the server it came from, so no remote control of the browser is needed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from 'node:tls'

const PATIENCE = 120_000
const folder = mkdtempSync(join(tmpdir(), 'relaybox-browser-'))
const bundle = readFileSync(new URL('node_modules/nostr-tools/lib/nostr.bundle.js', import.meta.url))

/** The page: it has the ready line, and nothing else of the box. */
function page(ready) {
  return `<!doctype html><script src="/nostr.bundle.js"></script><script type="module">
    const ready = ${JSON.stringify(ready).replaceAll('<', '\\u003c')}
    const report = said => fetch('/report', { method: 'POST', body: JSON.stringify(said) })
    const { Relay, finalizeEvent, nip44, utils } = NostrTools
    const tag = (event, name) => event.tags.filter(found => found[0] === name).map(found => found[1])
    const ask = (relay, filter) => new Promise((resolve, reject) => {
      const events = []
      const asked = relay.subscribe([filter], {
        onevent: event => events.push(event),
        oneose: () => { resolve(events); asked.close() },
        onclose: reason => reject(new Error(reason)),
        eoseTimeout: ${PATIENCE},
      })
    })
    try {
      const box = new URL(ready.relay)
      const information = await fetch('https://' + box.host, { headers: { accept: 'application/nostr+json' } })
      const { limitation } = await information.json()
      const parent = ready.persons.find(person => person.role === 'guardian' && person.children.length > 0)
      const secret = utils.hexToBytes(parent.secret)
      const relay = new Relay(ready.relay)
      const challenged = new Promise(resolve => {
        relay.onauth = async template => { resolve(); return finalizeEvent(template, secret) }
      })
      await relay.connect()
      await challenged
      await relay.auth(relay.onauth)
      const keys = new Map()
      for (const grant of await ask(relay, { kinds: [2100], '#p': [parent.pubkey] })) {
        const sealing = nip44.v2.utils.getConversationKey(secret, tag(grant, 'ek')[0])
        const sealed = JSON.parse(nip44.v2.decrypt(grant.content, sealing))
        grant.tags.filter(found => found[0] === 'row').forEach(([, epoch, child], n) => {
          keys.set(epoch + child, utils.hexToBytes(sealed[n]))
        })
      }
      const own = await ask(relay, { kinds: [2113], '#p': [parent.children[0]] })
      const types = own.map(event => {
        const [epoch, child] = tag(event, 'p')
        return JSON.parse(nip44.v2.decrypt(tag(event, 'patient-content')[0], keys.get(epoch + child))).resourceType
      })
      const others = ready.persons.filter(person => person.role === 'patient').map(person => person.pubkey)
      const foreign = others.filter(key => !parent.children.includes(key))
      const theirs = await ask(relay, { kinds: [2110, 2113, 2116], '#p': foreign })
      await report({ origin: location.origin, box: box.host, auth: limitation.auth_required, types, theirs: theirs.length })
    } catch (error) {
      await report({ error: String(error), stack: error?.stack })
    }
  </script>`
}

/** Base64 of SHA-256 of the box's public key, as Chromium wants it; Node checks the chain. */
async function fingerprint(ready) {
  const { hostname, port } = new URL(ready.relay)
  const socket = connect({ host: hostname, port, servername: hostname, ca: readFileSync(ready.ca) })
  await once(socket, 'secureConnect')
  const certificate = new X509Certificate(socket.getPeerCertificate().raw)
  socket.destroy()
  return createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('base64')
}

async function main() {
  const box = spawn(process.argv[2], ['dev', '--demo', '--json', '--listen', '127.0.0.1:0', '--data', join(folder, 'box')],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  let browser
  try {
    const [line] = await once(createInterface({ input: box.stdout }), 'line')
    const ready = JSON.parse(line)
    let reported
    const report = new Promise((resolve, reject) => {
      reported = resolve
      setTimeout(() => reject(new Error('the page did not report')), PATIENCE).unref()
    })
    const site = createServer((request, response) => {
      if (request.url === '/nostr.bundle.js') return response.end(bundle)
      if (request.url !== '/report') return response.setHeader('content-type', 'text/html; charset=utf-8').end(page(ready))
      request.setEncoding('utf8')
      let text = ''
      request.on('data', part => { text += part })
      request.on('end', () => { response.end(); reported(JSON.parse(text)) })
    })
    await once(site.listen(0, '127.0.0.1'), 'listening')
    browser = spawn('chromium', ['--headless', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage',
      ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
      `--ignore-certificate-errors-spki-list=${await fingerprint(ready)}`,
      `--user-data-dir=${join(folder, 'browser')}`, '--remote-debugging-port=0',
      `http://127.0.0.1:${site.address().port}/`], { stdio: 'ignore' })
    const failed = once(browser, 'error').then(([error]) => { throw error })
    const said = await Promise.race([report, failed])
    assert.equal(said.error, undefined, said.stack)
    assert.notEqual(said.origin, `https://${said.box}`)
    assert.equal(said.auth, true)
    assert.ok(said.types.length > 5 && said.types.every(type => type === 'Observation'), said.types.join())
    assert.equal(said.theirs, 0)
    console.log(`a page of ${said.origin} opened ${said.types.length} records of wss://${said.box} and got none of another child`)
    site.close()
    site.closeAllConnections()
  } finally {
    browser?.kill()
    box.kill()
    await Promise.all([box, browser].filter(Boolean).map(child => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

await main()
