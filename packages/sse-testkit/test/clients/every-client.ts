import { chromiumClient } from './chromium.js'
import { type Client, npmEventSource, undiciEventSource } from './event-sources.js'

/** Every make of EventSource that the suite is tried with, by name, so that tests have names before clients are started. */
export const everyClient: Readonly<Record<string, () => Client | Promise<Client>>> = {
  'npm eventsource': npmEventSource,
  'undici EventSource': undiciEventSource,
  Chromium: chromiumClient,
}
