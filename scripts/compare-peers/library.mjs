/**
 * How the probes use a library: as its own README shows.
 *
 * @typedef {'http' | 'compression'} Transport
 *
 * @typedef {object} Outgoing
 * @property {string} data
 * @property {string} [event]
 * @property {string} [id]
 *
 * @typedef {object} ChannelOptions what the library has an option for; it ignores the rest
 * @property {Transport} [transport]
 * @property {number} [historyEvents]
 * @property {number} [writeTimeoutMs]
 * @property {number} [maxConnections]
 *
 * @typedef {object} Stand a running server
 * @property {import('node:http').Server} server
 * @property {(event: Outgoing, channel?: number) => unknown} broadcast
 * @property {() => number} readers how many clients the library considers connected
 * @property {(text: string) => unknown} [comment] sends a comment
 * @property {(text: string) => unknown} [string] sends a bare string, if the library sends strings differently from
 *   events
 * @property {() => Promise<unknown>} [shutDown] what the library, or its framework, offers to end all streams
 *
 * @typedef {object} Library
 * @property {(options: ChannelOptions) => Promise<Stand>} channel one broadcast to all readers of `/`
 * @property {() => Promise<Stand>} [channels] two channels on one stream
 * @property {(source: AsyncIterable<string>) => Promise<Stand>} [iterable] streams what the source yields to its reader
 * @property {(request: Request) => Promise<Response>} [fetch] answers with the event `hello`
 * @property {Readonly<Record<string, string>>} claims hand-written cells, by row
 * @property {Readonly<Record<string, string>>} notes footnotes by row; `row=cell` for a note on that outcome only
 *
 * @typedef {(load: (id: string) => Promise<any>) => Promise<Library>} Maker `load` imports a package from the folder in
 *   which the peers are installed
 */
export {}
