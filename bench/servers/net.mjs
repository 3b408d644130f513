// The least that a server in Node can do: every event is a buffer that is written to every socket. The code writes the
// response headers itself.
import { createServer } from 'node:net'
import { frame, HEAD, options, PREAMBLE, serve } from './stand.mjs'

const head = Object.entries(HEAD).map(([name, value]) => `${name}: ${value}\r\n`)
const start = `HTTP/1.1 200 OK\r\n${head.join('')}Connection: close\r\n\r\n${PREAMBLE}`
const sockets = new Set()

const server = createServer({ noDelay: true }, (socket) => {
  socket.once('data', () => {
    socket.write(start)
    sockets.add(socket)
  })
  socket.resume()
  socket.on('error', () => {})
  socket.on('close', () => sockets.delete(socket))
})

/** @param {Buffer} buffer */
function writeAll(buffer) {
  for (const socket of sockets) socket.write(buffer)
}

if (options.heartbeatMs > 0) setInterval(writeAll, options.heartbeatMs, Buffer.from(': heartbeat\n\n'))

await serve(server, { publishJoined: (data, count) => writeAll(frame(data, count)) })
