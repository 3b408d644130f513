import uPlot from 'uplot'
import type { Sample } from '../channels.js'
import { clocksBetween } from './clock.js'
import { find } from './find.js'

const WINDOW_S = 60
/** Samples that are further apart have an outage between them. */
const OUTAGE_S = 2

interface Figure {
  readonly id: string
  readonly color: string
  readonly value: (sample: Sample) => number
  readonly text: (value: number) => string
  /** The scale never ends below this, so that noise does not look like a change. */
  readonly atLeast: number
}

const FIGURES: readonly Figure[] = [
  { id: 'cpu', color: '--cpu', value: (s) => s.cpuPercent, text: (v) => `${v.toFixed(1)} %`, atLeast: 10 },
  { id: 'memory', color: '--memory', value: (s) => s.memoryMb, text: (v) => `${v.toFixed(0)} MB`, atLeast: 100 },
  { id: 'rate', color: '--rate', value: (s) => s.eventsPerSecond, text: (v) => `${v.toFixed(0)} / s`, atLeast: 10 },
]

/** The server's CPU, memory and event rate over the last minute. */
export class Charts {
  readonly #charts = FIGURES.map((figure) => new Chart(figure))
  #last = 0

  /** Takes a sample once, however many streams deliver it. */
  add(sample: Sample): void {
    if (sample.at <= this.#last) return
    this.#last = sample.at
    for (const chart of this.#charts) chart.add(sample)
  }
}

class Chart {
  readonly #figure: Figure
  readonly #value: HTMLElement
  readonly #plot: uPlot
  #times: number[] = []
  // null where the line breaks off.
  #values: (number | null)[] = []
  #isDrawing = false

  constructor(figure: Figure) {
    const tile = find(document, `#${figure.id}`, HTMLElement)
    const place = find(tile, '.chart', HTMLElement)
    this.#figure = figure
    this.#value = find(tile, '.value', HTMLElement)
    this.#plot = new uPlot({ ...optionsOf(figure, place), hooks: { setCursor: [() => this.#show()] } }, [[], []], place)
    new ResizeObserver(() => this.#plot.setSize(sizeOf(place))).observe(place)
  }

  add(sample: Sample): void {
    const time = sample.at / 1000
    const before = this.#times.at(-1) ?? time
    if (time - before > OUTAGE_S) this.#push(before + OUTAGE_S, null)
    this.#push(time, this.#figure.value(sample))
    const first = this.#times.findIndex((shown) => shown >= time - WINDOW_S)
    this.#times = this.#times.slice(first)
    this.#values = this.#values.slice(first)
    this.#show()
    this.#draw()
  }

  #push(time: number, value: number | null): void {
    this.#times.push(time)
    this.#values.push(value)
  }

  /** The value under the cursor, else the newest. */
  #show(): void {
    const value = this.#values[this.#plot.cursor.idx ?? this.#values.length - 1]
    if (typeof value === 'number') this.#value.textContent = this.#figure.text(value)
  }

  /** Once per animation frame, since a minute of samples may arrive at once. */
  #draw(): void {
    if (this.#isDrawing) return
    this.#isDrawing = true
    requestAnimationFrame(() => {
      this.#isDrawing = false
      this.#plot.setData([this.#times, this.#values])
    })
  }
}

function optionsOf({ color, text, atLeast }: Figure, place: HTMLElement): uPlot.Options {
  // Read at each drawing: a canvas does not follow the style sheet by itself.
  const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name)
  const axis: uPlot.Axis = { stroke: () => css('--muted'), font: '11px system-ui, sans-serif', ticks: { show: false } }
  return {
    ...sizeOf(place),
    legend: { show: false },
    // One cursor over all charts.
    cursor: { sync: { key: 'metrics' }, y: false, drag: { x: false, y: false } },
    padding: [8, 2, 0, 0],
    scales: {
      x: { range: (_plot, _min, max) => [(max || WINDOW_S) - WINDOW_S, max || WINDOW_S] },
      y: { range: (_plot, _min, max) => [0, Math.max(atLeast, (max ?? 0) * 1.2)] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        grid: { show: false },
        values: ({ scales }, times) => clocksBetween(scales.x?.min ?? 0, scales.x?.max ?? 0, times),
        space: 90,
      },
      {
        ...axis,
        size: 52,
        grid: { stroke: () => css('--line'), width: 1 },
        space: 32,
        values: (_plot, v) => v.map((n) => text(n).replace('.0', '')),
      },
    ],
    series: [
      {},
      {
        stroke: () => css(color),
        fill: () => `${css(color)}22`,
        width: 1.5,
        points: { show: false },
      },
    ],
  }
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: place.clientWidth, height: place.clientHeight }
}
