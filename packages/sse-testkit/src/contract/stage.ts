import { type ManagerOptions, SseManager } from '@ssekit/sse-core'
import { RawClient } from '../faults/raw-client.js'
import type { RawRequest } from '../faults/raw-request.js'
import type { EventReader } from '../reader.js'
import { Client, type ClientRequestOptions } from './client.js'
import { eventually } from './eventually.js'
import { ServedRequest } from './served-request.js'
import type { AdapterTraits, Route, RunningServer, StartOptions, StartServer } from './subject.js'

/** One server of a scenario, and its clients. */
export class Served {
  readonly url: string
  /** The requests that reached a route, in the order of arrival. */
  readonly requests: readonly ServedRequest[]
  readonly manager: SseManager
  readonly #server: RunningServer
  readonly #client: Client
  readonly #rude: { destroy(): void }[] = []

  constructor(server: RunningServer, manager: SseManager, client: Client, requests: readonly ServedRequest[]) {
    this.url = server.url
    this.manager = manager
    this.requests = requests
    this.#server = server
    this.#client = client
  }

  /** What reached the framework's channel for errors. */
  get reported(): readonly unknown[] {
    return this.#server.reported
  }

  /** Resolves with a reader of the response once its headers have arrived. */
  open(path = '/', options?: ClientRequestOptions): Promise<EventReader> {
    return this.#client.open(path, options)
  }

  /** Reconnects with a last event id. */
  resume(lastEventId: string, path = '/'): Promise<EventReader> {
    return this.open(path, { headers: { 'last-event-id': lastEventId } })
  }

  /** Sends a request, and returns a function that disconnects without waiting for the response. */
  start(path = '/', options?: ClientRequestOptions): () => void {
    return this.#client.start(path, options)
  }

  /** An HTTP/1 client with its own connection, which has sent these requests one after another. */
  async raw(...requests: readonly RawRequest[]): Promise<RawClient> {
    const client = await this.ending(RawClient.connect(this.url))
    return requests.length > 0 ? client.send(...requests) : client
  }

  /** Takes a client, such as one of the faults, and destroys it at the end of the scenario. */
  async ending<T extends { destroy(): void }>(client: Promise<T>): Promise<T> {
    this.#rude.push(await client)
    return client
  }

  /** Resolves with the request at this index, once it has reached its route. */
  async request(index = 0): Promise<ServedRequest> {
    await eventually(() => this.requests.length > index, `request ${index}`)
    return this.requests[index] as ServedRequest
  }

  /** Stops the server as its users do. */
  close(): Promise<void> {
    return this.#server.close()
  }

  async destroy(): Promise<void> {
    this.#client.destroy()
    for (const client of this.#rude) client.destroy()
    await this.#server.destroy()
  }
}

/** Where one scenario runs. Everything made here ends with it. */
export class Stage {
  readonly traits: AdapterTraits
  /** What the managers created here reported to `onError`. */
  readonly errors: unknown[] = []
  readonly #start: StartServer
  readonly #servers: Served[] = []
  readonly #managers: SseManager[] = []

  constructor(start: StartServer, traits: AdapterTraits) {
    this.#start = start
    this.traits = traits
  }

  manager(options: ManagerOptions = {}): SseManager {
    const manager = new SseManager({ onError: (error) => this.errors.push(error), ...options })
    this.#managers.push(manager)
    return manager
  }

  /** Starts a server with one route at `/`, or with routes by path. */
  async serve(
    routes: Route | Readonly<Record<string, Route>>,
    { manager = this.manager(), injectChannel }: Partial<StartOptions> = {},
  ): Promise<Served> {
    const requests: ServedRequest[] = []
    const watched: Record<string, Route> = {}
    for (const [path, route] of Object.entries(typeof routes === 'function' ? { '/': routes } : routes)) {
      watched[path] = (context) => {
        const request = new ServedRequest(context, this.traits)
        requests.push(request)
        return route({ ...context, sse: (source, options) => request.watch(context.sse(source, options)) })
      }
    }
    const server = await this.#start(watched, { manager, injectChannel })
    const served = new Served(server, manager, new Client(server.url, this.traits.httpVersion), requests)
    this.#servers.push(served)
    return served
  }

  async end(): Promise<void> {
    await Promise.all(this.#servers.map((served) => served.destroy()))
    await Promise.all(this.#managers.map((manager) => manager.close({ graceMs: 0 })))
  }
}
