import { type Browser, chromium, type Page } from 'playwright-core'
import { findProgram } from '../../../../scripts/programs.mjs'
import { type Client, TYPES } from './event-sources.js'
import { ClientStream, type Happening } from './stream.js'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that no server has served counts as a public one, which may not reach this machine from another origin.
  '--disable-features=LocalNetworkAccessChecks',
]

/** A real Chromium, without a window. */
export async function startChromium(): Promise<Browser> {
  const executablePath = findProgram('chromium')
  if (executablePath === undefined) throw new Error('no Chromium or Chrome was found; set CHROMIUM to its executable')
  return chromium.launch({ executablePath, args: FLAGS })
}

/** A page that opens streams and reports their events. */
export class StreamPage {
  readonly #page: Page
  readonly #streams: ClientStream[] = []

  private constructor(page: Page) {
    this.#page = page
  }

  static async open(browser: Browser): Promise<StreamPage> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    // Every origin has this page, which no server needs to serve.
    await context.route('**/blank-page', (route) => {
      return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' })
    })
    const streamPage = new StreamPage(await context.newPage())
    await streamPage.#page.exposeFunction('tell', (index: number, happening: Happening, isClosed: boolean) => {
      streamPage.#streams[index]?.happened(happening, isClosed)
    })
    return streamPage
  }

  /** Goes to an origin, which ends the open streams. */
  async visit(origin: string): Promise<void> {
    if (new URL(this.#page.url()).origin !== origin) await this.#page.goto(`${origin}/blank-page`)
  }

  /** Goes to about:blank, which ends the open streams. */
  async leave(): Promise<void> {
    await this.#page.goto('about:blank')
  }

  /** Opens an EventSource from the origin that is visited. */
  async stream(url: string, init: EventSourceInit = {}): Promise<ClientStream> {
    const name = `source${this.#streams.length}`
    const stream = new ClientStream(() => this.#page.evaluate((name) => Reflect.get(window, name)?.close(), name))
    const index = this.#streams.push(stream) - 1
    await this.#page.evaluate(
      ({ url, init, types, index, name }) => {
        const source = new EventSource(url, init)
        Reflect.set(window, name, source)
        const tell = (happening: unknown) => {
          Reflect.get(window, 'tell')(index, happening, source.readyState === source.CLOSED)
        }
        source.addEventListener('open', () => tell('open'))
        source.addEventListener('error', () => tell('error'))
        for (const type of types) {
          source.addEventListener(type, (event) => {
            const { data, lastEventId } = event as MessageEvent<string>
            tell({ type, data, lastEventId })
          })
        }
      },
      { url, init, types: ['message', ...TYPES], index, name },
    )
    return stream
  }
}

/** Chromium as a client among others, which opens each stream from the stream's own origin. */
export async function chromiumClient(): Promise<Client> {
  const browser = await startChromium()
  const page = await StreamPage.open(browser)
  return {
    name: 'Chromium',
    async open(url) {
      await page.visit(new URL(url).origin)
      return page.stream(url)
    },
    leave: () => page.leave(),
    close: () => browser.close(),
  }
}
