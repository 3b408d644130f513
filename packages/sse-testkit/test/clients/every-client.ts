import { afterAll, afterEach, beforeAll, describe } from '@jest/globals'
import { chromiumClient } from './chromium.js'
import { type Client, npmEventSource, undiciEventSource } from './event-sources.js'
import { Scene } from './scene.js'
import type { ClientStream } from './stream.js'

/** The tools of a test for one kind of client. Everything that it opens ends with the test. */
export interface ClientTools {
  /** A server behind a proxy. */
  openScene(...args: Parameters<typeof Scene.open>): Promise<Scene>
  /** An EventSource of this kind. */
  openStream(url: string): Promise<ClientStream>
}

/** Every implementation of EventSource that the suite runs with, by name: test names are needed before clients start. */
const makes: Readonly<Record<string, () => Client | Promise<Client>>> = {
  'npm eventsource': npmEventSource,
  'undici EventSource': undiciEventSource,
  Chromium: chromiumClient,
}

/** Declares the same tests for every implementation of EventSource, which is started once for all of them. */
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
