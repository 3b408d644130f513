import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { certificate } from '../subjects/certificate.js'

/**
 * The reply to one request, for tests that need no client.
 *
 * @throws {Error} what the server says when it refuses
 * @see https://docs.nats.io/reference/reference-protocols/nats-protocol
 */
export async function askNats(port: number, subject: string, payload: string, token?: string): Promise<string> {
  const plain = connect({ port, host: '127.0.0.1' })
  try {
    const [, greeting = ''] = await received(plain, /^INFO (.*)\r\n/)
    // A connection begins in plain text, even if it then switches to TLS.
    const hasTls = JSON.parse(greeting).tls_required === true
    const socket = hasTls ? connectTls({ socket: plain, host: '127.0.0.1', ca: certificate.cert }) : plain
    socket.write(`CONNECT ${JSON.stringify({ verbose: false, auth_token: token })}\r\n`)
    socket.write(`SUB reply 1\r\nPUB ${subject} reply ${Buffer.byteLength(payload)}\r\n${payload}\r\n`)
    const [, refusal, reply = ''] = await received(socket, /-ERR '(.*)'\r\n|MSG reply 1 +\d+\r\n(.*)\r\n/)
    if (refusal !== undefined) throw new Error(refusal)
    return reply
  } finally {
    plain.destroy()
  }
}

/** Resolves to the match, once the text received matches. */
async function received(socket: Socket, pattern: RegExp): Promise<RegExpExecArray> {
  let text = ''
  for (;;) {
    const [bytes] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
    if (!(bytes instanceof Buffer)) throw new Error(`the connection was closed after ${text}`)
    text += bytes.toString()
    const match = pattern.exec(text)
    if (match !== null) return match
  }
}
