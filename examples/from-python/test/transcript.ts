import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect } from '@jest/globals'
import { type RespondOptions, respond, type SseChannel, type SseManager, type SseSource } from '@ssekit/sse-core'
import { fillBlocks, readBlocks } from '../../../scripts/docs-blocks.mjs'
import { listen } from '../src/listen.js'
import { Wire } from './wire.js'

const file = fileURLToPath(new URL('../../../docs/protocol.md', import.meta.url))
const onPage = readBlocks(readFileSync(file, 'utf8'), 'transcript')
const made = new Map<string, string>()
const isWriting = process.env.SSEKIT_WRITE_TRANSCRIPTS !== undefined
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

afterAll(() => {
  if (!isWriting) return
  const page = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    fillBlocks(page, 'transcript', (name) => made.get(name) ?? ''),
  )
})

/** Expects that the page shows exactly this transcript. `node scripts/docs.mjs` writes it there. */
export function expectOnPage(name: string, transcript: string): void {
  const steady = transcript.replaceAll('\r\n', '\n').replace(/\n+$/, '')
  made.set(name, steady)
  if (!isWriting) expect(onPage.get(name)).toBe(steady)
}

/** The names of the transcripts on the page that no test has made. */
export function unmade(): string[] {
  return [...onPage.keys()].filter((name) => !made.has(name))
}

/** Serves a source to every request. */
export async function serve(
  manager: SseManager,
  source: SseSource | ((req: IncomingMessage) => SseSource),
  options: RespondOptions = {},
): Promise<string> {
  const server = createServer((req, res) => {
    void respond(req, res, source as SseSource, { manager, ...options })
  })
  const { url, close } = await listen(server)
  closing.push(close)
  return url
}

/** Sends a request over a new connection, which is closed when the test is over. */
export async function ask(url: string, ...request: readonly string[]): Promise<Wire> {
  const wire = (await Wire.open(url)).ask(...request)
  closing.push(() => wire.leave())
  return wire
}

/** A transcript without the parts that HTTP adds: headers and the sizes of chunks. */
export function bare({ request, text }: Wire): string {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [status] = head.split('\r\n')
  const body = rest.join('\r\n\r\n')
  const plain = head.includes('chunked') ? joinChunks(body) : body
  return `${request.filter((line) => !line.startsWith('Host:')).join('\n')}\n\n${status}\n\n${plain}`
}

/** A complete transcript. */
export function whole({ request, text }: Wire): string {
  return `${request.join('\n')}\n\n${text.replace(/Date: .* GMT/, 'Date: Thu, 01 Jan 2026 12:00:00 GMT')}`
}

/** Replaces the random epochs, so that the page does not change with each run. */
export function named(text: string, ...channels: readonly Pick<SseChannel, 'lastEventId'>[]): string {
  const epochs = ['kq3VZr8sXw1B', 'Zt0cWm5uYp7D']
  return channels.reduce((result, { lastEventId = '?' }, index) => {
    return result.replaceAll(lastEventId.replace(/\.\d+$/, ''), epochs[index] ?? '?')
  }, text)
}

function joinChunks(body: string): string {
  let rest = Buffer.from(body)
  let joined = ''
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.toString('latin1', 0, end), 16)
    joined += rest.toString('utf8', end + 2, end + 2 + size)
    rest = rest.subarray(end + 4 + size)
  }
  return joined
}
