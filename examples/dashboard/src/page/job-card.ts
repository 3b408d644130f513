import type { Progress } from '../job.js'
import { Cells } from './cells.js'
import { find } from './find.js'
import { remember, remembered } from './place.js'
import { reasonOf, request } from './request.js'
import { Sequence } from './sequence.js'
import type { Stream } from './stream.js'
import { StreamStatus } from './stream-status.js'

/** Starts a job through the Fastify server and watches it, across reloads of the page. */
export class JobCard {
  readonly #fastify: string
  readonly #card = find(document, '#job', HTMLElement)
  readonly #status = new StreamStatus(this.#card, 'the job')
  readonly #bar = find(this.#card, 'progress', HTMLProgressElement)
  // Screen readers announce this. They must not announce the progress, which changes ten times a second.
  readonly #outcome = find(this.#card, '.outcome', HTMLElement)
  readonly #text = find(this.#card, '.progress-text', HTMLElement)
  readonly #check = find(this.#card, '.check', HTMLElement)
  readonly #start = find(this.#card, 'button.primary', HTMLButtonElement)

  constructor(fastify: string) {
    this.#fastify = fastify
    this.#start.addEventListener('click', () => {
      this.#run().catch((error) => this.#over(reasonOf(error), true))
    })
    const id = remembered('job')
    if (id !== undefined) this.#watch(id)
  }

  /** A failure that is still shown is over. */
  serverAnswers(): void {
    if (this.#outcome.classList.contains('failure')) this.#over('')
  }

  async #run(): Promise<void> {
    this.#start.disabled = true
    const response = await request(`${this.#fastify}/jobs`, { method: 'POST' })
    const { id }: { id: string } = await response.json()
    remember('job', id)
    this.#watch(id)
  }

  #watch(id: string): void {
    this.#start.disabled = true
    const stream = this.#status.open(`${this.#fastify}/jobs/${encodeURIComponent(id)}`)
    this.#showProgress(id, stream)
    stream
      .on<Progress>('done', ({ total }) => {
        this.#over(`Job ${id} has done all ${total} records`)
        // The server ends the stream, and the EventSource would reconnect.
        stream.close()
      })
      .on<{ reason: string }>('failed', ({ reason }) => {
        this.#over(`Job ${id} failed: ${reason}`)
        stream.close()
      })
      .whenGone(() => this.#over(`The server knows no job ${id} (any more)`))
  }

  #showProgress(id: string, stream: Stream): void {
    const steps = new Sequence()
    const place = find(this.#card, '.records', HTMLElement)
    let cells: Cells | undefined
    const show = ({ done, total }: Progress): Cells => {
      cells ??= cellsAfter(done, place, total)
      this.#bar.value = done / total
      return cells
    }
    place.replaceChildren()
    this.#bar.value = 0
    this.#check.textContent = ''
    this.#outcome.textContent = ''
    this.#outcome.classList.remove('failure')
    this.#text.textContent = `Job ${id} is starting`
    stream.on<Progress>('done', show).on<Progress>('progress', (progress, isLate) => {
      const { done, total } = progress
      const shown = show(progress)
      if (steps.take(done)) shown.mark(done, isLate ? 'late' : 'live')
      shown.show(total)
      this.#text.textContent = `Job ${id}: ${done} of ${total} records`
      this.#check.textContent = `${steps.received} steps came to this page, ${steps.missing} missing, ${steps.twice} twice`
    })
  }

  #over(outcome: string, isFailure = false): void {
    this.#outcome.textContent = outcome
    this.#outcome.classList.toggle('failure', isFailure)
    this.#text.textContent = ''
    this.#start.disabled = false
  }
}

/** The cells of a job that had processed some of its records before this page was loaded. */
function cellsAfter(done: number, place: HTMLElement, total: number): Cells {
  const cells = new Cells(place, total)
  for (let n = 1; n <= done; n++) cells.mark(n, 'before')
  cells.show(total)
  return cells
}
