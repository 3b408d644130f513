import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { constants, createGunzip } from 'node:zlib'
import { createParser } from 'eventsource-parser'

/** @param {import('node:http').Server} server */
function portOf(server) {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return address.port
}

/** What a client has received. */
class Received {
  /** @type {import('eventsource-parser').EventSourceMessage[]} */
  events = []
  /** @type {string[]} */
  comments = []
  isEnded = false
  /** @type {import('node:http').IncomingHttpHeaders} */
  headers = {}
  status = 0
  /** Disconnects. @type {() => void} */
  abort = () => {}
  #parser = createParser({
    onEvent: (event) => this.events.push(event),
    onComment: (comment) => this.comments.push(comment),
  })

  /** The data of the events that the application sent. */
  get data() {
    return this.events.filter(({ event }) => !event?.startsWith('sse-')).map(({ data }) => plain(data))
  }

  get lastEventId() {
    return this.events.reduce((last, { id }) => id ?? last, '')
  }

  /** @param {import('node:stream').Readable} body */
  read(body) {
    body.setEncoding('utf8')
    body.on('data', (text) => this.#parser.feed(text))
    for (const event of ['end', 'close', 'error']) {
      body.on(event, () => {
        this.isEnded = true
      })
    }
  }
}

/** Returns data as it was before the library turned it into JSON. @param {string} data */
export function plain(data) {
  if (!/^".*"$/.test(data)) return data
  return String(JSON.parse(data))
}

/**
 * Opens a stream; does not wait for the response headers.
 *
 * @param {import('node:http').Server} server
 * @param {Record<string, string>} [headers]
 * @param {string} [method]
 */
export function open(server, headers = {}, method = 'GET') {
  const received = new Received()
  // Keeps the connection after the end of a response, as browsers do.
  const agent = new Agent({ keepAlive: true })
  const outgoing = request({
    port: portOf(server),
    host: '127.0.0.1',
    agent,
    method,
    headers: { accept: 'text/event-stream', ...headers },
  })
  outgoing.on('error', () => {
    received.isEnded = true
  })
  outgoing.on('response', (response) => {
    received.status = response.statusCode ?? 0
    received.headers = response.headers
    const isCompressed = response.headers['content-encoding'] === 'gzip'
    // Decompresses data as it arrives, without waiting for the end.
    received.read(isCompressed ? response.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })) : response)
  })
  outgoing.end()
  received.abort = () => {
    outgoing.destroy()
    agent.destroy()
  }
  return received
}

/** Requests the stream and never reads. @param {import('node:http').Server} server */
export async function openPaused(server) {
  const socket = connect(portOf(server), '127.0.0.1')
  await once(socket, 'connect')
  socket.on('error', () => {})
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
  return socket
}
