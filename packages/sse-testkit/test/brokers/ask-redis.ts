import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { certificate } from '../subjects/certificate.js'

/**
 * The answer to one command, for tests that need no client: text and numbers as text, null for null.
 *
 * @throws {Error} what the server says to a command that it refuses
 * @see https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export async function askRedis(url: string, command: readonly string[]): Promise<string | null> {
  const { protocol, hostname, port, password } = new URL(url)
  const address = { host: hostname, port: Number(port) }
  const socket = protocol === 'rediss:' ? connectTls({ ...address, ca: certificate.cert }) : connect(address)
  try {
    const commands = password === '' ? [command] : [['AUTH', decodeURIComponent(password)], command]
    socket.write(commands.map(encoded).join(''))
    let received = ''
    socket.setEncoding('latin1').on('data', (text) => {
      received += text
    })
    const closed = once(socket, 'close').then(() => Promise.reject(new Error(`closed after ${received}`)))
    // It may reject when nothing waits for it any more.
    closed.catch(() => {})
    for (let index = 0; index < commands.length; ) {
      const reply = firstReply(received)
      if (reply === undefined) await Promise.race([once(socket, 'data'), closed])
      else if (++index === commands.length) return reply.value
      else received = received.slice(reply.length)
    }
    return null
  } finally {
    socket.destroy()
  }
}

function encoded(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
  return `*${command.length}\r\n${parts.join('')}`
}

/** Parses any reply except an array. */
function firstReply(text: string): { readonly value: string | null; readonly length: number } | undefined {
  const end = text.indexOf('\r\n')
  if (end === -1) return undefined
  const line = text.slice(1, end)
  if (text[0] === '-') throw new Error(line)
  if (text[0] !== '$') return { value: line, length: end + 2 }
  const size = Number(line)
  if (size === -1) return { value: null, length: end + 2 }
  const length = end + 2 + size + 2
  if (text.length < length) return undefined
  return { value: Buffer.from(text.slice(end + 2, end + 2 + size), 'latin1').toString(), length }
}
