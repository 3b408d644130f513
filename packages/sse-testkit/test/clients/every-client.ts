import { afterAll, afterEach, beforeAll, describe } from '@jest/globals'
import { chromiumClient } from './chromium.js'
import { type Client, npmEventSource, undiciEventSource } from './event-sources.js'
import { Scene } from './scene.js'
import type { ClientStream } from './stream.js'

/** What a test of one make of client has at hand. All that is opened ends with the test. */
export interface ClientTools {
  /** A server behind a proxy. */
  openScene(...args: Parameters<typeof Scene.open>): Promise<Scene>
  /** An EventSource of this make. */
  openStream(url: string): Promise<ClientStream>
}

/** Every make of EventSource that the suite is tried with, by name, so that tests have names before clients are started. */
const makes: Readonly<Record<string, () => Client | Promise<Client>>> = {
  'npm eventsource': npmEventSource,
  'undici EventSource': undiciEventSource,
  Chromium: chromiumClient,
}

/** Describes the same tests for every make of EventSource, which is started once for all of them. */
export function describeEveryClient(tests: (tools: ClientTools) => void): void {
  describe.each(Object.entries(makes))('%s', (_name, start) => {
    let client: Client
    const scenes: Scene[] = []
    beforeAll(async () => {
      client = await start()
    })
    afterAll(() => client.close())
    afterEach(async () => {
      await client.leave()
      for (const scene of scenes.splice(0)) await scene.end()
    })
    tests({
      async openScene(...args) {
        const scene = await Scene.open(...args)
        scenes.push(scene)
        return scene
      },
      openStream: (url) => client.open(url),
    })
  })
}
