import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'

/** One connection to one worker. */
export class Connection {
  readonly worker: number
  readonly #address: string
  readonly #agent: http.Agent

  private constructor(address: string, agent: http.Agent, worker: number) {
    this.#address = address
    this.#agent = agent
    this.worker = worker
  }

  /** Connects until a worker answers for which `isMeant` is true. */
  static async open(address: string, isMeant: (worker: number) => boolean): Promise<Connection> {
    for (;;) {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      const connection = new Connection(address, agent, await askWho(address, agent))
      if (isMeant(connection.worker)) return connection
      connection.close()
    }
  }

  /** Makes the worker broadcast a text. */
  async publish(news: string): Promise<void> {
    const [response] = await once(this.#request('POST', `/news/${news}`), 'response')
    await text(response)
    if (Number(response.headers['x-worker']) !== this.worker) throw new Error('another worker has answered')
  }

  /** The beginning of the worker's stream for a client with this last event id, up to the event that ends with `upTo`. */
  async resume(lastEventId: string, upTo: string): Promise<string> {
    const [response] = await once(this.#request('GET', '/events', { 'Last-Event-ID': lastEventId }), 'response')
    let stream = ''
    for await (const chunk of response.setEncoding('utf8')) {
      stream += chunk
      if (stream.includes(`${upTo}\n\n`)) break
    }
    return stream
  }

  close(): void {
    this.#agent.destroy()
  }

  #request(method: string, path: string, headers: http.OutgoingHttpHeaders = {}): http.ClientRequest {
    return http.request(`${this.#address}${path}`, { agent: this.#agent, method, headers }).end()
  }
}

/** The worker that answers the first request of a connection. */
async function askWho(address: string, agent: http.Agent): Promise<number> {
  const [response] = await once(http.get(address, { agent }), 'response')
  await text(response)
  return Number(response.headers['x-worker'])
}
