export { type BackplaneSuite, backplaneContract, type NodesFactory } from './backplane-contract/index.js'
export { type AdapterSuite, adapterContract } from './contract/adapter-contract.js'
export type { Test } from './contract/scenario.js'
export type {
  AdapterTraits,
  InjectedChannel,
  Route,
  RouteContext,
  RunningServer,
  StartOptions,
  StartServer,
} from './contract/subject.js'
export { Http2Client, type Http2Request } from './faults/http2-client.js'
export { RawClient } from './faults/raw-client.js'
export type { RawRequest } from './faults/raw-request.js'
export type { RawResponse } from './faults/raw-response.js'
export { StoppedClient } from './faults/stopped-client.js'
export type { ProxiedConnection, TcpTarget } from './faults/tcp-connection.js'
export { type ConnectionPredicate, TcpProxy } from './faults/tcp-proxy.js'
export { type FaultRequest, faults } from './faults.js'
export {
  type EventPredicate,
  EventReader,
  type ReadOptions,
  readEvents,
  type StreamEnd,
} from './reader.js'
export type { InjectedResponse, ReaderSource } from './reader-source.js'
export { isCheckpoint, parseEvents, type ReceivedEvent, type StreamParts } from './received.js'
export { type ParseOptions, type ParseUntil, type SuperagentParser, sseParser } from './supertest.js'
